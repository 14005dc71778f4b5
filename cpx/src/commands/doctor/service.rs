//! The PC/SC service, and the readers that it and USB show.

use pcsc::Error;

use super::Findings;
use crate::message;
use crate::readers::{self, Reader};
use crate::screen::Mark;
use crate::system::pcscd::{self, Answer};
use crate::system::{System, processes, usb};

const PROGRAMS: [&str; 3] = ["/usr/sbin/pcscd", "/usr/bin/pcscd", "/usr/libexec/pcscd"];

/// Where pcscd looks for the driver of readers of the common class.
const DRIVERS: [&str; 3] = [
    "/usr/lib/pcsc/drivers/ifd-ccid.bundle",
    "/usr/lib64/pcsc/drivers/ifd-ccid.bundle",
    "/usr/lib/x86_64-linux-gnu/pcsc/drivers/ifd-ccid.bundle",
];

/// The person's folder in memory, which the module needs to know of other programs' logins.
pub fn runtime_folder(system: &System, findings: &mut Findings) {
    if !system.runtime.as_ref().is_some_and(|folder| folder.is_dir()) {
        findings.warn("doctor-no-runtime-folder");
    }
}

/// The service with its readers; nothing if it cannot be used.
pub fn examine(system: &System, findings: &mut Findings) -> Option<Vec<Reader>> {
    let (major, minor) = match pcscd::ask(&system.socket) {
        Answer::Speaks(major, minor) => (major, minor),
        no => {
            findings.bad(match no {
                Answer::Absent if system.first(&PROGRAMS).is_none() => "doctor-service-absent",
                Answer::Closed => "doctor-service-closed",
                Answer::Silent => "doctor-service-silent",
                Answer::TurnsAway => "doctor-service-full",
                _ => "doctor-service-stopped",
            });
            // A reader without a driver is worth saying all the same.
            examine_devices(&[], system, findings);
            return None;
        }
    };
    let version = format!("{major}:{minor}");
    match readers::list() {
        Ok(readers) => {
            findings.good(message!("doctor-service", version = version));
            examine_devices(&readers, system, findings);
            describe(&readers, system, findings);
            Some(readers)
        }
        Err(Error::SecurityViolation) => {
            findings.bad(match () {
                () if processes::are_hidden(system) => "doctor-service-refuses-hidepid",
                () if system.remote => "doctor-service-refuses-remote",
                () => "doctor-service-refuses",
            });
            None
        }
        Err(Error::NoService | Error::ServiceStopped) => {
            findings.bad(message!("doctor-service-version", version = version));
            None
        }
        Err(other) => {
            findings.failure(readers::failure(other));
            None
        }
    }
}

fn describe(readers: &[Reader], system: &System, findings: &mut Findings) {
    if !readers.is_empty() {
        let names: Vec<String> = readers.iter().map(|reader| short(&reader.name)).collect();
        findings.good(message!("doctor-readers", readers = names.join(", ")));
    } else if usb::readers(system).is_empty() {
        findings.bad("doctor-no-reader");
    }
}

/// The name of a reader without the serial number that some have in brackets.
pub fn short(name: &str) -> String {
    match (name.find('('), name.rfind(')')) {
        (Some(begin), Some(end)) if begin < end => {
            let (before, after) = (name.get(..begin), name.get(end + 1..));
            let parts = [before, after].map(|part| part.unwrap_or_default().trim());
            parts.join(" ").trim().to_owned()
        }
        _ => name.to_owned(),
    }
}

/// Devices that USB shows and PC/SC does not.
fn examine_devices(readers: &[Reader], system: &System, findings: &mut Findings) {
    let devices = usb::readers(system);
    if readers.len() >= devices.len() {
        return;
    }
    // With other readers about, nobody can tell which device is whose.
    let mark = match readers.is_empty() {
        true => Mark::Bad,
        false => Mark::Warning,
    };
    for device in devices {
        let (name, id) = (device.name, device.id);
        let message = match device.is_ccid {
            false => message!("doctor-reader-not-ccid", name = name, id = id),
            true if system.first(&DRIVERS).is_none() => {
                message!("doctor-reader-without-driver", name = name, id = id)
            }
            true if readers.is_empty() => message!("doctor-reader-unseen", name = name, id = id),
            true => continue,
        };
        findings.add(mark, message);
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn the_serial_number_of_a_reader_is_not_shown() {
        for (name, shown) in [
            (
                "Gemalto PC Twin Reader (70D7E2EE) 00 00",
                "Gemalto PC Twin Reader 00 00",
            ),
            ("Lab Reader 00 00", "Lab Reader 00 00"),
            (") odd (", ") odd ("),
        ] {
            assert_eq!(short(name), shown);
        }
    }
}
