//! `resque dev` as a program with pipes.

mod memory;
mod program;
mod redis;
