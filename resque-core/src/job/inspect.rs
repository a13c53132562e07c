//! Arguments as Ruby shows them.

use std::fmt::Write;

use serde_json::Value;

/// Shows a job as Ruby's `inspect` shows it.
pub(crate) fn describe(queue: &str, class: &str, args_json: &str) -> String {
    format!("(Job{{{queue}}} | {class} | {})", inspect(args_json))
}

/// Shows a JSON text as Ruby's `inspect` shows the same value; what is no JSON stays as it is.
fn inspect(json: &str) -> String {
    let Ok(value) = serde_json::from_str(json) else {
        return json.to_owned();
    };
    let mut out = String::with_capacity(json.len() + 8);
    write_value(&mut out, &value);
    out
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("nil"),
        Value::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write_value(out, value);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, (key, value)) in members.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                let _ = write!(out, "{}=>", Value::from(key.as_str()));
                write_value(out, value);
            }
            out.push('}');
        }
        plain => {
            let _ = write!(out, "{plain}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_look_like_rubys() {
        assert_eq!(
            inspect(r#"[1,"a",null,{"b":[true,1.5]}]"#),
            r#"[1, "a", nil, {"b"=>[true, 1.5]}]"#
        );
    }
}
