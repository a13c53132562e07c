//! resque-cli

fn main() {}
