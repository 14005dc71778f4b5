//! Files of the CPS2ter side of a CPS3, in class A0.
//!
//! SELECT goes down one level at a time and answers 9Fxx; READ BINARY is that of ISO 7816-4. The
//! PIN is expected to have been given to the other side of the card.

use zeroize::Zeroizing;

use super::CardError;
use super::dialogue::Dialogue;
use super::files::{self, Extent, big_endian};
use crate::iso7816::Command;
use crate::iso7816::tlv::objects;
use crate::memory;
use crate::pkcs15::{Common, DataObject, Path};

const CLASS: u8 = 0xA0;
const SELECT: [u8; 4] = [CLASS, 0xA4, 0x00, 0x00];

/// The billing situations.
const BILLING: (&str, [u16; 3]) = ("CPS_SIT_FACT", [0x3F00, 0x7F01, 0x4000]);

/// File of the first activity; the others follow.
const FIRST_ACTIVITY: u16 = 0x4010;

/// Activities that a card may have, numbered from 1, with gaps.
const ACTIVITIES: u16 = 16;

/// The objects of the CPS2ter side, which no directory announces: the billing situations, and one
/// activity for each `CPS_ACTIVITY_nn_PS` in `data`. Whether a file exists shows when it is read.
pub(super) fn unannounced(data: &[DataObject]) -> memory::Result<Vec<DataObject>> {
    let has = |label: &str| data.iter().any(|object| object.common.label == label);
    let (billing, file) = BILLING;
    let mut found = memory::with_room(1 + usize::from(ACTIVITIES))?;
    found.push(protected(billing.to_owned(), file.to_vec()));
    for number in 1..=ACTIVITIES {
        if has(&format!("CPS_ACTIVITY_{number:02}_PS")) {
            let label = format!("CPS2TER_ACTIVITY_{number:02}_PS");
            found.push(protected(label, vec![0x3F00, FIRST_ACTIVITY + number - 1]));
        }
    }
    found.retain(|object| !has(&object.common.label));
    Ok(found)
}

/// Read with the PIN, written by nobody.
fn protected(label: String, fids: Vec<u16>) -> DataObject {
    DataObject {
        common: Common {
            label,
            private: true,
            modifiable: false,
            auth_id: Some(vec![1]),
        },
        application: "CPS".into(),
        oid: None,
        path: Path {
            fids,
            part: None,
            legacy: true,
        },
    }
}

/// Reads a file whole. One that is not there is looked for twice: each level is found from the one
/// above only.
pub(super) fn read(card: &mut Dialogue<'_>, fids: &[u16]) -> Result<Zeroizing<Vec<u8>>, CardError> {
    let control_information = match select(card, fids) {
        Err(CardError::NotFound(_)) => select(card, fids),
        selected => selected,
    }?;
    let size = size(&control_information)?;
    files::read(card, CLASS, 0, Extent::File(size), true)
}

/// Goes down to a file; its control information.
fn select(card: &mut Dialogue<'_>, fids: &[u16]) -> Result<Zeroizing<Vec<u8>>, CardError> {
    let (file, above) = fids.split_last().ok_or(CardError::Unsupported)?;
    for directory in above {
        card.select(&Command::new(SELECT).data(&directory.to_be_bytes()))?;
    }
    card.perform(&Command::new(SELECT).data(&file.to_be_bytes()).expect(256))
}

/// Size of a file: `85 len { size (2 bytes), file identifier (2), type (1), ... }`.
fn size(control_information: &[u8]) -> Result<usize, CardError> {
    let file = objects(control_information).find(0x85)?;
    file.and_then(|file| big_endian(file.value.get(..2)?))
        .ok_or(CardError::Malformed("answer to SELECT in class A0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announced(label: &str) -> DataObject {
        protected(label.into(), vec![0x3F00, 0x0001, 0xD120])
    }

    fn names(data: &[DataObject]) -> Vec<(String, Vec<u16>)> {
        unannounced(data)
            .expect("memory")
            .into_iter()
            .map(|object| (object.common.label, object.path.fids))
            .collect()
    }

    #[test]
    fn one_activity_for_each_that_the_card_announces() {
        let data = [
            "CPS_DATA",
            "CPS_ACTIVITY_01_PS",
            "CPS_ACTIVITY_03_PS",
            "CPS_ACTIVITY_16_PS",
        ]
        .map(announced);
        assert_eq!(
            names(&data),
            [
                ("CPS_SIT_FACT".to_owned(), vec![0x3F00, 0x7F01, 0x4000]),
                ("CPS2TER_ACTIVITY_01_PS".to_owned(), vec![0x3F00, 0x4010]),
                ("CPS2TER_ACTIVITY_03_PS".to_owned(), vec![0x3F00, 0x4012]),
                ("CPS2TER_ACTIVITY_16_PS".to_owned(), vec![0x3F00, 0x401F]),
            ]
        );
        assert!(unannounced(&data).expect("memory").iter().all(|object| {
            object.path.legacy
                && object.common.private
                && !object.common.modifiable
                && object.application == "CPS"
        }));
    }

    #[test]
    fn what_the_card_announces_itself_is_not_added() {
        let data = ["CPS_ACTIVITY_02_PS", "CPS_SIT_FACT", "CPS2TER_ACTIVITY_02_PS"].map(announced);
        assert_eq!(names(&data), []);
    }

    #[test]
    fn odd_numbers_have_no_file() {
        let data = ["CPS_ACTIVITY_00_PS", "CPS_ACTIVITY_17_PS", "CPS_ACTIVITY_1_PS"].map(announced);
        assert_eq!(names(&data).len(), 1);
    }
}
