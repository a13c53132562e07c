//! The pages that tell of the suite tell of the cases that there are.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use resque_conformance::{Case, Guarantee};

fn page(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(name)).expect("a page of this house")
}

/// The cells of each line of a table.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let lines = text.lines().filter_map(|line| line.strip_prefix('|'));
    lines
        .map(|line| line.split('|').map(str::trim).collect())
        .collect()
}

fn cases(guarantee: Guarantee) -> impl Iterator<Item = &'static Case> {
    Case::all().filter(move |case| case.guarantee() == guarantee)
}

#[test]
fn the_table_in_the_readme_counts_every_case() {
    let readme = page("README.md");
    let (_, rest) = readme.split_once("<!-- guarantees:").expect("its mark");
    let (table, _) = rest.split_once("<!-- end of guarantees").expect("its end");
    let rows = rows(table);
    for guarantee in Guarantee::ALL {
        let row = rows.iter().find(|row| row[0] == guarantee.number());
        let row = row.unwrap_or_else(|| panic!("no row for {guarantee}"));
        let stale = format!("{guarantee}: the table is old; run `cargo xtask guarantees`");
        assert!(row[1].ends_with(guarantee.promise()), "{stale}");
        let count = cases(*guarantee).count();
        assert_eq!(row[2], count.to_string(), "{stale}");
        for cell in row[3..].iter().filter(|cell| !cell.is_empty()) {
            let numbers = cell
                .split(' ')
                .filter_map(|word| word.parse::<usize>().ok());
            assert_eq!(numbers.sum::<usize>(), count, "{stale}");
        }
    }
}

#[test]
fn the_page_of_guarantees_names_every_group() {
    let text = page("docs/guarantees.md");
    for row in rows(&text) {
        let Some(guarantee) = Guarantee::ALL
            .iter()
            .find(|guarantee| row[0] == guarantee.to_string())
        else {
            continue;
        };
        let told: BTreeSet<_> = row[2].split('`').skip(1).step_by(2).collect();
        let groups: BTreeSet<_> = cases(*guarantee).map(|case| case.name().group()).collect();
        assert_eq!(told, groups, "{guarantee}");
    }
    for guarantee in Guarantee::ALL {
        let head = match guarantee {
            Guarantee::Rules => "rules_",
            _ => guarantee.number(),
        };
        assert!(
            text.contains(head),
            "docs/guarantees.md is silent about {guarantee}"
        );
    }
}
