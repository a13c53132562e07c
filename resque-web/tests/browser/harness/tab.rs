//! One browser, as a person uses it: pages, clicks, keys.

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, Locator};
use resque_testserver::poll_until;
use serde_json::{Value, json};

use super::cdp::Vendor;
use super::pool::wait;

/// How long a page may take to do something by itself, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(90);

/// Where screenshots are left.
const SCREENSHOTS: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../screenshots");

/// A browser with one page.
pub(crate) struct Tab {
    client: Client,
    /// What went wrong on the pages so far, as the browser tells it.
    wrong: RefCell<Vec<String>>,
    /// Complaints that a test expects contain one of these.
    expected: RefCell<Vec<&'static str>>,
}

/// The answer, or nothing if what was asked about has left the page.
fn still<T>(answer: Result<T, CmdError>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(error) if error.to_string().contains("stale element") => None,
        Err(error) => panic!("{error}"),
    }
}

/// What the browser saw while it loaded a page.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// The status of the page itself.
    pub(crate) status: u64,
    /// All addresses that were asked for.
    pub(crate) requests: Vec<String>,
}

impl Tab {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            wrong: RefCell::default(),
            expected: RefCell::default(),
        }
    }

    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Makes the browser as it was when it started.
    pub(super) fn forget(&self) {
        wait(self.client.goto("about:blank")).unwrap();
        for (command, parameters) in [
            ("Network.clearBrowserCookies", json!({})),
            ("Emulation.clearDeviceMetricsOverride", json!({})),
            ("Emulation.setEmulatedMedia", json!({"features": []})),
            (
                "Emulation.setScriptExecutionDisabled",
                json!({"value": false}),
            ),
        ] {
            self.devtools(command, &parameters);
        }
        self.log("browser");
        self.log("performance");
    }

    /// Opens a page.
    pub(crate) fn open(&self, address: &str) -> Loaded {
        self.take_complaints();
        self.log("performance");
        wait(self.client.goto(address)).unwrap();
        let mut loaded = Loaded::default();
        for entry in self.log("performance") {
            let text = entry["message"].as_str().unwrap_or_default();
            let event: Value = serde_json::from_str(text).unwrap();
            let (method, event) = (&event["message"]["method"], &event["message"]["params"]);
            if method == "Network.requestWillBeSent" {
                let url = event["request"]["url"].as_str().unwrap_or_default();
                loaded.requests.push(url.to_owned());
            } else if method == "Network.responseReceived" && event["type"] == "Document" {
                loaded.status = event["response"]["status"].as_u64().unwrap_or_default();
            }
        }
        self.take_complaints();
        loaded
    }

    /// Runs a script in the page and gives what it returns.
    pub(crate) fn run(&self, script: &str, arguments: &[Value]) -> Value {
        wait(self.client.execute(script, arguments.to_vec())).unwrap()
    }

    /// Runs a command of the developer tools.
    pub(crate) fn devtools(&self, command: &str, parameters: &Value) -> Value {
        wait(self.client.issue_cmd(Vendor::devtools(command, parameters)))
            .unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Waits until an expression of the page is true.
    pub(crate) fn until(&self, expression: &str) {
        let script = format!("return Boolean({expression});");
        let is_true = || {
            // The page may just be going.
            let answer = wait(self.client.execute(&script, Vec::new()));
            matches!(answer, Ok(Value::Bool(true))).then_some(())
        };
        if poll_until(PATIENCE, is_true).is_none() {
            let text = self.text("body");
            panic!("never true: {expression}\n{}\n{text}", self.address());
        }
    }

    /// The first element that fits the selector.
    pub(crate) fn find(&self, selector: &str) -> Element {
        let found = wait(self.client.find(Locator::Css(selector)));
        found.unwrap_or_else(|error| panic!("{selector} on {}: {error}", self.address()))
    }

    /// How many elements fit the selector.
    pub(crate) fn count(&self, selector: &str) -> usize {
        wait(self.client.find_all(Locator::Css(selector)))
            .unwrap()
            .len()
    }

    /// Clicks the first element that fits.
    pub(crate) fn click(&self, selector: &str) {
        let clicked = (0..10).find(|_| still(wait(self.find(selector).click())).is_some());
        assert!(clicked.is_some(), "{selector} never stands still");
    }

    /// Clicks the first button or summary within `place` that says `label`.
    pub(crate) fn press(&self, place: &str, label: &str) {
        // A live update may take the button away between a look and the click, and brings it again.
        let pressed = (0..10).find(|_| self.try_press(place, label));
        assert!(pressed.is_some(), "{label:?} in {place} never stands still");
    }

    /// Whether the button was still there when it was to be clicked.
    fn try_press(&self, place: &str, label: &str) -> bool {
        let search = "return [...document.querySelectorAll(arguments[0])].flatMap((place) => \
             [...place.querySelectorAll('button, summary')])\
             .find((one) => one.checkVisibility() && one.textContent.trim() === arguments[1]);";
        let found = self.run(search, &[place.into(), label.into()]);
        let element: Result<fantoccini::elements::ElementRef, _> = found
            .as_object()
            .and_then(|found| found.values().next())
            .and_then(Value::as_str)
            .map(|id| id.to_owned().into())
            .ok_or(());
        let Ok(element) = element else {
            panic!("no {label:?} in {place}\n{}", self.text("body"));
        };
        let button = Element::from_element_id(self.client.clone(), element);
        // A form leads to another page, which takes a moment.
        let leads = "window.isBefore = true; \
             return Boolean(arguments[0].form) && arguments[0].form.method !== 'dialog';";
        let Some(leads) = still(wait(self.client.execute(leads, vec![found.clone()]))) else {
            return false;
        };
        if still(wait(button.click())).is_none() {
            return false;
        }
        if leads == true {
            self.until("!window.isBefore && document.readyState === 'complete'");
        }
        true
    }

    /// Writes into a field.
    pub(crate) fn write(&self, selector: &str, text: &str) {
        let field = self.find(selector);
        wait(field.clear()).unwrap();
        wait(field.send_keys(text)).unwrap();
    }

    /// Presses keys, wherever the focus is.
    pub(crate) fn keys(&self, keys: &str) {
        let element = wait(self.client.active_element()).unwrap();
        wait(element.send_keys(keys)).unwrap();
    }

    /// The visible text of an element.
    pub(crate) fn text(&self, selector: &str) -> String {
        let text = (0..10).find_map(|_| still(wait(self.find(selector).text())));
        text.unwrap_or_else(|| panic!("{selector} never stands still"))
    }

    /// The address of the page.
    pub(crate) fn address(&self) -> String {
        wait(self.client.current_url()).unwrap().to_string()
    }

    /// Leaves a picture of the whole page in `target/screenshots`.
    pub(crate) fn picture(&self, name: &str) {
        let metrics = self.devtools("Page.getLayoutMetrics", &json!({}));
        let size = &metrics["cssContentSize"];
        // What is longer than a few screens is the same again.
        let height = size["height"].as_f64().unwrap_or(800.0).min(3_000.0);
        let parameters = json!({
            "captureBeyondViewport": true,
            "clip": {"x": 0, "y": 0, "width": size["width"], "height": height, "scale": 1},
        });
        let picture = self.devtools("Page.captureScreenshot", &parameters);
        let bytes = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        let directory = Path::new(SCREENSHOTS);
        fs::create_dir_all(directory).unwrap();
        fs::write(directory.join(format!("{name}.png")), bytes).unwrap();
    }

    /// Says that the browser may complain about this, such as a status that is no success.
    pub(crate) fn expect(&self, complaint: &'static str) {
        self.expected.borrow_mut().push(complaint);
    }

    /// Fails when the browser has complained: a script that failed, a violated content security
    /// policy, an address that did not answer.
    pub(crate) fn has_shown_nothing_wrong(&self) {
        self.take_complaints();
        let wrong = self.wrong.take();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    fn take_complaints(&self) {
        let entries = self.log("browser");
        let complaints = entries
            .iter()
            .filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING")
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned());
        let expected = self.expected.borrow();
        let is_expected = |text: &String| expected.iter().any(|part| text.contains(part));
        let mut wrong = self.wrong.borrow_mut();
        wrong.extend(complaints.filter(|text| !is_expected(text)));
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        let log = wait(self.client.issue_cmd(Vendor::log(kind))).unwrap();
        log.as_array().cloned().unwrap_or_default()
    }
}
