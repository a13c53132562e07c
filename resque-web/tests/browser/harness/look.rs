//! The circumstances in which every page is looked at.

use serde_json::json;

use super::Tab;

/// One circumstance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Light,
    Dark,
    Phone,
    /// The scripts of the page do not run.
    Plain,
}

/// All of them.
pub(crate) const LOOKS: [Look; 4] = [Look::Light, Look::Dark, Look::Phone, Look::Plain];

impl Look {
    /// Its name in that of a screenshot.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Phone => "phone",
            Self::Plain => "plain",
        }
    }

    /// Brings it about.
    pub(crate) fn put_on(self, tab: &Tab) {
        let scheme = if self == Self::Dark { "dark" } else { "light" };
        let scheme = json!({"name": "prefers-color-scheme", "value": scheme});
        // So that nothing is caught half faded.
        let calm = json!({"name": "prefers-reduced-motion", "value": "reduce"});
        let features = json!({"features": [scheme, calm]});
        tab.devtools("Emulation.setEmulatedMedia", &features);
        let (width, height, phone) = match self {
            Self::Phone => (390, 844, true),
            _ => (1280, 800, false),
        };
        let screen =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone});
        tab.devtools("Emulation.setDeviceMetricsOverride", &screen);
        let plain = json!({"value": self == Self::Plain});
        tab.devtools("Emulation.setScriptExecutionDisabled", &plain);
    }
}
