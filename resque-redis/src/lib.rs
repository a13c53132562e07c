//! resque-redis

pub mod connect;
pub mod driver;
