//! What the pages do in a browser.

mod pages;
