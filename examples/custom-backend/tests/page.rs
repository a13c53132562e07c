//! What the page quotes is what the example says.

use std::fs;
use std::path::Path;

#[test]
fn every_piece_of_code_on_the_page_stands_in_the_example() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(here.join("../../docs/writing-a-backend.md")).unwrap();
    let sources: Vec<String> = ["src", "tests"]
        .iter()
        .flat_map(|folder| fs::read_dir(here.join(folder)).unwrap())
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    let pieces: Vec<&str> = page.split("```rust\n").skip(1).collect();
    assert!(pieces.len() > 4, "the page quotes the example");
    for piece in pieces {
        let (piece, _) = piece.split_once("```").unwrap();
        assert!(
            sources.iter().any(|source| source.contains(piece)),
            "not in the example:\n{piece}"
        );
    }
}
