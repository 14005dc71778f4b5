//! `cpx manual DIRECTORY`: man pages and completions for whoever packages the program, below a
//! directory that is laid out as `/usr/share`.

use std::fs;
use std::io;
use std::path::Path;

use clap::Command;
use clap_complete::Shell;
use serde_json::json;

use super::{Context, Report};
use crate::arguments::Manual;
use crate::localize;
use crate::message;
use crate::outcome::{Exit, Failure, Result};
use crate::say;
use crate::texts::{Lang, Texts};

/// Where completions of a shell lie, and under which name.
const COMPLETIONS: [(Shell, &str, &str); 3] = [
    (Shell::Bash, "bash-completion/completions", "cpx"),
    (Shell::Zsh, "zsh/vendor-completions", "_cpx"),
    (Shell::Fish, "fish/vendor_completions.d", "cpx.fish"),
];

/// Headings as clap_mangen writes them, and the keys of those that stand in a page.
const HEADINGS: [(&str, &str); 5] = [
    (".SH NAME", "man-name"),
    (".SH SYNOPSIS", "man-synopsis"),
    (".SH SUBCOMMANDS", "help-commands"),
    (".SH EXTRA", "man-exit-codes"),
    (".SH VERSION", "man-version"),
];

/// The command.
pub fn run(arguments: &Manual, context: &Context) -> Result<Report> {
    let root = &arguments.directory;
    let mut written = Vec::new();
    let files = pages().chain(completions());
    for (place, content) in files {
        write(&root.join(&place), &content).map_err(|reason| {
            let path = root.join(&place).display().to_string();
            let reason = reason.to_string();
            Failure::new(
                Exit::File,
                message!("file-unwritable", path = path, reason = reason),
            )
        })?;
        written.push(place);
    }
    let mut report = Report::default();
    let shown = root.display().to_string();
    report.text = format!("{}\n", say!(context.texts, "written", path = shown));
    report.put("files", json!(written));
    Ok(report)
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, content)
}

/// A page for each command, in English and in French.
fn pages() -> impl Iterator<Item = (String, Vec<u8>)> {
    [(Lang::En, "man/man1"), (Lang::Fr, "man/fr/man1")]
        .into_iter()
        .flat_map(|(lang, place)| {
            let texts = Texts::of(lang);
            let mut command = localize::command(&texts);
            command.build();
            let mut all = Vec::new();
            add_pages(&command, "cpx", place, &texts, &mut all);
            all
        })
}

fn add_pages(command: &Command, name: &str, place: &str, texts: &Texts, all: &mut Vec<(String, Vec<u8>)>) {
    let words = name.replace('-', " ");
    let command = command.clone().name(name.to_owned()).bin_name(words);
    let mut page = Vec::new();
    // Writing to memory does not fail.
    let _ = clap_mangen::Man::new(command.clone()).render(&mut page);
    let mut page = String::from_utf8_lossy(&page).into_owned();
    for (heading, key) in HEADINGS {
        page = page.replace(heading, &format!(".SH \"{}\"", texts.get(key).to_uppercase()));
    }
    all.push((format!("{place}/{name}.1"), page.into_bytes()));
    for subcommand in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = format!("{name}-{}", subcommand.get_name());
        add_pages(subcommand, &name, place, texts, all);
    }
}

fn completions() -> impl Iterator<Item = (String, Vec<u8>)> {
    COMPLETIONS.into_iter().map(|(shell, place, name)| {
        let mut command = localize::command(&Texts::of(Lang::En));
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command, "cpx", &mut script);
        (format!("{place}/{name}"), script)
    })
}
