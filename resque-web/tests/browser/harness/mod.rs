//! A browser, and dashboards to look at.

mod audit;
mod cdp;
mod fill;
mod look;
mod pool;
mod site;
mod tab;

pub(crate) use self::fill::{HOST_WORKER, fill, minutes_ago};
pub(crate) use self::look::{LOOKS, Look};
pub(crate) use self::pool::{browse, wait};
pub(crate) use self::site::{STORES, Site, Store, serve};
pub(crate) use self::tab::Tab;
