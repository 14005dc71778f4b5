//! Answers for programs against the schema that the program's users have. The words of JSON Schema
//! that the file uses are understood, and no others: an unknown one fails.

use serde_json::{Map, Value};

const SCHEMA: &str = include_str!("../../data/answers.schema.json");

/// Panics if an answer does not fit.
pub fn check(answer: &Value) {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mistakes = mistakes(answer, &schema, &schema, "answer");
    assert!(mistakes.is_empty(), "{mistakes:#?}\n{answer:#}");
}

/// What does not fit, each with its place.
pub fn mistakes(value: &Value, schema: &Value, root: &Value, place: &str) -> Vec<String> {
    let schema = schema
        .as_object()
        .unwrap_or_else(|| panic!("{schema} is no schema"));
    let none = Map::new();
    let properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let mut found = Vec::new();
    let mut wrong = |fits: bool, what: &Value| {
        if !fits {
            found.push(format!("{place}: {value} is not {what}"));
        }
    };
    let mut inner = Vec::new();
    for (word, wanted) in schema {
        match word.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" => {}
            "$ref" => {
                let name = wanted.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                inner.extend(mistakes(value, &root["$defs"][name], root, place));
            }
            "const" => wrong(value == wanted, wanted),
            "enum" => wrong(wanted.as_array().unwrap().contains(value), wanted),
            "type" => {
                let types = match wanted {
                    Value::Array(types) => types.clone(),
                    one => vec![one.clone()],
                };
                let fits = types.iter().any(|it| is_of_type(value, it.as_str().unwrap()));
                wrong(fits, wanted);
            }
            "pattern" => {
                let digits = |c: char| c.is_ascii_digit() || ('A'..='F').contains(&c);
                assert_eq!(wanted, "^[0-9A-F]*$", "the one pattern that is understood");
                wrong(value.as_str().is_none_or(|text| text.chars().all(digits)), wanted);
            }
            "properties" => {
                for (name, part) in properties {
                    if let Some(value) = value.get(name) {
                        inner.extend(mistakes(value, part, root, &format!("{place}.{name}")));
                    }
                }
            }
            "required" => {
                for name in wanted.as_array().unwrap() {
                    let there = !value.is_object() || value.get(name.as_str().unwrap()).is_some();
                    wrong(there, &Value::String(format!("with {name}")));
                }
            }
            "additionalProperties" => {
                assert_eq!(wanted, &Value::Bool(false));
                for name in value.as_object().unwrap_or(&none).keys() {
                    let known = properties.contains_key(name);
                    wrong(known, &Value::String(format!("without {name}")));
                }
            }
            "items" => {
                for (number, value) in value.as_array().into_iter().flatten().enumerate() {
                    inner.extend(mistakes(value, wanted, root, &format!("{place}[{number}]")));
                }
            }
            "oneOf" => {
                let all = wanted.as_array().unwrap();
                let each = all.iter().map(|it| mistakes(value, it, root, place));
                let each: Vec<Vec<String>> = each.collect();
                if each.iter().filter(|mistakes| mistakes.is_empty()).count() != 1 {
                    inner.extend(each.into_iter().min_by_key(Vec::len).unwrap_or_default());
                    inner.push(format!("{place}: not exactly one form fits"));
                }
            }
            other => panic!("unknown word {other} of a schema"),
        }
    }
    found.extend(inner);
    found
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("unknown type {other}"),
    }
}
