//! For which processor a library is made, by the head of its file (ELF).

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Class, byte order and machine: what has to be the same in a program and its libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    class: u8,
    order: u8,
    number: u16,
}

impl Machine {
    /// Of a file; nothing if it is no ELF file.
    pub fn of(path: &Path) -> Option<Machine> {
        let mut head = [0; 20];
        File::open(path).ok()?.read_exact(&mut head).ok()?;
        let [0x7F, b'E', b'L', b'F', class, order, .., low, high] = head else {
            return None;
        };
        let number = match order {
            2 => u16::from_be_bytes([low, high]),
            _ => u16::from_le_bytes([low, high]),
        };
        Some(Machine { class, order, number })
    }

    /// That of this program.
    pub fn own() -> Option<Machine> {
        Machine::of(&std::env::current_exe().ok()?)
    }

    /// As people call it.
    pub fn name(self) -> String {
        match self.number {
            3 => "i386".into(),
            40 => "arm".into(),
            62 => "x86_64".into(),
            183 => "aarch64".into(),
            243 => "riscv64".into(),
            number => format!("ELF {number}"),
        }
    }
}
