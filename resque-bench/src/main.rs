//! resque-bench

fn main() {}
