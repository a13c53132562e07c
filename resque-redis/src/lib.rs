//! resque-redis
