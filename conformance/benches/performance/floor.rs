//! The least that any driver can ask of a card: `docs/performance.md` derives it. The lengths of files are the card's own.

use sim_cards::timing::Timing;
use sim_cards::{Protocol, SimCard, guesses, layout};

use crate::cost::{Cost, Result};
use crate::stack::card;
use crate::workloads::Kind;

/// Longest answer to one command, and longest data field.
const ANSWER: usize = 256;
const DATA: usize = 255;

/// A DigestInfo of SHA-256, and a signature.
const DIGEST_INFO: usize = 51;
const SIGNATURE: usize = 256;

/// Adds up commands.
struct Meter {
    timing: Timing,
    protocol: Protocol,
    lengths_known: bool,
    cost: Cost,
}

impl Meter {
    fn exchange(&mut self, sent: usize, received: usize) {
        let bytes = sent + received + self.timing.framing as usize;
        self.cost += Cost {
            exchanges: 1,
            sent: sent as u64,
            received: received as u64,
            time: self.timing.exchange + self.timing.byte * u32::try_from(bytes).unwrap_or(u32::MAX),
        };
    }

    /// One command with so much data, and an answer of so many bytes, in the form of its protocol.
    fn command(&mut self, data: usize, answer: usize) {
        match (self.protocol, data, answer) {
            (Protocol::T1, 0, 0) => self.exchange(4, 2),
            (_, 0, answer) => self.exchange(5, answer + 2),
            (_, data, 0) => self.exchange(5 + data, 2),
            (Protocol::T1, data, answer) => self.exchange(5 + data + 1, answer + 2),
            // The answer waits for GET RESPONSE.
            (Protocol::T0, data, answer) => {
                self.exchange(5 + data, 2);
                self.exchange(5, answer + 2);
            }
        }
    }

    /// A file that is needed whole and does not say how long it is. With T=1 a command that asks for too much is answered all the same;
    /// with T=0 it is answered with the length.
    fn directory(&mut self, path: usize, length: usize) {
        if self.protocol == Protocol::T0 && !self.lengths_known {
            self.exchange(5, 2);
        }
        self.file(path, length);
    }

    /// SELECT by a path of so many file identifiers, and READ BINARY.
    fn file(&mut self, path: usize, length: usize) {
        self.command(2 * path, 0);
        let mut left = length;
        while left > 0 {
            self.command(0, left.min(ANSWER));
            left = left.saturating_sub(ANSWER);
        }
    }

    fn private_key(&mut self) {
        self.cost.time += self.timing.private_key;
    }
}

/// What is asked of a card: serial number, token information, counters of both codes; certificates, one of them; login; private keys,
/// signature with the key for authentication.
pub struct Floor {
    /// By a driver that meets the card for the first time.
    pub first: Cost,
    /// By one that knows the length of each file before it reads it.
    pub knowing: Cost,
}

impl Floor {
    /// Of a card whose certificate for authentication has this length.
    pub fn of(kind: Kind, certificate: u64) -> Result<Floor> {
        Ok(Floor {
            first: Self::login(kind, certificate, false)?,
            knowing: Self::login(kind, certificate, true)?,
        })
    }

    fn login(kind: Kind, certificate: u64, lengths_known: bool) -> Result<Cost> {
        let certificate = usize::try_from(certificate).map_err(|error| error.to_string())?;
        let card = card(kind.holder(), &kind.options())?;
        let mut meter = Meter {
            timing: card.timing(),
            protocol: card.protocol(),
            lengths_known,
            cost: Cost::default(),
        };
        let files = Files::of(kind, card)?;
        // Paths begin with 3F00 on a CPS3.
        let path = if matches!(kind, Kind::Cps3 | Kind::Cps3Contactless) {
            3
        } else {
            2
        };
        meter.start(kind, path, &files);
        meter.directory(path, files.certificates);
        meter.file(path, certificate);
        if kind != Kind::Cps3Contactless {
            // VERIFY with a code of four digits.
            meter.command(4, 0);
        }
        meter.directory(path, files.private_keys);
        meter.signature(kind);
        Ok(meter.cost)
    }
}

impl Meter {
    fn start(&mut self, kind: Kind, path: usize, files: &Files) {
        match kind {
            // EF.SN.ICC by its short identifier.
            Kind::Cps3 | Kind::Cps3Contactless => self.command(0, 12),
            // The root application on channel 1, EF.SN.ICC by its path.
            Kind::Cps4T1 | Kind::Cps4T0 => {
                self.command(8, 0);
                self.file(1, 12);
            }
        }
        if kind == Kind::Cps3Contactless {
            // EF.DIR tells where the application is.
            self.directory(2, files.applications);
        }
        self.directory(path, files.odf);
        self.file(path, files.token_info);
        if kind != Kind::Cps3Contactless {
            self.directory(path, files.codes);
        }
        match kind {
            Kind::Cps3 => {
                // EF_ACTUA, absent; then the master file, where the counters are.
                self.command(4, 0);
                self.command(2, 0);
                for counter in files.counters {
                    self.command(10, counter);
                }
            }
            // VERIFY without data.
            Kind::Cps4T1 | Kind::Cps4T0 => (0..2).for_each(|_| self.command(0, 0)),
            Kind::Cps3Contactless => {}
        }
    }

    fn signature(&mut self, kind: Kind) {
        match kind {
            Kind::Cps3 | Kind::Cps3Contactless => {
                self.command(6, 0);
                self.command(DIGEST_INFO, SIGNATURE);
            }
            // The block that the host has padded, chained.
            Kind::Cps4T1 | Kind::Cps4T0 => {
                self.command(3, 0);
                self.command(DATA, 0);
                self.command(SIGNATURE - DATA, SIGNATURE);
            }
        }
        self.private_key();
    }
}

/// Lengths of what has to be read. Of TokenInfo that is all up to the label.
struct Files {
    applications: usize,
    odf: usize,
    token_info: usize,
    codes: usize,
    certificates: usize,
    private_keys: usize,
    counters: [usize; 2],
}

impl Files {
    fn of(kind: Kind, card: SimCard) -> Result<Files> {
        let mut view = View { card, kind };
        view.card.power_on().ok_or("no answer to reset")?;
        if matches!(kind, Kind::Cps4T1 | Kind::Cps4T0) {
            view.ask(&[&[0x01, 0xA4, 0x04, 0x0C, 0x08], &layout::ROOT_AID[..]].concat())?;
        }
        let files = &guesses::get().files;
        let application = match kind {
            Kind::Cps3Contactless => files.contactless_application,
            _ => layout::CONTACT_APPLICATION,
        };
        Ok(Files {
            applications: view.size(&[layout::EF_DIR])?,
            odf: view.size(&[application, layout::EF_ODF])?,
            certificates: view.size(&[application, files.cdf])?,
            private_keys: view.size(&[application, files.prkdf])?,
            codes: match kind {
                Kind::Cps3Contactless => 0,
                _ => view.size(&[application, files.aodf])?,
            },
            token_info: view.label_end(&[application, layout::EF_TOKEN_INFO])?,
            counters: match kind {
                Kind::Cps3 => [view.counter(1)?, view.counter(2)?],
                _ => [0; 2],
            },
        })
    }
}

/// Looks into a card with commands of its own.
struct View {
    card: SimCard,
    kind: Kind,
}

impl View {
    /// The answer without its status word, GET RESPONSE included.
    fn ask(&mut self, command: &[u8]) -> Result<Vec<u8>> {
        let mut answer = self.card.transmit(command);
        if let [0x61, length] = answer[..] {
            answer = self.card.transmit(&[command[0], 0xC0, 0, 0, length]);
        }
        match answer.split_last_chunk::<2>() {
            Some((data, [0x90, 0x00])) => Ok(data.to_vec()),
            _ => Err(format!("{command:02X?} was answered with {answer:02X?}")),
        }
    }

    /// Selects a file and tells its length (tag 80, which comes first in its control information).
    fn size(&mut self, below: &[u16]) -> Result<usize> {
        let header: [u8; 4] = match self.kind {
            Kind::Cps3 | Kind::Cps3Contactless => [0x00, 0xA4, 0x09, 0x04],
            Kind::Cps4T1 | Kind::Cps4T0 => [0x01, 0xA4, 0x08, 0x00],
        };
        let above: &[u16] = if header[0] == 0 { &[0x3F00] } else { &[] };
        let path: Vec<u8> = [above, below]
            .concat()
            .iter()
            .flat_map(|fid| fid.to_be_bytes())
            .collect();
        let length = u8::try_from(path.len()).map_err(|error| error.to_string())?;
        let mut command = [&header[..], &[length], &path].concat();
        if self.card.protocol() == Protocol::T1 {
            command.push(0);
        }
        match self.ask(&command)?[..] {
            [0x62 | 0x6F, _, 0x80, 2, high, low, ..] => Ok(usize::from(high) << 8 | usize::from(low)),
            ref other => Err(format!("control information {other:02X?}")),
        }
    }

    /// Bytes of TokenInfo up to the end of its label, tag 80 inside one SEQUENCE.
    fn label_end(&mut self, below: &[u16]) -> Result<usize> {
        let size = self.size(below)?;
        let length = u8::try_from(size).map_err(|error| error.to_string())?;
        let class = if matches!(self.kind, Kind::Cps3 | Kind::Cps3Contactless) {
            0x00
        } else {
            0x01
        };
        let content = self.ask(&[class, 0xB0, 0, 0, length])?;
        let mut at = match content[..] {
            [0x30, 0x81, ..] => 3,
            _ => 2,
        };
        while let [tag, length, ..] = content[at..] {
            at += 2 + usize::from(length);
            if tag == 0x80 {
                return Ok(at);
            }
        }
        Err("TokenInfo without a label".into())
    }

    /// Bytes that the card tells of a code.
    fn counter(&mut self, code: u8) -> Result<usize> {
        self.ask(&[0x00, 0xA4, 0x09, 0x0C, 0x02, 0x3F, 0x00])?;
        let question = [0x4D, 0x08, 0x70, 0x06, 0xBF, 0x81, code, 0x02, 0xA0, 0x80];
        Ok(self
            .ask(&[&[0x00, 0xCB, 0x3F, 0xFF, 0x0A], &question[..]].concat())?
            .len())
    }
}
