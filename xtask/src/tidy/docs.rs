//! A document that nothing links is one that nobody reads.

use super::Finding;
use super::tree::{SourceFile, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let documents = tree.files.iter().filter(|file| is_document(&file.path));
    let lonely =
        documents.filter(|document| !tree.files.iter().any(|file| links(file, &document.path)));
    let message = "link it from README.md, or include it into rustdoc";
    lonely
        .map(|document| Finding::new(&document.path, message))
        .collect()
}

fn is_document(path: &str) -> bool {
    path.strip_prefix("docs/")
        .is_some_and(|name| name.ends_with(".md") && !name.contains('/'))
}

fn links(file: &SourceFile, document: &str) -> bool {
    (file.path == "README.md" || file.path.ends_with(".rs")) && file.text.contains(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_without_a_link_is_found() {
        let tree = Tree::of(&[
            ("README.md", "See [guarantees](docs/guarantees.md)."),
            (
                "resque/src/lib.rs",
                "#![doc = include_str!(\"../../docs/operating.md\")]",
            ),
            ("docs/guarantees.md", ""),
            ("docs/operating.md", ""),
            ("docs/lonely.md", "about docs/lonely.md"),
        ]);
        let places: Vec<_> = check(&tree)
            .into_iter()
            .map(|finding| finding.place)
            .collect();
        assert_eq!(places, ["docs/lonely.md"]);
    }
}
