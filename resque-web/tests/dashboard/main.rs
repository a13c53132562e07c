//! The dashboard as a browser or a program sees it, on the memory backend.

mod actions;
mod guard;
mod hostile;
mod jobs;
mod live;
mod openapi;
mod pages;
mod probes;
mod support;
