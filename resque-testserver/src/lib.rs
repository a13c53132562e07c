//! Real servers for the project's own tests.
