//! The module under real clients.
