//! Interruptions: ^C, the end of the session, a terminal that was closed. The program says what
//! that means and ends; the service resets a card whose program ends, which closes it.

use std::sync::Mutex;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::outcome::Exit;
use crate::pin::terminal;
use crate::screen::eprint;
use crate::texts::{Lang, Texts};

/// Key of the text that an interruption now says.
static MEANING: Mutex<&'static str> = Mutex::new("interrupted");

/// Until it is dropped, an interruption says something else.
pub struct During;

/// An interruption from here on says the text of this key.
pub fn during(key: &'static str) -> During {
    if let Ok(mut meaning) = MEANING.lock() {
        *meaning = key;
    }
    During
}

impl Drop for During {
    fn drop(&mut self) {
        if let Ok(mut meaning) = MEANING.lock() {
            *meaning = "interrupted";
        }
    }
}

/// Watches for interruptions from here on.
pub fn watch(lang: Lang) {
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else {
        return;
    };
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            terminal::restore();
            let key = MEANING.lock().map(|meaning| *meaning).unwrap_or("interrupted");
            eprint(&format!("\n{}\n", Texts::of(lang).get(key)));
            std::process::exit(Exit::Interrupted as i32);
        }
    });
}
