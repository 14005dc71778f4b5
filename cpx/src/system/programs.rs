//! Browsers and mail programs, and how they were installed.

use std::path::PathBuf;

use super::System;

/// A program with a PKCS #11 database of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// Mozilla's browser.
    Firefox,
    /// Mozilla's mail program.
    Thunderbird,
    /// Google's browser and those made from it.
    Chromium,
}

/// A package that shuts its program in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cage {
    /// Canonical's.
    Snap,
    /// Flathub's and others.
    Flatpak,
}

impl Program {
    /// All of them.
    pub const ALL: [Program; 3] = [Program::Firefox, Program::Thunderbird, Program::Chromium];

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Program::Firefox => "Firefox",
            Program::Thunderbird => "Thunderbird",
            Program::Chromium => "Chromium",
        }
    }

    /// Beginning of the short name of its processes.
    pub fn process(self) -> &'static str {
        match self {
            Program::Firefox => "firefox",
            Program::Thunderbird => "thunderbird",
            Program::Chromium => "chromium",
        }
    }

    fn flatpaks(self) -> &'static [&'static str] {
        match self {
            Program::Firefox => &["org.mozilla.firefox"],
            Program::Thunderbird => &["org.mozilla.Thunderbird", "net.thunderbird.Thunderbird"],
            Program::Chromium => &["org.chromium.Chromium", "com.google.Chrome"],
        }
    }

    /// The packages that shut it in, of those that are installed.
    pub fn cages(self, system: &System) -> Vec<Cage> {
        let snap = system.at("/snap").join(self.process());
        let places = [
            Some(system.at("/var/lib/flatpak/app")),
            system.at_home(".local/share/flatpak/app"),
        ];
        let is_flatpak = |place: &PathBuf| self.flatpaks().iter().any(|id| place.join(id).exists());
        let mut cages = Vec::new();
        cages.extend(snap.exists().then_some(Cage::Snap));
        cages.extend(places.iter().flatten().any(is_flatpak).then_some(Cage::Flatpak));
        cages
    }
}

impl Cage {
    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Cage::Snap => "snap",
            Cage::Flatpak => "flatpak",
        }
    }
}
