//! Looking for jobs, wherever they are: a bounded number at a time, going on by a cursor.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use resque_core::{Cursor, FailureFilter, QueueName};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::failures::stale;
use super::{JobView, Moment};
use crate::fault::Fault;
use crate::state::App;

mod scan;

use self::scan::Scan;

/// How many jobs are found at most for one page.
const LIMIT: usize = 50;
/// How many jobs are read for one page.
const BUDGET: usize = 5_000;

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Place {
    /// A worker holds it.
    Working,
    /// It waits in a queue.
    Queued,
    /// It waits for its time.
    Delayed,
    /// It has failed.
    Failed,
}

impl Place {
    /// All places, in the order in which they are looked through.
    pub(crate) const ALL: [Self; 4] = [Self::Working, Self::Queued, Self::Delayed, Self::Failed];

    /// As addresses say it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Queued => "queued",
            Self::Delayed => "delayed",
            Self::Failed => "failed",
        }
    }

    fn after(self) -> Option<Self> {
        Self::ALL.into_iter().find(|place| *place > self)
    }
}

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// A part of the payload (class and arguments), in upper or lower case. Failed jobs are found
    /// by their message, kind of error and worker too.
    pub(crate) text: String,
    /// Only here: `working`, `queued`, `delayed` or `failed`.
    pub(crate) place: String,
    /// Only jobs of this queue.
    pub(crate) queue: String,
    /// `next` of the page before.
    pub(crate) after: String,
}

/// Jobs that were found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Search {
    /// When it was read.
    pub(crate) now: Moment,
    /// The jobs, at most 50.
    pub(crate) found: Vec<Found>,
    /// How many jobs were read; about 5000 at most.
    pub(crate) read: u64,
    /// Where to go on, if not everything has been read. There may be more even if nothing was
    /// found.
    pub(crate) next: Option<String>,
}

/// A job that was found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Found {
    /// Where it is.
    pub(crate) place: Place,
    /// The queue it waits in, will go to, or came from.
    pub(crate) queue: String,
    /// How many jobs waited before it in its queue.
    pub(crate) at: Option<u32>,
    /// The worker that holds it.
    pub(crate) worker: Option<String>,
    /// The name of the delayed job or the record.
    pub(crate) id: Option<String>,
    /// Since when it is worked, when it is due, or when it failed.
    pub(crate) time: Option<Moment>,
    /// The job.
    pub(crate) job: JobView,
}

/// Where a search goes on. Signs nothing: whoever makes one up only looks elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Position {
    Working,
    /// In the queue of this name, or the next one there is, behind so many jobs.
    Queued(String, u32),
    Delayed(Option<Cursor>),
    Failed(Option<Cursor>),
}

impl Position {
    fn start_of(place: Place) -> Self {
        match place {
            Place::Working => Self::Working,
            Place::Queued => Self::Queued(String::new(), 0),
            Place::Delayed => Self::Delayed(None),
            Place::Failed => Self::Failed(None),
        }
    }

    fn place(&self) -> Place {
        match self {
            Self::Working => Place::Working,
            Self::Queued(..) => Place::Queued,
            Self::Delayed(_) => Place::Delayed,
            Self::Failed(_) => Place::Failed,
        }
    }

    fn write(&self) -> String {
        let text = match self {
            Self::Working => "w".to_owned(),
            Self::Queued(queue, behind) => format!("q{behind}:{queue}"),
            Self::Delayed(cursor) => format!("d{}", cursor.as_ref().map_or("", Cursor::as_str)),
            Self::Failed(cursor) => format!("f{}", cursor.as_ref().map_or("", Cursor::as_str)),
        };
        URL_SAFE_NO_PAD.encode(text)
    }

    fn read(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (kind, rest) = text.split_at_checked(1)?;
        let cursor = || (!rest.is_empty()).then(|| Cursor::new(rest));
        Some(match kind {
            "w" => Self::Working,
            "q" => {
                let (behind, queue) = rest.split_once(':')?;
                Self::Queued(queue.to_owned(), behind.parse().ok()?)
            }
            "d" => Self::Delayed(cursor()),
            "f" => Self::Failed(cursor()),
            _ => return None,
        })
    }
}

impl SearchQuery {
    /// Whether anything is looked for.
    pub(crate) fn is_asked(&self) -> bool {
        !self.text.trim().is_empty() || !self.queue.is_empty()
    }

    fn place(&self) -> Result<Option<Place>, Fault> {
        if self.place.is_empty() {
            return Ok(None);
        }
        let place = Place::ALL.into_iter().find(|one| one.name() == self.place);
        place.map(Some).ok_or_else(|| {
            Fault::misused(format!(
                "place is {:?}; it can be working, queued, delayed or failed.",
                self.place
            ))
        })
    }

    fn queue(&self) -> Result<Option<QueueName>, Fault> {
        match self.queue.as_str() {
            "" => Ok(None),
            name => Ok(Some(QueueName::new(name)?)),
        }
    }

    fn start(&self, only: Option<Place>) -> Result<Position, Fault> {
        if self.after.is_empty() {
            return Ok(Position::start_of(only.unwrap_or(Place::Working)));
        }
        let position = Position::read(&self.after);
        position.ok_or_else(|| Fault::misused("There is no such page; begin at the first one."))
    }
}

impl Search {
    pub(crate) async fn ask(app: &App, query: &SearchQuery) -> Result<Self, Fault> {
        let (only, queue) = (query.place()?, query.queue()?);
        let mut position = Some(query.start(only)?);
        let mut scan = Scan::new(app, query.text.trim(), queue);
        if !query.is_asked() {
            position = None;
        }
        while let Some(here) = position.take() {
            let place = here.place();
            let rest = match here {
                Position::Working => scan.working().await?,
                Position::Queued(name, behind) => scan.queued(&name, behind).await?,
                Position::Delayed(cursor) => {
                    let known = cursor.is_some();
                    let rest = scan.delayed(cursor).await;
                    rest.map_err(|error| stale(error, known))?
                }
                Position::Failed(cursor) => {
                    let known = cursor.is_some();
                    let rest = scan.failed(cursor).await;
                    rest.map_err(|error| stale(error, known))?
                }
            };
            position = rest.or_else(|| match only {
                Some(_) => None,
                None => place.after().map(Position::start_of),
            });
            if scan.is_full() {
                break;
            }
        }
        Ok(Self {
            now: app.now(),
            read: scan.read as u64,
            found: scan.found,
            next: position.map(|position| position.write()),
        })
    }
}

/// The records that are wanted.
fn filter(text: &str, queue: Option<&QueueName>) -> FailureFilter {
    let mut filter = FailureFilter::default();
    filter.text = (!text.is_empty()).then(|| text.to_owned());
    filter.queue = queue.map(|queue| queue.as_str().to_owned());
    filter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_comes_back_and_nonsense_is_none() {
        for position in [
            Position::Working,
            Position::Queued("a:b ü".into(), 7),
            Position::Queued(String::new(), 0),
            Position::Delayed(None),
            Position::Failed(Some(Cursor::new("12:x:y"))),
        ] {
            assert_eq!(Position::read(&position.write()), Some(position));
        }
        for text in ["", "!", "eA", "cTpx"] {
            assert_eq!(Position::read(text), None, "{text}");
        }
    }

    #[test]
    fn places_follow_each_other() {
        assert_eq!(Place::Working.after(), Some(Place::Queued));
        assert_eq!(Place::Failed.after(), None);
    }
}
