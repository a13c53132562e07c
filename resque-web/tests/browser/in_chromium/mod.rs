//! What the pages do in a browser.

mod hostile;
mod keys;
mod live;
mod logins;
mod pages;
mod queues;
mod workers;
