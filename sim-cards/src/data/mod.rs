//! The data objects of a card.
//!
//! Their labels, their access and the fields 84 to 86 of a situation are known from real cards and from their
//! documentation; everything else in
//! their content comes from [`crate::guesses`].

use crate::Chip;
use crate::guesses::data as layout;
use crate::persona::Persona;
use crate::pki::Validity;

/// What reading an object asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Free,
    /// The code of the holder.
    Code,
}

/// One data object as a card stores it. Its label decides where it stands on the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataObject {
    pub label: String,
    pub content: Vec<u8>,
    pub access: Access,
    /// Can be written, with the code of the holder.
    pub modifiable: bool,
}

/// The data objects of a card that is used today.
pub fn data_objects(persona: &Persona, chip: Chip) -> Vec<DataObject> {
    data_objects_at(persona, chip, &Validity::relative_to_today())
}

/// The data objects of a card whose dates are those of certificates of this validity.
pub fn data_objects_at(persona: &Persona, chip: Chip, validity: &Validity) -> Vec<DataObject> {
    let mut objects = vec![
        DataObject {
            modifiable: true,
            ..free("CPS_DATA", layout::free_area())
        },
        free("CPS_ID_CARD", layout::card_identification(persona, validity)),
        free("CPS_NAME_PS", layout::holder(persona)),
        free("CPS_LANG_PS", layout::languages(persona)),
        free("CPS_INFO_PS", layout::professional_characteristics(persona)),
    ];
    objects.extend(persona.situations.iter().map(|situation| {
        protected(
            &format!("CPS_ACTIVITY_{:02}_PS", situation.number),
            layout::situation(situation),
        )
    }));
    objects.push(protected("CPS_SIT_FACT", layout::billing_situations(persona)));
    if chip == Chip::Cps4 {
        objects.extend(layout::cps2ter(persona).map(|(label, content)| free(label, content)));
    }
    objects.extend(persona.situations.iter().map(|situation| {
        let label = format!("CPS2TER_ACTIVITY_{:02}_PS", situation.number);
        protected(&label, layout::cps2ter_situation(situation))
    }));
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
