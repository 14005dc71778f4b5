//! What the keys of a card are for.

/// What a key of the card is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// `CPS_PRIV_SIG`: non-repudiation.
    Signature,
    /// `CPS_PRIV_AUT`: TLS and logon.
    Authentication,
    /// The contactless key, which asks for no code.
    Technical,
}

impl Usage {
    /// Each of them.
    pub const ALL: [Usage; 3] = [Usage::Signature, Usage::Authentication, Usage::Technical];

    /// Suffix of the files of keys and certificates.
    pub fn suffix(self) -> &'static str {
        match self {
            Usage::Signature => "sig",
            Usage::Authentication => "aut",
            Usage::Technical => "tech",
        }
    }
}
