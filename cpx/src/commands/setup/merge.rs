//! The module beside what stands in a file already. Each takes the text that is there, and gives the
//! text with the module; nothing if what is there cannot be understood or says otherwise.

use serde_json::{Map, Value, json};

/// What becomes of a file's text.
pub type Merge = Box<dyn Fn(Option<&str>) -> Option<String>>;

/// Name of the module where a name is wanted.
pub const NAME: &str = "CPx";

/// The lines between which ours stand in a file of the person.
const BEGIN: &str = "# cpx setup: begin";
const END: &str = "# cpx setup: end";

/// A file that is ours alone.
pub fn whole(content: String) -> Merge {
    Box::new(move |before| match before {
        // A file of this name that is not ours stays.
        Some(text) if text != content && !text.contains("cpx setup") => None,
        _ => Some(content.clone()),
    })
}

/// Security devices in the policies of Firefox or Thunderbird.
pub fn policies(library: String) -> Merge {
    Box::new(move |before| {
        let mut all: Value = match before {
            Some(text) => serde_json::from_str(text).ok()?,
            None => json!({}),
        };
        if devices(&mut all)?.get(NAME) == Some(&json!(library)) {
            return before.map(str::to_owned);
        }
        devices(&mut all)?.insert(NAME.into(), json!(library));
        Some(format!("{}\n", serde_json::to_string_pretty(&all).ok()?))
    })
}

/// Where devices are added: in `Add`, or beside the others in a file of the old flat form.
fn devices(all: &mut Value) -> Option<&mut Map<String, Value>> {
    let policies = entry(all, "policies")?;
    let devices = entry(policies, "SecurityDevices")?.as_object_mut()?;
    let flat = !devices.is_empty() && devices.values().all(Value::is_string);
    match flat {
        true => Some(devices),
        false => devices.entry("Add").or_insert(json!({})).as_object_mut(),
    }
}

fn entry<'v>(value: &'v mut Value, name: &str) -> Option<&'v mut Value> {
    Some(value.as_object_mut()?.entry(name).or_insert(json!({})))
}

/// A module in the database of NSS that a program has made.
pub fn nss(library: String) -> Merge {
    Box::new(move |before| {
        let text = before.filter(|text| text.contains("NSS="))?;
        let ours = format!("library={library}\nname={NAME}\n");
        if text.contains(&ours) {
            return Some(text.to_owned());
        }
        let others = text.split("\n\n").map(str::trim_start);
        let kept = others.filter(|block| !is_named_ours(block) && !block.is_empty());
        let kept = kept.map(|block| format!("{}\n\n", block.trim_end_matches('\n')));
        Some(format!("{}{ours}\n", kept.collect::<String>()))
    })
}

fn is_named_ours(block: &str) -> bool {
    block.lines().any(|line| line.strip_prefix("name=") == Some(NAME))
}

/// Lines of ours in a file of other lines, at its end.
pub fn lines(ours: String) -> Merge {
    Box::new(move |before| {
        let text = before.unwrap_or_default();
        let block = format!("{BEGIN}\n{ours}{END}\n");
        if let (Some(begin), Some(end)) = (text.find(BEGIN), text.find(END)) {
            let (head, tail) = (text.get(..begin)?, text.get(end + END.len()..)?);
            let tail = tail.strip_prefix('\n').unwrap_or(tail);
            return Some(format!("{head}{block}{tail}"));
        }
        let gap = match text {
            "" => "",
            _ if text.ends_with('\n') => "\n",
            _ => "\n\n",
        };
        Some(format!("{text}{gap}{block}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "/usr/lib/libcpx_pkcs11.so";

    #[test]
    fn policies_keep_what_they_have() {
        for (before, after) in [
            (
                None,
                json!({"policies": {"SecurityDevices": {"Add": {"CPx": OURS}}}}),
            ),
            (
                Some(r#"{"policies": {"DisableTelemetry": true, "SecurityDevices": {"Delete": ["x"]}}}"#),
                json!({"policies": {"DisableTelemetry": true,
                    "SecurityDevices": {"Delete": ["x"], "Add": {"CPx": OURS}}}}),
            ),
            (
                Some(r#"{"policies": {"SecurityDevices": {"Other": "/usr/lib/other.so"}}}"#),
                json!({"policies": {"SecurityDevices": {"Other": "/usr/lib/other.so", "CPx": OURS}}}),
            ),
            (
                Some(r#"{"policies": {"SecurityDevices": {"Add": {"CPx": "/old.so"}}}}"#),
                json!({"policies": {"SecurityDevices": {"Add": {"CPx": OURS}}}}),
            ),
        ] {
            let merged = policies(OURS.into())(before).unwrap();
            let found: Value = serde_json::from_str(&merged).unwrap();
            assert_eq!(found, after, "{before:?}");
            assert_eq!(
                policies(OURS.into())(Some(&merged)),
                Some(merged.clone()),
                "done twice"
            );
        }
        for wrong in [
            "",
            "{",
            "[]",
            r#"{"policies": []}"#,
            r#"{"policies": {"SecurityDevices": 1}}"#,
        ] {
            assert_eq!(policies(OURS.into())(Some(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn lines_stand_once_and_others_stay() {
        let first = lines("a\n".into())(Some("Host x\n  Port 1")).unwrap();
        assert_eq!(first, format!("Host x\n  Port 1\n\n{BEGIN}\na\n{END}\n"));
        let second = lines("b\n".into())(Some(&format!("{first}after\n"))).unwrap();
        assert_eq!(second, format!("Host x\n  Port 1\n\n{BEGIN}\nb\n{END}\nafter\n"));
        assert_eq!(lines("b\n".into())(Some(&second)), Some(second.clone()));
    }

    #[test]
    fn a_file_of_somebody_elses_stays() {
        assert_eq!(whole("# cpx setup\nx\n".into())(Some("mine\n")), None);
        assert_eq!(
            whole("# cpx setup\nx\n".into())(Some("# cpx setup\ny\n")),
            Some("# cpx setup\nx\n".into())
        );
    }

    #[test]
    fn a_database_gets_the_module_once() {
        let internal = "library=\nname=NSS Internal PKCS #11 Module\nNSS=Flags=internal\n\n";
        let one = nss(OURS.into())(Some(internal)).unwrap();
        assert_eq!(one, format!("{internal}library={OURS}\nname=CPx\n\n"));
        assert_eq!(nss(OURS.into())(Some(&one)), Some(one.clone()));
        let moved = nss("/new.so".into())(Some(&one)).unwrap();
        assert_eq!(moved, format!("{internal}library=/new.so\nname=CPx\n\n"));
        assert_eq!(nss(OURS.into())(Some("")), None);
        assert_eq!(nss(OURS.into())(None), None);
    }
}
