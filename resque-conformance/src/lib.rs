//! resque-conformance
