//! Writes a value as a list of arguments.

use serde::ser::{
    Impossible, Serialize, SerializeSeq, SerializeStruct, SerializeTuple, SerializeTupleStruct,
    Serializer,
};

use super::checked::Checked;
use super::float::RubyFloats;
use super::{EncodeError, RAW_VALUE};

/// The serializer of the outermost level: what has elements in an order is a list.
pub(super) struct List<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> List<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    fn elements(self) -> Elements<'a> {
        self.out.push(b'[');
        Elements {
            out: self.out,
            written: 0,
            skipped: None,
            raw: None,
        }
    }
}

fn refuse<T>(problem: &str) -> Result<T, EncodeError> {
    Err(EncodeError::NoList {
        problem: problem.to_owned(),
    })
}

/// One value, however many elements it has, has no place in a list of its own.
const SINGLE: &str = "this is a single value; give it as `(value,)`";
const MAP: &str = "this is a map, and so is a struct with `#[serde(flatten)]`: it has no \
                   positions; give it as `(map,)`";
const VARIANT: &str = "this is an enum; give it as `(value,)`";
const OPTION: &str = "this is an option; give it as `(value,)`, or nothing as `()`";

macro_rules! refuse_single {
    ($($method:ident($type:ty);)*) => {
        $(fn $method(self, _: $type) -> Result<(), EncodeError> {
            refuse(SINGLE)
        })*
    };
}

impl<'a> Serializer for List<'a> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Elements<'a>;
    type SerializeTuple = Elements<'a>;
    type SerializeTupleStruct = Elements<'a>;
    type SerializeTupleVariant = Impossible<(), EncodeError>;
    type SerializeMap = Impossible<(), EncodeError>;
    type SerializeStruct = Elements<'a>;
    type SerializeStructVariant = Impossible<(), EncodeError>;

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Elements<'a>, EncodeError> {
        if name == RAW_VALUE {
            let raw = Some(self.out.len());
            return Ok(Elements {
                out: self.out,
                written: 0,
                skipped: None,
                raw,
            });
        }
        Ok(self.elements())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Elements<'a>, EncodeError> {
        Ok(self.elements())
    }

    fn serialize_tuple(self, _: usize) -> Result<Elements<'a>, EncodeError> {
        Ok(self.elements())
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Elements<'a>, EncodeError> {
        Ok(self.elements())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        let mut elements = self.elements();
        elements.write(None, value)?;
        elements.close()
    }

    fn serialize_unit(self) -> Result<(), EncodeError> {
        self.elements().close()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), EncodeError> {
        self.elements().close()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, EncodeError> {
        refuse(MAP)
    }

    fn serialize_none(self) -> Result<(), EncodeError> {
        refuse(OPTION)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), EncodeError> {
        refuse(OPTION)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
    ) -> Result<(), EncodeError> {
        refuse(VARIANT)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), EncodeError> {
        refuse(VARIANT)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, EncodeError> {
        refuse(VARIANT)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, EncodeError> {
        refuse(VARIANT)
    }

    refuse_single! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
    }
}

/// A list that is being written.
pub(super) struct Elements<'a> {
    out: &'a mut Vec<u8>,
    written: usize,
    /// The first field that was left out.
    skipped: Option<&'static str>,
    /// Where raw JSON begins that is itself the list.
    raw: Option<usize>,
}

impl Elements<'_> {
    fn write<T>(&mut self, name: Option<&'static str>, value: &T) -> Result<(), EncodeError>
    where
        T: Serialize + ?Sized,
    {
        let position = self.written + 1;
        let fails = |problem| EncodeError::Argument {
            position,
            name,
            problem,
        };
        if let Some(skipped) = self.skipped {
            let problem = format!("`{skipped}` before it was skipped, so its position would shift");
            return Err(fails(problem));
        }
        if self.written > 0 {
            self.out.push(b',');
        }
        self.written += 1;
        let mut json = serde_json::Serializer::with_formatter(&mut *self.out, RubyFloats);
        value
            .serialize(Checked(&mut json))
            .map_err(|error| fails(error.to_string()))
    }

    /// Takes the one field of raw JSON over as the list.
    fn write_raw<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let mut json = serde_json::Serializer::new(&mut *self.out);
        let written = json.serialize_struct(RAW_VALUE, 1).and_then(|mut raw| {
            SerializeStruct::serialize_field(&mut raw, RAW_VALUE, value)?;
            SerializeStruct::end(raw)
        });
        written.map_err(serde::ser::Error::custom)
    }

    fn close(self) -> Result<(), EncodeError> {
        match self.raw {
            None => self.out.push(b']'),
            Some(start) if self.out[start..].starts_with(b"[") => {}
            Some(_) => return refuse("this is raw JSON other than an array"),
        }
        Ok(())
    }
}

impl SerializeStruct for Elements<'_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_field<T>(&mut self, name: &'static str, value: &T) -> Result<(), EncodeError>
    where
        T: Serialize + ?Sized,
    {
        if self.raw.is_some() {
            self.write_raw(value)
        } else {
            self.write(Some(name), value)
        }
    }

    fn skip_field(&mut self, name: &'static str) -> Result<(), EncodeError> {
        self.skipped.get_or_insert(name);
        Ok(())
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close()
    }
}

macro_rules! write_elements {
    ($($compound:ident::$method:ident;)*) => {
        $(impl $compound for Elements<'_> {
            type Ok = ();
            type Error = EncodeError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
                self.write(None, value)
            }

            fn end(self) -> Result<(), EncodeError> {
                self.close()
            }
        })*
    };
}

write_elements! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
}
