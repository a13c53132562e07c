//! What the pages do in a browser.

mod failures;
mod hostile;
mod keys;
mod later;
mod live;
mod logins;
mod pages;
mod queues;
mod workers;
