//! Command APDUs: bytes to fields, fields to [`Command`].

use crate::iso7816::status::Status;

/// One command as it arrives, short form (ISO 7816-4 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Apdu<'a> {
    /// Class byte.
    pub cla: u8,
    /// Instruction byte, see [`ins`].
    pub ins: u8,
    /// First parameter byte.
    pub p1: u8,
    /// Second parameter byte.
    pub p2: u8,
    /// Command data, Lc left out: 0 to 255 bytes.
    pub data: &'a [u8],
    /// Ne, 1 to 256, if the command has an Le field.
    pub expected: Option<usize>,
}

impl<'a> Apdu<'a> {
    /// Splits a command into its fields. The extended form and lengths that disagree are [`Status::WRONG_LENGTH`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Status> {
        let ([cla, ins, p1, p2], body) = bytes.split_first_chunk::<4>().ok_or(Status::WRONG_LENGTH)?;
        let (data, expected) = match body.split_first() {
            None => (&[][..], None),
            Some((le, [])) => (&[][..], Some(ne(*le))),
            Some((0, _)) => return Err(Status::WRONG_LENGTH),
            Some((lc, rest)) => match rest.split_at_checked(usize::from(*lc)) {
                Some((data, [])) => (data, None),
                Some((data, [le])) => (data, Some(ne(*le))),
                _ => return Err(Status::WRONG_LENGTH),
            },
        };
        Ok(Self {
            cla: *cla,
            ins: *ins,
            p1: *p1,
            p2: *p2,
            data,
            expected,
        })
    }

    /// The command with its data replaced, as the end of a chain wants it.
    pub fn with_data<'b>(&self, data: &'b [u8]) -> Apdu<'b> {
        Apdu {
            cla: self.cla,
            ins: self.ins,
            p1: self.p1,
            p2: self.p2,
            data,
            expected: self.expected,
        }
    }

    /// Whether the command reads without sending data, so that T=0 answers it without GET RESPONSE.
    pub fn only_reads(&self) -> bool {
        matches!(self.ins, ins::READ_BINARY | ins::GET_CHALLENGE)
    }
}

fn ne(le: u8) -> usize {
    if le == 0 { 256 } else { usize::from(le) }
}

/// Instruction bytes (ISO 7816-4 §5.4.2).
pub mod ins {
    /// Presents a PIN.
    pub const VERIFY: u8 = 0x20;
    /// MSE: chooses key and algorithm.
    pub const MANAGE_SECURITY_ENVIRONMENT: u8 = 0x22;
    /// Gives a PIN another value.
    pub const CHANGE_REFERENCE_DATA: u8 = 0x24;
    /// PSO: computes a signature, a hash or a decipherment.
    pub const PERFORM_SECURITY_OPERATION: u8 = 0x2A;
    /// Gives a PIN its tries back, or another value.
    pub const RESET_RETRY_COUNTER: u8 = 0x2C;
    /// Random bytes.
    pub const GET_CHALLENGE: u8 = 0x84;
    /// Signs a challenge.
    pub const INTERNAL_AUTHENTICATE: u8 = 0x88;
    /// Chooses a file or an application.
    pub const SELECT: u8 = 0xA4;
    /// Reads a transparent file.
    pub const READ_BINARY: u8 = 0xB0;
    /// Fetches what an answer left behind.
    pub const GET_RESPONSE: u8 = 0xC0;
    /// Reads a data object.
    pub const GET_DATA: u8 = 0xCB;
    /// Writes over bytes of a transparent file.
    pub const UPDATE_BINARY: u8 = 0xD6;
}

/// How SELECT names a file (ISO 7816-4 §11.2.2, P1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection<'a> {
    /// P1=00: MF, DF or EF by identifier; empty for the MF.
    Identifier(&'a [u8]),
    /// P1=02: EF under the current DF.
    ElementaryFile(&'a [u8]),
    /// P1=04: DF by name.
    Name(&'a [u8]),
    /// P1=08: path from the MF.
    PathFromRoot(&'a [u8]),
    /// P1=09: path from the current DF.
    PathFromCurrent(&'a [u8]),
}

/// What SELECT shall answer (ISO 7816-4 §11.2.2, P2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileInformation {
    /// P2=00: FCI template.
    Fci,
    /// P2=04: FCP template.
    Fcp,
    /// P2=0C: nothing.
    None,
}

/// Where READ BINARY and UPDATE BINARY go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Short identifier, or the current file.
    pub file: Option<u8>,
    /// Bytes from the start of the file.
    pub offset: usize,
}

/// One command, understood. Parameter bytes whose meaning depends on the chip are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// SELECT.
    Select {
        /// Which one.
        file: Selection<'a>,
        /// What the card tells of it.
        answer: FileInformation,
    },
    /// READ BINARY.
    ReadBinary {
        /// Where it begins.
        from: Position,
        /// Ne, 1 to 256.
        expected: usize,
    },
    /// UPDATE BINARY.
    UpdateBinary {
        /// Where it begins.
        at: Position,
        /// What is written.
        data: &'a [u8],
    },
    /// Empty `value`: the state of the code is asked.
    Verify {
        /// Reference of the PIN or PUK, see [`crate::layout`].
        reference: u8,
        /// Its value; empty asks for the state.
        value: &'a [u8],
    },
    /// CHANGE REFERENCE DATA.
    ChangeReferenceData {
        /// P1: 00 for the old value and the new one, 01 for the new one alone.
        mode: u8,
        /// Reference of the PIN or PUK.
        reference: u8,
        /// The values, one behind the other.
        data: &'a [u8],
    },
    /// RESET RETRY COUNTER.
    ResetRetryCounter {
        /// P1: what the data hold.
        mode: u8,
        /// Reference of the PIN.
        reference: u8,
        /// Values of the PUK and of the PIN, as the mode says.
        data: &'a [u8],
    },
    /// GET DATA.
    GetData {
        /// P1 and P2.
        tag: u16,
        /// What is asked of it.
        data: &'a [u8],
    },
    /// MANAGE SECURITY ENVIRONMENT.
    ManageSecurityEnvironment {
        /// P1: which components are set.
        mode: u8,
        /// P2: for signatures, hashes, decipherment or authentication.
        template: u8,
        /// Data objects of the template.
        data: &'a [u8],
    },
    /// PSO HASH `90 A0`.
    Hash {
        /// What PSO HASH takes.
        data: &'a [u8],
    },
    /// PSO COMPUTE DIGITAL SIGNATURE `9E 9A`; empty `hash`: the one the card computed.
    ComputeDigitalSignature {
        /// The hash, or nothing where the card has it already.
        hash: &'a [u8],
    },
    /// PSO DECIPHER `80 86`.
    Decipher {
        /// The cryptogram.
        data: &'a [u8],
    },
    /// INTERNAL AUTHENTICATE.
    InternalAuthenticate {
        /// What is signed.
        data: &'a [u8],
    },
    /// GET CHALLENGE.
    GetChallenge {
        /// Ne, 1 to 256.
        expected: usize,
    },
}

impl<'a> Command<'a> {
    /// Understands a command. Unknown instructions and parameters give their status words.
    pub fn parse(apdu: &Apdu<'a>) -> Result<Self, Status> {
        let Apdu { p1, p2, data, .. } = *apdu;
        match apdu.ins {
            ins::SELECT => Self::select(p1, p2, data),
            ins::READ_BINARY if data.is_empty() => Ok(Self::ReadBinary {
                from: position(p1, p2)?,
                expected: apdu.expected.unwrap_or(256),
            }),
            ins::READ_BINARY => Err(Status::WRONG_LENGTH),
            ins::UPDATE_BINARY => Ok(Self::UpdateBinary {
                at: position(p1, p2)?,
                data,
            }),
            ins::VERIFY if p1 == 0 => Ok(Self::Verify {
                reference: p2,
                value: data,
            }),
            ins::CHANGE_REFERENCE_DATA => Ok(Self::ChangeReferenceData {
                mode: p1,
                reference: p2,
                data,
            }),
            ins::RESET_RETRY_COUNTER => Ok(Self::ResetRetryCounter {
                mode: p1,
                reference: p2,
                data,
            }),
            ins::GET_DATA => Ok(Self::GetData {
                tag: u16::from_be_bytes([p1, p2]),
                data,
            }),
            ins::MANAGE_SECURITY_ENVIRONMENT => Ok(Self::ManageSecurityEnvironment {
                mode: p1,
                template: p2,
                data,
            }),
            ins::PERFORM_SECURITY_OPERATION => match (p1, p2) {
                (0x90, 0xA0) => Ok(Self::Hash { data }),
                (0x9E, 0x9A) => Ok(Self::ComputeDigitalSignature { hash: data }),
                (0x80, 0x86) => Ok(Self::Decipher { data }),
                _ => Err(Status::WRONG_PARAMETERS),
            },
            ins::INTERNAL_AUTHENTICATE if p1 == 0 && p2 == 0 => Ok(Self::InternalAuthenticate { data }),
            ins::GET_CHALLENGE if p1 == 0 && p2 == 0 && data.is_empty() => Ok(Self::GetChallenge {
                expected: apdu.expected.unwrap_or(256),
            }),
            ins::VERIFY | ins::INTERNAL_AUTHENTICATE => Err(Status::WRONG_PARAMETERS),
            ins::GET_CHALLENGE if p1 != 0 || p2 != 0 => Err(Status::WRONG_PARAMETERS),
            ins::GET_CHALLENGE => Err(Status::WRONG_LENGTH),
            _ => Err(Status::UNKNOWN_INSTRUCTION),
        }
    }

    fn select(p1: u8, p2: u8, data: &'a [u8]) -> Result<Self, Status> {
        let file = match p1 {
            0x00 => Selection::Identifier(data),
            0x02 => Selection::ElementaryFile(data),
            0x04 => Selection::Name(data),
            0x08 => Selection::PathFromRoot(data),
            0x09 => Selection::PathFromCurrent(data),
            _ => return Err(Status::WRONG_PARAMETERS),
        };
        let answer = match p2 {
            0x00 => FileInformation::Fci,
            0x04 => FileInformation::Fcp,
            0x0C => FileInformation::None,
            _ => return Err(Status::WRONG_PARAMETERS),
        };
        Ok(Self::Select { file, answer })
    }
}

/// P1-P2 of the BINARY commands: bit 8 of P1 set, a short identifier and an offset of one byte; else an offset of
/// fifteen bits (ISO 7816-4 §11.3.2).
fn position(p1: u8, p2: u8) -> Result<Position, Status> {
    match (p1 & 0x80 != 0, p1 & 0x60) {
        (true, 0) => Ok(Position {
            file: Some(p1 & 0x1F),
            offset: usize::from(p2),
        }),
        (true, _) => Err(Status::WRONG_PARAMETERS),
        (false, _) => Ok(Position {
            file: None,
            offset: usize::from(u16::from_be_bytes([p1, p2])),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_cases() {
        let case = |bytes: &'static [u8]| Apdu::parse(bytes).map(|apdu| (apdu.data, apdu.expected));
        assert_eq!(case(&[0, 0x20, 0, 1]), Ok((&[][..], None)));
        assert_eq!(case(&[0, 0xB0, 0, 0, 0]), Ok((&[][..], Some(256))));
        assert_eq!(case(&[0, 0xA4, 0, 0, 2, 0x3F, 0]), Ok((&[0x3F, 0][..], None)));
        assert_eq!(
            case(&[0, 0xA4, 0, 0, 2, 0x3F, 0, 0x10]),
            Ok((&[0x3F, 0][..], Some(16)))
        );
        assert_eq!(case(&[0, 0xA4, 0]), Err(Status::WRONG_LENGTH));
        assert_eq!(case(&[0, 0xA4, 0, 0, 3, 0x3F]), Err(Status::WRONG_LENGTH));
        assert_eq!(case(&[0, 0xA4, 0, 0, 0, 0, 1, 0x3F]), Err(Status::WRONG_LENGTH));
    }
}
