//! Reads a value from a list of arguments.

use serde::de::value::{BorrowedStrDeserializer, U64Deserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};

use super::failure::{Failure, problem};
use super::raw::{Args, Keys, State};
use super::{ArgumentError, Arity, RAW_VALUE};

/// Reads the whole list as a `T`.
pub(super) fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, ArgumentError> {
    let mut args = Args::new(text, usize::MAX);
    let mut result = T::deserialize(&mut args);
    if let Err(Failure::Key) = result {
        // A type that implements `Deserialize` by hand may know its fields by name only.
        args = Args::new(text, usize::MAX);
        args.keys = Keys::Names;
        result = T::deserialize(&mut args);
    }
    match result {
        Ok(value) if args.state == State::Ended => Ok(value),
        other => Err(explain::<T>(&args, other.err())),
    }
}

/// Finds the words for what went wrong; the number of arguments comes first, as in Ruby.
#[cold]
fn explain<'de, T: Deserialize<'de>>(args: &Args<'de>, failure: Option<Failure>) -> ArgumentError {
    let Some(given) = count(args.text) else {
        return ArgumentError::NoList;
    };
    if let Some(most) = args.at_most
        && given > most
    {
        let expected = Arity {
            at_least: fewest::<T>(args.text, most),
            at_most: args.at_most,
        };
        return ArgumentError::WrongNumber {
            given,
            expected,
            missing: None,
        };
    }
    match failure {
        None => ArgumentError::Unfit {
            problem: "some were not taken".to_owned(),
        },
        Some(Failure::Missing { index, name }) => {
            // What stands behind the missing one may be missing too: only the last one is certain.
            let last = args.at_most == Some(index + 1);
            let expected = Arity {
                at_least: Some(index + 1),
                at_most: args.at_most.filter(|_| last),
            };
            ArgumentError::WrongNumber {
                given,
                expected,
                missing: name,
            }
        }
        Some(Failure::Argument {
            index,
            name,
            problem,
        }) => ArgumentError::WrongArgument {
            position: index + 1,
            name,
            problem,
        },
        Some(Failure::Whole(problem)) => ArgumentError::Unfit { problem },
        Some(Failure::Key) => ArgumentError::Unfit {
            problem: "its fields are unknown".to_owned(),
        },
    }
}

/// How many elements the list has, if it is one.
fn count(text: &str) -> Option<usize> {
    let mut args = Args::new(text, usize::MAX);
    while args.take().is_some() {}
    (args.state == State::Ended).then_some(args.taken)
}

/// With how many arguments a `T` can be read at least, if that can be found out by trying.
fn fewest<'de, T: Deserialize<'de>>(text: &'de str, most: usize) -> Option<usize> {
    for number in (0..most).rev() {
        match T::deserialize(&mut Args::new(text, number)) {
            Ok(_) => {}
            Err(Failure::Missing { .. }) => return Some(number + 1),
            Err(_) => return None,
        }
    }
    Some(0)
}

impl<'de> Deserializer<'de> for &mut Args<'de> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_seq(Positions {
            args: self,
            pad_to: 0,
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.at_most = Some(fields.len());
        visitor
            .visit_map(Fields { args: self, fields })
            .map_err(|failure| match failure {
                Failure::Missing {
                    name: Some(name), ..
                } => Failure::Missing {
                    index: fields
                        .iter()
                        .position(|field| *field == name)
                        .unwrap_or(fields.len()),
                    name: Some(name),
                },
                other => other,
            })
    }

    fn deserialize_tuple<V>(self, length: usize, visitor: V) -> Result<V::Value, Failure>
    where
        V: Visitor<'de>,
    {
        self.at_most = Some(length);
        visitor.visit_seq(Positions {
            args: self,
            pad_to: length,
        })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.at_most = Some(length);
        // No padding: the derived code knows the defaults itself.
        visitor.visit_seq(Positions {
            args: self,
            pad_to: 0,
        })
    }

    fn deserialize_newtype_struct<V>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure>
    where
        V: Visitor<'de>,
    {
        if name == RAW_VALUE {
            let mut json = serde_json::Deserializer::from_str(self.text);
            while self.take().is_some() {}
            return json
                .deserialize_newtype_struct(name, visitor)
                .map_err(|error| Failure::Whole(problem(&error)));
        }
        self.at_most = Some(1);
        if let State::Next(_) = self.state {
            return self.read(Newtype(visitor), None);
        }
        visitor.visit_seq(Positions {
            args: self,
            pad_to: 0,
        })
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.at_most = Some(0);
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V>(self, _: &'static str, visitor: V) -> Result<V::Value, Failure>
    where
        V: Visitor<'de>,
    {
        self.deserialize_unit(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Failure> {
        Err(Failure::Whole(
            "a list has no keys for a map or a struct with `#[serde(flatten)]`; take a map as \
             `(T,)`"
                .to_owned(),
        ))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf option seq enum identifier ignored_any
    }
}

/// Arguments for what counts its elements.
struct Positions<'a, 'de> {
    args: &'a mut Args<'de>,
    /// Up to here, missing arguments are tried as `None`.
    pad_to: usize,
}

impl<'de> SeqAccess<'de> for Positions<'_, 'de> {
    type Error = Failure;

    fn next_element_seed<S>(&mut self, seed: S) -> Result<Option<S::Value>, Failure>
    where
        S: DeserializeSeed<'de>,
    {
        if let State::Next(_) = self.args.state {
            return self.args.read(seed, None).map(Some);
        }
        let index = self.args.taken;
        if index >= self.pad_to {
            return Ok(None);
        }
        // From here on only what is not there is taken.
        self.args.taken += 1;
        seed.deserialize(Absent { index }).map(Some)
    }
}

/// Arguments for what names its fields.
struct Fields<'a, 'de> {
    args: &'a mut Args<'de>,
    fields: &'static [&'static str],
}

impl<'de> MapAccess<'de> for Fields<'_, 'de> {
    type Error = Failure;

    fn next_key_seed<K>(&mut self, seed: K) -> Result<Option<K::Value>, Failure>
    where
        K: DeserializeSeed<'de>,
    {
        let index = self.args.taken;
        let (State::Next(_), Some(name)) = (self.args.state, self.fields.get(index)) else {
            return Ok(None);
        };
        let key = match self.args.keys {
            Keys::Indices => {
                let index: U64Deserializer<Failure> = (index as u64).into_deserializer();
                seed.deserialize(index).map_err(|_| Failure::Key)
            }
            Keys::Names => seed.deserialize(BorrowedStrDeserializer::new(name)),
        };
        key.map(Some)
    }

    fn next_value_seed<S>(&mut self, seed: S) -> Result<S::Value, Failure>
    where
        S: DeserializeSeed<'de>,
    {
        let name = self.fields.get(self.args.taken).copied();
        self.args.read(seed, name)
    }
}

/// Reads the only field of a newtype.
struct Newtype<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Newtype<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(deserializer)
    }
}

/// An argument that is not there: `None` for an option, a failure for everything else.
struct Absent {
    index: usize,
}

impl<'de> Deserializer<'de> for Absent {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Failure> {
        Err(Failure::Missing {
            index: self.index,
            name: None,
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
