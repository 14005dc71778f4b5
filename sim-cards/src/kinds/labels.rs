//! The labels of the data objects that the cards know.

/// Labels of the data objects that stand on a card once.
pub const LABELS: [&str; 13] = [
    "CPS_DATA",
    "CPS_ID_CARD",
    "CPS_NAME_PS",
    "CPS_LANG_PS",
    "CPS_INFO_PS",
    "CPS_SIT_FACT",
    "CPS2TER_ATR",
    "CPS2TER_ID",
    "CPS2TER_ICC",
    "CPS2TER_NAME",
    "CPS2TER_LANG",
    "CPS2TER_PSINFO",
    "CPS2TER_DIRAMO",
];

/// What precedes the number in the labels of the situations, on both chips.
pub const ACTIVITY: &str = "CPS_ACTIVITY_";
/// The same in the application of the former generation.
pub const FORMER_ACTIVITY: &str = "CPS2TER_ACTIVITY_";

/// nn of `CPS_ACTIVITY_nn_PS`, from 1 to 16; `None` for a label that does not begin with `prefix`.
pub fn situation(label: &str, prefix: &str) -> Option<u16> {
    let digits = label
        .strip_prefix(prefix)?
        .strip_suffix("_PS")
        .filter(|digits| digits.len() == 2)?;
    digits.parse().ok().filter(|number| (1..=16).contains(number))
}

/// Whether a card of either chip knows a data object of this label.
pub fn is_known(label: &str) -> bool {
    LABELS.contains(&label)
        || [ACTIVITY, FORMER_ACTIVITY]
            .iter()
            .any(|prefix| situation(label, prefix).is_some())
}
