//! The data objects of a card.
//!
//! Their labels, their access and the fields 84 to 86 of a situation are known from real cards and from their
//! documentation; everything else in
//! their content comes from [`crate::model::guesses`].

use crate::holder::date::Validity;
use crate::holder::persona::Persona;
use crate::kinds::chip::Chip;
use crate::model::guesses::{self, Subject};
use crate::pki;

/// What reading an object asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Free,
    /// The code of the holder.
    Code,
}

/// One data object as a card stores it. Its label decides where it stands on the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataObject {
    /// As the DODF shows it, such as `CPS_NAME_PS`.
    pub label: String,
    /// Content of its file.
    pub content: Vec<u8>,
    /// What reading asks for.
    pub access: Access,
    /// Can be written, with the code of the holder.
    pub modifiable: bool,
}

/// Read freely, on both chips.
const FREE: [&str; 4] = ["CPS_ID_CARD", "CPS_NAME_PS", "CPS_LANG_PS", "CPS_INFO_PS"];
/// Read freely, on a CPS4.
const FORMER: [&str; 7] = [
    "CPS2TER_ATR",
    "CPS2TER_ID",
    "CPS2TER_ICC",
    "CPS2TER_NAME",
    "CPS2TER_LANG",
    "CPS2TER_PSINFO",
    "CPS2TER_DIRAMO",
];

/// The data objects of a card that is used today.
pub fn data_objects(persona: &Persona, chip: Chip) -> Vec<DataObject> {
    data_objects_at(persona, chip, &Validity::relative_to_today())
}

/// The data objects of a card whose dates are those of certificates of this validity.
pub fn data_objects_at(persona: &Persona, chip: Chip, validity: &Validity) -> Vec<DataObject> {
    let layouts = &guesses::get().data;
    let card_number = pki::card_number(persona);
    let content = |layout: &str, situation| {
        let subject = Subject {
            persona,
            validity,
            card_number: &card_number,
            situation,
        };
        layouts.content(layout, subject)
    };
    let once = |label: &&str| free(label, content(label, None));
    let situations = |layout: &'static str| {
        persona.situations.iter().map(move |situation| {
            let label = format!("{layout}_{:02}_PS", situation.number);
            protected(&label, content(layout, Some(situation)))
        })
    };
    let mut objects = vec![DataObject {
        modifiable: true,
        ..free("CPS_DATA", layouts.free_area())
    }];
    objects.extend(FREE.iter().map(once));
    objects.extend(situations("CPS_ACTIVITY"));
    objects.push(protected("CPS_SIT_FACT", content("CPS_SIT_FACT", None)));
    if chip == Chip::Cps4 {
        objects.extend(FORMER.iter().map(once));
    }
    objects.extend(situations("CPS2TER_ACTIVITY"));
    for object in &mut objects {
        if let Some((_, content)) = persona.objects.iter().find(|(label, _)| *label == object.label) {
            object.content.clone_from(content);
        }
    }
    objects
}

fn free(label: &str, content: Vec<u8>) -> DataObject {
    DataObject {
        label: label.to_owned(),
        content,
        access: Access::Free,
        modifiable: false,
    }
}

fn protected(label: &str, content: Vec<u8>) -> DataObject {
    DataObject {
        access: Access::Code,
        ..free(label, content)
    }
}

#[cfg(test)]
mod tests;
