//! resque-memory
