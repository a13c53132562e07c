//! resque
