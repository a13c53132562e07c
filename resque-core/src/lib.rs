//! resque-core
