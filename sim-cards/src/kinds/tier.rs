//! The three trees of authorities of IGC-Santé.

/// How sure an authority is of whom it certifies: each has its own tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// ÉLÉMENTAIRE.
    Elementaire,
    /// STANDARD.
    Standard,
    /// FORT.
    Fort,
}
