//! What the view shows, kept up by updates.

use std::collections::VecDeque;
use std::time::Duration;

use resque::worker::Phase;

use super::super::line::words;
use super::super::numbers::Numbers;
use super::super::operator::Answer;
use super::super::session::Setting;
use super::super::update::{End, Slot, Steps, Update, What};
use super::editor::Editor;

/// How many past events are kept; more than any screen shows.
const KEPT: usize = 200;

/// What the view shows.
#[derive(Debug)]
pub(super) struct Model {
    /// The store, the namespace, the queues.
    pub(super) about: Setting,
    /// The address of the web page, if there is one.
    pub(super) page: Option<String>,
    /// What the worker does as a whole.
    pub(super) phase: Phase,
    /// Why the store cannot be reached, as long as it cannot.
    pub(super) outage: Option<String>,
    /// What each slot does.
    pub(super) slots: Vec<Option<Running>>,
    /// What the store holds, as far as it has told.
    pub(super) numbers: Numbers,
    /// How many jobs ended here, failed ones too.
    pub(super) processed: u64,
    /// How many of them failed.
    pub(super) failed: u64,
    /// The last failures, the newest first.
    pub(super) failures: VecDeque<Failed>,
    /// What happened last, the newest first.
    pub(super) recent: VecDeque<Told>,
    /// What is to be said about the last line typed.
    pub(super) complaint: Option<String>,
    /// Whether what can be typed is shown.
    pub(super) help: bool,
    /// The line that is being typed.
    pub(super) editor: Editor,
}

/// A job that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) class: String,
    pub(super) args: String,
    pub(super) since: Duration,
    pub(super) steps: Option<Steps>,
    pub(super) stuck: bool,
}

/// A job that failed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) at: Duration,
    pub(super) class: String,
    pub(super) exception: String,
    pub(super) error: String,
}

/// Something that happened.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) at: Duration,
    pub(super) word: &'static str,
    pub(super) text: String,
}

impl Model {
    /// Nothing has happened yet.
    pub(super) fn new(about: Setting) -> Self {
        Self {
            slots: (0..about.slots).map(|_| None).collect(),
            about,
            page: None,
            phase: Phase::Starting,
            outage: None,
            numbers: Numbers::default(),
            processed: 0,
            failed: 0,
            failures: VecDeque::new(),
            recent: VecDeque::new(),
            complaint: None,
            help: false,
            editor: Editor::default(),
        }
    }

    /// How many slots have a job.
    pub(super) fn busy(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    /// Takes note of what happened.
    pub(super) fn apply(&mut self, update: Update) {
        self.tell(&update);
        let at = update.at;
        match update.what {
            What::Phase(phase) => self.phase = phase,
            What::Started(slot, args) => self.started(slot, args, at),
            What::Progress(slot, steps) => {
                if let Some(running) = self.running(&slot) {
                    running.steps = Some(steps);
                }
            }
            What::Stuck(slot) => {
                if let Some(running) = self.running(&slot) {
                    running.stuck = true;
                }
            }
            What::Ended(slot, end, _) => self.ended(slot, end, at),
            What::Outage(error) => self.outage = Some(error),
            What::OutageOver(_) => self.outage = None,
            What::Answer(Answer::Help) => self.help = true,
            What::Answer(Answer::Refused { line, why }) => self.refused(line, why),
            _ => {}
        }
    }

    fn started(&mut self, slot: Slot, args: String, since: Duration) {
        if let Some(place) = self.slots.get_mut(slot.number.wrapping_sub(1)) {
            *place = Some(Running {
                class: slot.class,
                args,
                since,
                steps: None,
                stuck: false,
            });
        }
    }

    fn running(&mut self, slot: &Slot) -> Option<&mut Running> {
        let place = self.slots.get_mut(slot.number.wrapping_sub(1))?;
        place.as_mut()
    }

    fn ended(&mut self, slot: Slot, end: End, at: Duration) {
        if let Some(place) = self.slots.get_mut(slot.number.wrapping_sub(1)) {
            *place = None;
        }
        match end {
            End::Done => self.processed += 1,
            End::GivenBack => {}
            End::Failed { exception, error } => {
                self.processed += 1;
                self.failed += 1;
                let class = slot.class;
                self.failures.push_front(Failed {
                    at,
                    class,
                    exception,
                    error,
                });
                self.failures.truncate(KEPT);
            }
        }
    }

    /// Nothing typed is lost: the line comes back to be put right, unless another is begun.
    fn refused(&mut self, line: String, why: String) {
        self.complaint = Some(why);
        if self.editor.text().is_empty() {
            self.editor.set(line);
        }
    }

    fn tell(&mut self, update: &Update) {
        // What the slots show anyway is not told again.
        if matches!(update.what, What::Started(..) | What::Progress(..)) {
            return;
        }
        if let Some((word, text)) = words(&update.what) {
            let at = update.at;
            self.recent.push_front(Told { at, word, text });
            self.recent.truncate(KEPT);
        }
    }
}
