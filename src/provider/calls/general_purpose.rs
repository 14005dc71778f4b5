//! General-purpose functions (PKCS #11 §5.4).

use crate::provider::library::Library;
use crate::provider::types::{LibraryInfo, Version};

impl Library {
    /// C_GetInfo.
    pub fn info(&self) -> LibraryInfo {
        LibraryInfo {
            cryptoki_version: Version { major: 3, minor: 2 },
            manufacturer: "cpx-pkcs11",
            flags: 0,
            description: "CPx cards PKCS#11",
            version: Version {
                major: package_version(0),
                minor: package_version(1),
            },
        }
    }
}

/// Number `index` of the crate's version.
fn package_version(index: usize) -> u8 {
    env!("CARGO_PKG_VERSION")
        .split('.')
        .nth(index)
        .and_then(|n| n.parse().ok())
        .unwrap_or(0)
}
