use super::*;
use crate::kinds::chip::Model;

const SCENARIO: &str = r#"
[[card]]
name = "doctor"
card = "cps4"
faults = ["30:slow=2s"]

[[card]]
card = "vitale2"
reader = 1
inserted = false

[[card]]
persona = "insured-alone"

[[step]]
at = "2s"
do = ["insert insured-alone"]

[[step]]
after = { card = "doctor", exchange = 40 }
do = ["remove doctor", "swap 1 insured-alone-2"]

[[step]]
at = "5s"
every = "1s"
times = 3
do = ["reset doctor"]
"#;

#[test]
fn a_scenario_is_read() {
    let scenario = parse(SCENARIO).unwrap();
    let names: Vec<_> = scenario
        .cards
        .iter()
        .map(|card| card.name.as_deref().unwrap())
        .collect();
    assert_eq!(names, ["doctor", "insured-alone", "insured-alone-2"]);
    let models: Vec<_> = scenario
        .cards
        .iter()
        .map(|card| card.issue().unwrap().model())
        .collect();
    assert_eq!(models, [Model::Cps4, Model::Vitale2, Model::Vitale2]);
    let [first, second, third] = &scenario.steps[..] else {
        panic!("three steps")
    };
    assert_eq!(first.time(), Some(Duration::from_secs(2)));
    assert_eq!((second.time(), second.orders.len()), (None, 2));
    assert_eq!((third.times, third.every), (3, Duration::from_secs(1)));
}

#[test]
fn a_repeated_step_moves_on_and_ends() {
    let mut step = parse(SCENARIO).unwrap().steps.remove(2);
    for seconds in 5..8 {
        assert_eq!(step.time(), Some(Duration::from_secs(seconds)));
        assert!(!step.is_over());
        step.take();
    }
    assert!(step.is_over());
}

#[test]
fn wrong_scenarios_are_refused() {
    for (from, to) in [
        ("name = \"doctor\"", "name = \"insured\"\nnmae = \"x\""),
        ("name = \"doctor\"", "name = \"7\""),
        ("at = \"2s\"", "at = \"2\""),
        ("at = \"2s\"", ""),
        ("at = \"2s\"", "at = \"2s\"\ntimes = 2"),
        ("insert insured-alone", "insert nobody"),
        ("insert insured-alone", "insertion"),
        ("exchange = 40", ""),
        // The third card goes into reader 2 by itself.
        ("reader = 1\ninserted = false", "reader = 2"),
    ] {
        assert!(parse(&SCENARIO.replacen(from, to, 1)).is_err(), "{to}");
    }
    for (from, to) in [
        ("30:slow=2s", "30:slow"),
        ("card = \"cps4\"", "card = \"cps3\"\nprotocol = \"t1\""),
        (
            "card = \"cps4\"",
            "card = \"cps3-contactless\"\nprotocol = \"t0\"",
        ),
        ("card = \"cps4\"", "card = \"vitale2\"\nprotocol = \"t1\""),
        ("card = \"cps4\"", "card = \"cps4\"\npin = \"123\""),
        ("card = \"cps4\"", "card = \"cps4\"\npersona = \"nobody\""),
        ("card = \"cps4\"", "card = \"cps4\"\natr = \"3B\""),
        ("card = \"cps4\"", "card = \"cps4\"\ntries = 4"),
        ("card = \"cps4\"", "card = \"cps4\"\npuk-tries = 11"),
        ("card = \"cps4\"", "card = \"cps4\"\npuk-uses = 101"),
        ("card = \"cps4\"", "card = \"cps4\"\nlargest-answer = 257"),
        ("card = \"cps4\"", "card = \"cps4\"\ncertificate-size = 99999999"),
        ("card = \"cps4\"", "card = \"cps4\"\nlabel = \"\""),
        ("card = \"cps4\"", "card = \"cps4\"\ndelay-byte = \"2h\""),
        (
            "card = \"cps4\"",
            "card = \"cps4\"\npersona = \"doctor-hospital-cps3\"",
        ),
        ("card = \"cps4\"", "card = \"cps4\"\npersona = \"insured-alone\""),
        (
            "card = \"cps4\"",
            "card = \"vitale2\"\npersona = \"doctor-gp-cps4\"",
        ),
    ] {
        let scenario = parse(&SCENARIO.replacen(from, to, 1)).unwrap();
        assert!(scenario.cards[0].issue().is_err(), "{to}");
    }
}

#[test]
fn a_holder_is_a_name_or_a_file_or_a_text() {
    let folder = env!("CARGO_MANIFEST_DIR");
    let file = format!("{folder}/personas/doctor-gp-cps4.toml");
    let text = std::fs::read_to_string(&file).unwrap().replace("cps4", "cps3");
    let insured = format!("{folder}/insured/insured-family.toml");
    for (persona, name, model) in [
        ("doctor-gp-cps4", "doctor-gp-cps4", Model::Cps4),
        (&*file, "doctor-gp-cps4", Model::Cps4),
        (&*text, "doctor-gp-cps3", Model::Cps3),
        (&*insured, "insured-family", Model::Vitale2),
    ] {
        let description = CardDescription {
            persona: Some(persona.into()),
            ..CardDescription::default()
        };
        assert_eq!(description.holder_name().as_deref(), Ok(name));
        assert_eq!(description.issue().unwrap().model(), model);
    }
    for (persona, reason) in [
        ("nobody", "no persona is called nobody"),
        ("./nobody.toml", "./nobody.toml: "),
        ("name = 1\n", "name"),
    ] {
        let description = CardDescription {
            persona: Some(persona.into()),
            ..CardDescription::default()
        };
        let error = description.issue().unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
