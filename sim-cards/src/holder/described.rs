//! The card that people mean, by a name, a file or a text.

/// How people say whose card they mean.
pub enum Described<'a> {
    Name(&'a str),
    File(&'a str),
    Text(&'a str),
}

impl<'a> Described<'a> {
    pub fn by(text: &'a str) -> Self {
        match text {
            text if text.contains('\n') => Self::Text(text),
            text if text.contains('/') || text.ends_with(".toml") => Self::File(text),
            text => Self::Name(text),
        }
    }
}
