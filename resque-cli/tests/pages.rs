//! The page about the command and the help of the command tell of the same things.

use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../docs/cli.md");

fn help(words: &[&str]) -> String {
    let output = resque_testserver::command(env!("CARGO_BIN_EXE_resque"))
        .args(words)
        .arg("--help")
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The names below `Commands:` in a help.
fn commands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let name = |line: &str| {
        let is_name = line.starts_with("  ") && !line.starts_with("   ");
        let name = line.split_whitespace().next().filter(|_| is_name)?;
        (name != "help").then(|| name.to_owned())
    };
    lines.filter_map(name).collect()
}

/// The long flags in a help.
fn flags(help: &str) -> BTreeSet<String> {
    let words = help.lines().map(str::trim_start);
    let words = words.filter(|line| line.starts_with('-'));
    let words = words.flat_map(|line| line.split_whitespace().take(2));
    let flags = words.filter(|word| word.starts_with("--") && word.len() > 2);
    flags
        // `--flag[=<VALUE>]` is one whose value may be left out.
        .map(|flag| flag.split('[').next().unwrap_or(flag))
        .map(|flag| flag.trim_end_matches([',', '.']).to_owned())
        .collect()
}

/// Every command, with the ones below it: `["failed", "retry"]`.
fn all() -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for command in commands(&help(&[])) {
        for inner in commands(&help(&[&command])) {
            found.push(vec![command.clone(), inner]);
        }
        found.push(vec![command]);
    }
    found
}

#[test]
fn every_command_has_a_section_and_an_example() {
    let commands = commands(&help(&[]));
    assert!(commands.len() > 15, "{commands:?}");
    let headings: Vec<&str> = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    let headings: BTreeSet<&str> = headings.iter().flat_map(|line| line.split(", ")).collect();
    for command in commands {
        assert!(
            headings.contains(command.as_str()),
            "{command} has no section"
        );
        let example = [format!("resque {command}"), format!("shop {command}")];
        assert!(
            example
                .iter()
                .any(|example| PAGE.contains(example.as_str())),
            "{command} has no example"
        );
    }
}

#[test]
fn every_word_and_every_flag_is_named() {
    for words in all() {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        assert!(
            PAGE.contains(&words.join(" ")),
            "{words:?} is not on the page"
        );
        for flag in flags(&help(&words)) {
            if !matches!(&*flag, "--help" | "--version") {
                assert!(
                    PAGE.contains(&flag),
                    "{flag} of {words:?} is not on the page"
                );
            }
        }
    }
}

#[test]
fn what_the_page_names_is_there() {
    let mut known: BTreeSet<String> = all()
        .iter()
        .flat_map(|words| flags(&help(&words.iter().map(String::as_str).collect::<Vec<_>>())))
        .collect();
    known.insert("--path".to_owned());
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let words = PAGE.split(|letter: char| !is_part(letter));
    for flag in
        words.filter(|word| word.len() > 2 && word.starts_with("--") && !word[2..].starts_with('-'))
    {
        assert!(known.contains(flag), "{flag} is on the page only");
    }
}
