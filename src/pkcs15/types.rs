//! What a directory says, as types.

/// A file of the card: file identifiers from the master file, and the part of it that is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    /// File identifiers from 3F00 downwards, 3F00 included (`3F00 0001 B001`).
    pub fids: Vec<u16>,
    /// Offset and length of the part that is meant; `None` for the whole file.
    pub part: Option<(usize, usize)>,
    /// The file belongs to the CPS2ter side of the chip and is read with class A0.
    pub legacy: bool,
}

/// What the directory says of the card itself, short of its objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenDirectory {
    /// TokenInfo.
    pub token: TokenInfo,
    /// AODF.
    pub pins: Vec<PinObject>,
}

/// The objects that the directory announces.
#[cfg(test)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects {
    /// PrKDF.
    pub private_keys: Vec<PrivateKey>,
    /// PuKDF.
    pub public_keys: Vec<PublicKey>,
    /// CDF, trusted and useful certificates alike.
    pub certificates: Vec<Certificate>,
    /// DODF.
    pub data: Vec<DataObject>,
}

/// TokenInfo (PKCS #15 §6.9).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenInfo {
    /// Label, empty when absent.
    pub label: String,
    /// Manufacturer, empty when absent.
    pub manufacturer: String,
    /// lastUpdate as stored (GeneralizedTime text), when present.
    pub last_update: Option<String>,
}

/// What every entry of a directory file carries (CommonObjectAttributes).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Common {
    /// Label as stored.
    pub label: String,
    /// Flag `private`.
    pub private: bool,
    /// Flag `modifiable`.
    pub modifiable: bool,
    /// Identifier of the PIN that protects the object.
    pub auth_id: Option<Vec<u8>>,
}

/// A PIN (AODF, PinAttributes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinObject {
    /// Common attributes.
    pub common: Common,
    /// authId of the PIN itself.
    pub auth_id: Vec<u8>,
    /// The PIN unblocks another one: flag soPin or unblockingPin.
    pub unblocking: bool,
    /// Reference for VERIFY (P2).
    pub reference: u8,
    /// Shortest PIN, in digits.
    pub min_len: usize,
    /// Longest PIN, in digits.
    pub max_len: usize,
    /// Length to which the PIN is padded when `pad` is set.
    pub stored_len: usize,
    /// Character that pads the PIN (flag needs-padding).
    pub pad: Option<u8>,
    /// File to select before the PIN is presented.
    pub path: Option<Path>,
}

/// KeyUsageFlags of PKCS #15 that matter here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Usage {
    pub encrypt: bool,
    pub decrypt: bool,
    pub sign: bool,
    pub sign_recover: bool,
    pub wrap: bool,
    pub unwrap: bool,
    pub verify: bool,
    pub verify_recover: bool,
    pub derive: bool,
    pub non_repudiation: bool,
}

/// A private RSA key (PrKDF).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrivateKey {
    /// Common attributes.
    pub common: Common,
    /// Identifier shared with the certificate.
    pub id: Vec<u8>,
    /// Usage.
    pub usage: Usage,
    /// Key reference, one byte (a negative DER integer is taken as its low byte).
    pub reference: u8,
    /// Modulus length in bits.
    pub modulus_bits: usize,
}

/// A public key (PuKDF).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Common attributes.
    pub common: Common,
    /// Identifier shared with the certificate.
    pub id: Vec<u8>,
    /// Usage.
    pub usage: Usage,
    /// File that holds the key, when there is one.
    pub path: Option<Path>,
    /// Modulus length in bits.
    pub modulus_bits: usize,
}

/// An X.509 certificate (CDF).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Common attributes.
    pub common: Common,
    /// Identifier shared with the key.
    pub id: Vec<u8>,
    /// authority flag: a CA's certificate.
    pub authority: bool,
    /// File that holds it.
    pub path: Path,
}

/// A data object (DODF).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataObject {
    /// Common attributes.
    pub common: Common,
    /// Name of the application.
    pub application: String,
    /// Application's object identifier, DER encoded with tag and length, when given.
    pub oid: Option<Vec<u8>>,
    /// File that holds it.
    pub path: Path,
}
