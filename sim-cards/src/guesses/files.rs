//! Numbers of files and of a key that clients find through EF.DIR, ODF, CDF, DODF and PrKDF.

/// Labels of the applications in EF.DIR, which on one real CPS3 is 101 bytes long.
pub const CONTACT_APPLICATION_LABEL: &str = "Application CPS contact";
pub const CONTACTLESS_APPLICATION_LABEL: &str = "Application CPS sans contact";
/// Directory of the contactless application; its path comes from EF.DIR.
pub const CONTACTLESS_APPLICATION: u16 = 0x0002;
/// The key of that application.
pub const CPS3_TECHNICAL_KEY: u8 = 0x83;
pub const TECHNICAL_CERTIFICATE: u16 = 0xB003;
/// In no directory: a CPS3 has no public key files.
pub const TECHNICAL_PUBLIC_KEY: u16 = 0xA003;
pub const EF_AODF: u16 = 0x7001;
pub const EF_PRKDF: u16 = 0x7002;
/// CPS4 only.
pub const EF_PUKDF: u16 = 0x7004;
pub const EF_CDF: u16 = 0x7005;
pub const EF_DODF: u16 = 0x7006;
pub const SIGNATURE_CERTIFICATE: u16 = 0xB001;
pub const AUTHENTICATION_CERTIFICATE: u16 = 0xB002;
/// CPS4 only.
pub const SIGNATURE_PUBLIC_KEY: u16 = 0xA001;
/// CPS4 only.
pub const AUTHENTICATION_PUBLIC_KEY: u16 = 0xA002;

pub const CPS_ID_CARD: u16 = 0xD101;
pub const CPS_NAME_PS: u16 = 0xD102;
pub const CPS_LANG_PS: u16 = 0xD103;
pub const CPS_INFO_PS: u16 = 0xD104;
/// CPS4 only, as all that follow.
pub const CPS_SIT_FACT: u16 = 0xD140;
pub const CPS2TER_ATR: u16 = 0xD150;
pub const CPS2TER_ID: u16 = 0xD151;
pub const CPS2TER_ICC: u16 = 0xD152;
pub const CPS2TER_NAME: u16 = 0xD153;
pub const CPS2TER_LANG: u16 = 0xD154;
pub const CPS2TER_PSINFO: u16 = 0xD155;
pub const CPS2TER_DIRAMO: u16 = 0xD156;
/// CPS2TER_ACTIVITY_01_PS; the others follow.
pub const FIRST_CPS2TER_ACTIVITY: u16 = 0xD160;
