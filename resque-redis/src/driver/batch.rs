//! Commands on their way to the server.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;

use super::{Argument, Script};

/// Shared arguments up to this many bytes are copied: cheaper than counting references to them.
const COPY_AT_MOST: usize = 1024;

/// The commands of one pipelined round trip.
///
/// Small arguments share one buffer, so that a thousand of them cost a few allocations; large
/// [`Bytes`] are kept by reference.
///
/// ```
/// use resque_redis::driver::{Batch, Script};
///
/// static COUNT: Script = Script::new("return redis.call('INCRBY', KEYS[1], ARGV[1])");
///
/// let mut batch = Batch::new();
/// batch.command("SADD").arg("resque:queues").arg("mail");
/// batch.script(&COUNT, 1).arg("resque:stat:processed").arg(2);
/// assert_eq!(batch.len(), 2);
/// ```
#[derive(Clone, Default)]
pub struct Batch {
    data: Vec<u8>,
    args: Vec<Arg>,
    commands: Vec<Command>,
}

/// One argument: the end of its bytes in the buffer (it begins where the one before ended), or
/// bytes kept outside.
#[derive(Clone)]
enum Arg {
    Inline { end: usize },
    Shared(Bytes),
}

#[derive(Clone, Copy)]
struct Command {
    first_arg: usize,
    data_start: usize,
    script: Option<&'static Script>,
}

impl Batch {
    /// Creates an empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an empty batch with room for `args` arguments of `bytes` bytes in all.
    #[must_use]
    pub fn with_capacity(args: usize, bytes: usize) -> Self {
        Self {
            data: Vec::with_capacity(bytes),
            args: Vec::with_capacity(args),
            commands: Vec::with_capacity(1),
        }
    }

    /// Starts a command; the arguments follow with [`arg`](Self::arg).
    pub fn command(&mut self, name: &str) -> &mut Self {
        self.begin(None).arg(name)
    }

    /// Starts a call of `script`; its `keys` keys follow with [`arg`](Self::arg), then its other
    /// arguments.
    pub fn script(&mut self, script: &'static Script, keys: usize) -> &mut Self {
        self.begin(Some(script))
            .arg("EVALSHA")
            .arg(script.sha1())
            .arg(keys)
    }

    /// Adds an argument to the command started last.
    pub fn arg(&mut self, arg: impl Argument) -> &mut Self {
        debug_assert!(
            !self.commands.is_empty(),
            "an argument needs a command before it"
        );
        arg.add_to(self);
        self
    }

    /// Returns the number of commands.
    #[must_use]
    pub fn len(&self) -> usize {
        self.commands.len()
    }

    /// Tells whether no command was started.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// Iterates over the commands.
    pub(crate) fn commands(&self) -> impl ExactSizeIterator<Item = CommandRef<'_>> {
        (0..self.commands.len()).map(|index| CommandRef { batch: self, index })
    }

    /// The buffer of the small arguments, for [`CommandRef::args_as_bytes`].
    #[cfg(feature = "fred")]
    pub(crate) fn data_as_bytes(&self) -> Bytes {
        Bytes::copy_from_slice(&self.data)
    }

    /// Copies the command `from` to the end of this batch.
    pub(crate) fn copy(&mut self, from: CommandRef<'_>) {
        self.begin(from.script());
        for (arg, shared) in from.args_shared() {
            match shared {
                Some(bytes) => self.args.push(Arg::Shared(bytes.clone())),
                None => self.push_copied(arg),
            }
        }
    }

    fn begin(&mut self, script: Option<&'static Script>) -> &mut Self {
        self.commands.push(Command {
            first_arg: self.args.len(),
            data_start: self.data.len(),
            script,
        });
        self
    }

    pub(super) fn push_copied(&mut self, bytes: &[u8]) {
        self.data.extend_from_slice(bytes);
        self.args.push(Arg::Inline {
            end: self.data.len(),
        });
    }

    pub(super) fn push_shared(&mut self, bytes: &Bytes) {
        if bytes.len() <= COPY_AT_MOST {
            self.push_copied(bytes);
        } else {
            self.args.push(Arg::Shared(bytes.clone()));
        }
    }

    pub(super) fn push_number(&mut self, number: impl fmt::Display) {
        use std::io::Write as _;
        // Writing to a vector cannot fail.
        let _ = write!(self.data, "{number}");
        self.args.push(Arg::Inline {
            end: self.data.len(),
        });
    }
}

/// Names the commands only: arguments may be secret, and large.
impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.commands().map(CommandRef::name))
            .finish()
    }
}

/// One command of a batch.
#[derive(Clone, Copy)]
pub(crate) struct CommandRef<'a> {
    batch: &'a Batch,
    index: usize,
}

impl<'a> CommandRef<'a> {
    /// The command's name, as text for messages.
    pub(crate) fn name(self) -> std::borrow::Cow<'a, str> {
        String::from_utf8_lossy(self.args().next().unwrap_or_default())
    }

    /// The script that the command calls.
    pub(crate) fn script(self) -> Option<&'static Script> {
        self.batch.commands[self.index].script
    }

    /// The number of arguments, the name included.
    #[cfg(any(feature = "redis", test))]
    pub(crate) fn len(self) -> usize {
        self.arg_range().len()
    }

    /// The arguments, the name first.
    pub(crate) fn args(self) -> impl Iterator<Item = &'a [u8]> {
        self.args_shared().map(|(bytes, _)| bytes)
    }

    /// The arguments, each with its shared bytes where there are such.
    pub(crate) fn args_shared(self) -> impl Iterator<Item = (&'a [u8], Option<&'a Bytes>)> {
        let data = &self.batch.data;
        self.pieces().map(|piece| match piece {
            Piece::Inline(range) => (&data[range], None),
            Piece::Shared(bytes) => (&bytes[..], Some(bytes)),
        })
    }

    /// The arguments as parts of `data`, a copy of the batch's buffer, and of what is shared.
    #[cfg(feature = "fred")]
    pub(crate) fn args_as_bytes(self, data: &Bytes) -> impl Iterator<Item = Bytes> {
        self.pieces().map(|piece| match piece {
            Piece::Inline(range) => data.slice(range),
            Piece::Shared(bytes) => bytes.clone(),
        })
    }

    fn pieces(self) -> impl Iterator<Item = Piece<'a>> {
        let mut start = self.batch.commands[self.index].data_start;
        self.batch.args[self.arg_range()]
            .iter()
            .map(move |arg| match arg {
                Arg::Inline { end } => Piece::Inline(std::mem::replace(&mut start, *end)..*end),
                Arg::Shared(bytes) => Piece::Shared(bytes),
            })
    }

    fn arg_range(self) -> Range<usize> {
        let commands = &self.batch.commands;
        let end = commands
            .get(self.index + 1)
            .map_or(self.batch.args.len(), |next| next.first_arg);
        commands[self.index].first_arg..end
    }
}

/// Where an argument's bytes are.
enum Piece<'a> {
    Inline(Range<usize>),
    Shared(&'a Bytes),
}

#[cfg(test)]
mod tests {
    use super::*;

    static SCRIPT: Script = Script::new("return 1");

    fn args(batch: &Batch) -> Vec<Vec<Vec<u8>>> {
        batch
            .commands()
            .map(|c| c.args().map(<[u8]>::to_vec).collect())
            .collect()
    }

    #[test]
    fn arguments_come_back_in_order() {
        let big = Bytes::from(vec![7; COPY_AT_MOST + 1]);
        let mut batch = Batch::new();
        batch
            .command("RPUSH")
            .arg("key")
            .arg(&big)
            .arg(b"a\0b")
            .arg(Bytes::from_static(b"small"))
            .arg(-3);
        batch.command("PING");
        batch
            .script(&SCRIPT, 1)
            .arg(String::from("k"))
            .arg(vec![0xff_u8]);
        let sha = SCRIPT.sha1().as_bytes();
        let expected: Vec<Vec<&[u8]>> = vec![
            vec![b"RPUSH", b"key", &big, b"a\0b", b"small", b"-3"],
            vec![b"PING"],
            vec![b"EVALSHA", sha, b"1", b"k", &[0xff]],
        ];
        assert_eq!(args(&batch), expected);
        assert_eq!(
            batch.commands().map(CommandRef::len).collect::<Vec<_>>(),
            [6, 1, 5]
        );
    }

    #[test]
    fn a_copied_command_is_equal() {
        let mut batch = Batch::new();
        batch
            .command("SET")
            .arg("a")
            .arg(Bytes::from(vec![1; 5000]));
        batch.script(&SCRIPT, 0).arg("x");
        let mut copy = Batch::new();
        batch.commands().for_each(|command| copy.copy(command));
        assert_eq!(args(&copy), args(&batch));
        assert!(
            copy.commands()
                .nth(1)
                .expect("two commands")
                .script()
                .is_some()
        );
    }

    #[test]
    fn debug_shows_names_only() {
        let mut batch = Batch::new();
        batch.command("AUTH").arg("secret");
        assert_eq!(format!("{batch:?}"), r#"["AUTH"]"#);
    }
}
