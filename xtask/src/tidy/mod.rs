//! `cargo xtask tidy`: the rules of the house that no compiler knows.
//!
//! A rule is a small function from the project to findings. To add one, write its file and name it in
//! [`RULES`].

mod allow;
mod changelog;
mod conformance;
mod dependencies;
mod docs;
mod examples;
mod features;
mod fences;
mod length;
mod manifests;
mod sleep;
mod tree;
mod unfinished;

use crate::Result;
use crate::workspace::Workspace;

use tree::Tree;

/// What the rules look at.
#[derive(Debug)]
struct Project {
    workspace: Workspace,
    tree: Tree,
}

/// One place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    place: String,
    message: String,
}

/// What a rule is called, and how it is checked.
type Rule = (&'static str, fn(&Project) -> Result<Vec<Finding>>);

const RULES: &[Rule] = &[
    ("crates depend on each other in one direction", |project| {
        Ok(dependencies::check(&project.workspace))
    }),
    ("default builds stay small", features::check),
    ("manifests inherit from the workspace", |project| {
        Ok(manifests::check(project))
    }),
    ("every example is a member of the workspace", |project| {
        Ok(examples::check(project))
    }),
    ("files are short", |project| {
        Ok(length::check(&project.tree))
    }),
    ("nothing is left unfinished", |project| {
        Ok(unfinished::check(&project.tree))
    }),
    ("examples in docs are compiled", |project| {
        Ok(fences::check(&project.tree))
    }),
    (
        "lints are expected with a reason, never allowed",
        |project| Ok(allow::check(&project.tree)),
    ),
    ("nobody sleeps but the clock", |project| {
        Ok(sleep::check(&project.tree))
    }),
    ("the conformance suite names no backend", |project| {
        Ok(conformance::check(&project.tree))
    }),
    ("every document is linked", |project| {
        Ok(docs::check(&project.tree))
    }),
    ("the changelog is open for changes", |project| {
        Ok(changelog::check(&project.tree))
    }),
];

/// Checks every rule and prints what breaks it.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::read()?;
    let tree = Tree::read(&workspace.root)?;
    let project = Project { workspace, tree };
    let mut broken = 0;
    for (name, check) in RULES {
        let findings = check(&project)?;
        if !findings.is_empty() {
            broken += 1;
            eprintln!("tidy: {name}:");
        }
        for Finding { place, message } in findings {
            eprintln!("  {place}: {message}");
        }
    }
    if broken > 0 {
        return Err(format!("tidy: {broken} of {} rules are broken", RULES.len()).into());
    }
    eprintln!("tidy: {} rules hold", RULES.len());
    Ok(())
}

impl Finding {
    fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
        }
    }
}
