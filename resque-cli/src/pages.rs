//! What the pages show is understood by the program: its commands, its flags, its metrics.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
#[cfg(target_os = "linux")]
use std::process::Command;

use clap::Parser;
use resque::worker::metrics::{ALL, Metric};
use serde_json::Value;

use crate::app::Cli;

const UNIT: &str = include_str!("../../docs/deploy/shop-jobs.service");
const PODS: &str = include_str!("../../docs/deploy/shop-jobs.yaml");
const MIGRATION: &str = include_str!("../../docs/deploy/shop-jobs-migrate.yaml");
const ALERTS: &str = include_str!("../../docs/deploy/alerts.yaml");

/// Every page of the repository, by its path.
fn pages() -> BTreeMap<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let docs = std::fs::read_dir(root.join("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().path());
    let pages = docs.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let pages = pages.chain(["README.md", "CONTRIBUTING.md"].map(|name| root.join(name)));
    pages
        .map(|path| (path.clone(), std::fs::read_to_string(&path).unwrap()))
        .collect()
}

/// The lines of a page's code blocks for a shell, those that go on on the next line as one.
fn shell_lines(page: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut within = None;
    let mut begun = String::new();
    for line in page.lines() {
        if let Some(info) = line.trim_start().strip_prefix("```") {
            within = within
                .is_none()
                .then_some(matches!(info, "sh" | "console" | "bash"));
        } else if within == Some(true) {
            begun.push_str(line.trim_end_matches('\\'));
            if !line.ends_with('\\') {
                lines.push(std::mem::take(&mut begun));
            }
        }
    }
    lines
}

/// The commands in a line, each as its words, as a shell makes them.
fn commands(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => word.get_or_insert_default().push(letter),
            (None, '\'' | '"') => {
                word.get_or_insert_default();
                quote = Some(letter);
            }
            (None, '#') if word.is_none() => break,
            (None, ' ' | '|' | ';' | '&' | '>') => {
                let words = commands.last_mut().unwrap();
                words.extend(word.take());
                if letter != ' ' && !words.is_empty() {
                    commands.push(Vec::new());
                }
            }
            (None, _) => word.get_or_insert_default().push(letter),
        }
    }
    commands.last_mut().unwrap().extend(word);
    commands
}

/// The arguments of our program in a command, if it calls that.
fn ours(words: &[String]) -> Option<&[String]> {
    let is_variable = |word: &&String| {
        let name = word.split_once('=').map(|(name, _)| name);
        name.is_some_and(|name| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
    };
    let variables = words.iter().take_while(is_variable).count();
    let words = &words[variables..];
    let program = words.first()?;
    let is_ours = ["resque", "shop", "myprogram", "fleet"].contains(&&**program);
    // Words about commands, and not commands.
    (is_ours && words.len() > 1).then_some(words)
}

#[track_caller]
fn understand(words: &[String], place: &str) {
    if let Err(error) = Cli::try_parse_from(words) {
        let answers = !error.use_stderr();
        assert!(answers, "{place}: {words:?}: {error}");
    }
}

#[test]
fn every_command_of_every_page_is_understood() {
    let mut understood = 0;
    for (path, page) in pages() {
        for line in shell_lines(&page) {
            for command in commands(&line) {
                if let Some(words) = ours(&command) {
                    understand(words, &path.display().to_string());
                    understood += 1;
                }
            }
        }
    }
    assert!(understood > 80, "only {understood} commands were found");
}

#[test]
fn a_shell_would_see_the_same_words() {
    let words = |line| {
        commands(line)
            .into_iter()
            .map(|words| words.join("_"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        words("A=1 resque work -q '*,!slow' # all"),
        ["A=1_resque_work_-q_*,!slow"]
    );
    assert_eq!(
        words(r#"cat "a b" | resque x --y"#),
        ["cat_a b", "resque_x_--y"]
    );
}

/// The settings of the unit, by name.
fn settings() -> Vec<(&'static str, &'static str)> {
    let lines = UNIT.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).collect()
}

fn setting(name: &str) -> &'static str {
    let settings = settings();
    let found = settings.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("the unit has no {name}")).1
}

#[test]
fn the_unit_starts_what_there_is_and_leaves_it_the_time_it_needs() {
    let words: Vec<String> = setting("ExecStart").split(' ').map(str::to_owned).collect();
    understand(&words, "the unit");
    let variable = |name: &str| {
        let value = settings().into_iter().find_map(|(setting, value)| {
            let value = value.strip_prefix(name)?.strip_prefix('=')?;
            (setting == "Environment").then_some(value)
        });
        value.unwrap().parse::<u64>().unwrap()
    };
    let needed = variable("RESQUE_PRE_SHUTDOWN_TIMEOUT") + variable("RESQUE_TERM_TIMEOUT");
    assert!(setting("TimeoutStopSec").parse::<u64>().unwrap() >= needed + 10);
}

#[cfg(target_os = "linux")]
#[test]
fn systemd_has_nothing_to_say_about_the_unit() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop-jobs.service");
    let program = std::env::current_exe().unwrap();
    let unit = UNIT.replace("/usr/local/bin/shop", program.to_str().unwrap());
    std::fs::write(&path, unit).unwrap();
    let output = Command::new("systemd-analyze")
        .arg("verify")
        .arg(&path)
        .output()
        .expect("systemd-analyze verifies the unit; `cargo xtask test` installs it (Debian: apt-get install systemd)");
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<_> = said
        .lines()
        .filter(|line| line.contains("shop-jobs"))
        .collect();
    assert!(output.status.success() && said.is_empty(), "{said:?}");
}

/// The documents of a file of YAML.
fn documents(text: &str) -> Vec<Value> {
    let documents = text.split("\n---\n");
    documents
        .map(|one| serde_saphyr::from_str(one).unwrap())
        .collect()
}

#[test]
fn the_pods_start_what_there_is_and_get_the_time_they_need() {
    let documents = documents(PODS);
    let kinds: Vec<_> = documents
        .iter()
        .map(|one| one["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["Deployment", "HorizontalPodAutoscaler"]);
    let migration: Value = serde_saphyr::from_str(MIGRATION).unwrap();
    assert_eq!(migration["kind"], "Job");
    for one in [&documents[0], &migration] {
        let container = &one["spec"]["template"]["spec"]["containers"][0];
        let words = [&container["command"], &container["args"]];
        let words = words.iter().flat_map(|words| words.as_array().unwrap());
        let words: Vec<_> = words
            .map(|word| word.as_str().unwrap().to_owned())
            .collect();
        understand(&words, "the pods");
    }
    let pod = &documents[0]["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let variables = container["env"].as_array().unwrap();
    let time = |name: &str| {
        let variable = variables
            .iter()
            .find(|variable| variable["name"] == name)
            .unwrap();
        variable["value"].as_str().unwrap().parse::<u64>().unwrap()
    };
    let needed = time("RESQUE_PRE_SHUTDOWN_TIMEOUT") + time("RESQUE_TERM_TIMEOUT");
    assert!(pod["terminationGracePeriodSeconds"].as_u64().unwrap() >= needed + 10);
    for (probe, path) in [
        ("startupProbe", "/livez"),
        ("livenessProbe", "/livez"),
        ("readinessProbe", "/readyz"),
    ] {
        assert_eq!(container[probe]["httpGet"]["path"], path);
    }
}

/// The word at the beginning of a text, and what is behind it.
fn word(text: &str) -> (&str, &str) {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.split_at(text.find(|letter| !is_part(letter)).unwrap_or(text.len()))
}

/// The metrics that an expression looks at, each with its selectors `label="value"`.
fn looked_at(expression: &str) -> Vec<(&'static Metric, Vec<(&str, &str)>)> {
    let mut rest = expression;
    let mut found = Vec::new();
    while let Some(at) = rest.find("resque_") {
        let (name, behind) = word(&rest[at..]);
        let metric = ALL.iter().find(|metric| metric.name == name);
        let metric = metric.unwrap_or_else(|| panic!("{name} is no metric"));
        let selectors = behind
            .strip_prefix('{')
            .and_then(|text| text.split_once('}'));
        let selectors = selectors.map_or("", |(selectors, _)| selectors).split(',');
        let selectors = selectors.filter(|selector| !selector.is_empty());
        let selectors = selectors.map(|selector| selector.split_once('=').unwrap());
        found.push((metric, selectors.collect()));
        rest = behind;
    }
    found
}

/// The labels by which an expression groups.
fn groups(expression: &str) -> Vec<&str> {
    let lists = expression.split(" by (").skip(1);
    let lists = lists.map(|behind| behind.split_once(')').unwrap().0);
    lists
        .flat_map(|list| list.split(',').map(str::trim))
        .collect()
}

/// Panics unless the labels of an expression are those of its metrics.
fn check_labels(expression: &str) {
    let metrics = looked_at(expression);
    assert!(!metrics.is_empty(), "{expression}");
    let groups = groups(expression);
    for (metric, selectors) in metrics {
        for group in &groups {
            assert!(
                metric.labels.contains(group),
                "{} has no {group}",
                metric.name
            );
        }
        for (label, value) in selectors {
            assert!(
                metric.labels.contains(&label),
                "{} has no {label}",
                metric.name
            );
            let values = value.trim_start_matches('~').trim_matches('"').split('|');
            for value in values {
                // What a label can say is told with the metric.
                let mut told = metric.help.split(|letter: char| !letter.is_alphanumeric());
                assert!(
                    told.any(|word| word == value),
                    "{} tells no {value}",
                    metric.name
                );
            }
        }
    }
}

#[test]
fn alerts_look_at_metrics_and_labels_that_there_are() {
    let alerts: Value = serde_saphyr::from_str(ALERTS).unwrap();
    let rules = alerts["groups"][0]["rules"].as_array().unwrap();
    assert!(rules.len() > 8);
    for rule in rules {
        let expression = rule["expr"].as_str().unwrap();
        check_labels(expression);
        let summary = rule["annotations"]["summary"].as_str().unwrap();
        for behind in summary.split("$labels.").skip(1) {
            // A label by which nothing is grouped is not there any more.
            let (label, _) = word(behind);
            assert!(groups(expression).contains(&label), "{summary}");
        }
    }
}

#[test]
fn an_alert_on_a_label_or_a_value_that_is_none_is_found() {
    check_labels(r#"sum by (doing) (increase(resque_troubles_total[15m])) > 0"#);
    for wrong in [
        "sum by (class) (increase(resque_troubles_total[15m])) > 0",
        r#"rate(resque_heartbeats_total{outcome="failed"}[5m])"#,
        r#"rate(resque_heartbeats_total{result="lost"}[5m])"#,
        "resque_trouble_total > 0",
        "up < 1",
    ] {
        let found = std::panic::catch_unwind(|| check_labels(wrong));
        assert!(found.is_err(), "{wrong}");
    }
}

#[test]
fn scaling_looks_at_a_metric_and_a_label_that_there_are() {
    for document in documents(PODS) {
        for metric in document["spec"]["metrics"].as_array().into_iter().flatten() {
            let metric = &metric["external"]["metric"];
            let name = metric["name"].as_str().unwrap();
            let (known, _) = looked_at(name)[0].clone();
            for (label, _) in metric["selector"]["matchLabels"].as_object().unwrap() {
                assert!(
                    known.labels.contains(&label.as_str()),
                    "{name} has no {label}"
                );
            }
        }
    }
    assert!(PODS.contains("resque_queue_jobs"));
}
