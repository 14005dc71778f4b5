//! Card readers that USB shows, whether PC/SC knows them or not.

use std::path::Path;

use super::{System, entries, text};

/// A device with a card reader in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Vendor and product, in hexadecimal.
    pub id: String,
    /// What it calls itself.
    pub name: String,
    /// Whether it is of the class of card readers (CCID), for which pcscd has one driver.
    pub is_ccid: bool,
}

/// The class of card readers.
const CCID: &str = "0b";

/// Readers of the SESAM-Vitale family that are not of that class.
const SESAM_VITALE: (&str, &str) = ("0b00", "0090");

/// The readers at the bus.
pub fn readers(system: &System) -> Vec<Device> {
    let devices = entries(&system.at("/sys/bus/usb/devices"));
    devices.iter().filter_map(|folder| device(folder)).collect()
}

fn device(folder: &Path) -> Option<Device> {
    let attribute = |name: &str| text(&folder.join(name));
    let (vendor, product) = (attribute("idVendor")?, attribute("idProduct")?);
    let mut interfaces = entries(folder).into_iter();
    let is_ccid = interfaces
        .any(|interface| text(&interface.join("bInterfaceClass")).is_some_and(|class| class == CCID));
    let is_known = (vendor.as_str(), product.as_str()) == SESAM_VITALE;
    (is_ccid || is_known).then(|| Device {
        name: attribute("product").unwrap_or_default(),
        id: format!("{vendor}:{product}"),
        is_ccid,
    })
}
