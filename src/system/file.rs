//! Opening a file where somebody else may have put something in its place.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::OFlags;

/// Options with which no link is followed, no FIFO is waited for and no terminal is taken.
pub(crate) fn careful_options() -> OpenOptions {
    options(OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY)
}

/// Options with which a link is followed, but no FIFO is waited for.
pub(crate) fn unwaiting_options() -> OpenOptions {
    options(OFlags::NONBLOCK)
}

fn options(flags: OFlags) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags(flags.bits().cast_signed());
    options
}
