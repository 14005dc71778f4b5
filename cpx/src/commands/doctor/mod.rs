//! `cpx doctor`: every reason why the card does not work, one line each, with what to do next. It
//! never stops at a reason: what can still be looked at is looked at. No PIN is presented.

mod card;
mod library;
mod programs;
mod report;
mod service;

use serde_json::{Map, Value, json};

use super::{Context, Report};
use crate::arguments::Doctor;
use crate::files;
use crate::module::Module;
use crate::outcome::{Exit, Failure, Result};
use crate::say;
use crate::screen::{Mark, Screen, harmless_lines};
use crate::system::System;
use crate::texts::{Filling, Message, Texts};

/// One thing that was found, good or bad. Its key without `doctor-` is its word for programs.
pub struct Finding {
    mark: Mark,
    message: Message,
}

/// What was found so far.
#[derive(Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, mark: Mark, message: impl Into<Message>) {
        let message = message.into();
        self.0.push(Finding { mark, message });
    }

    fn good(&mut self, message: impl Into<Message>) {
        self.add(Mark::Good, message);
    }

    fn note(&mut self, message: impl Into<Message>) {
        self.add(Mark::Note, message);
    }

    fn warn(&mut self, message: impl Into<Message>) {
        self.add(Mark::Warning, message);
    }

    fn bad(&mut self, message: impl Into<Message>) {
        self.add(Mark::Bad, message);
    }

    /// A command would fail in this way.
    fn failure(&mut self, failure: Failure) {
        self.bad(failure.message);
    }

    fn count(&self, mark: Mark) -> i64 {
        let marked = self.0.iter().filter(|finding| finding.mark == mark);
        i64::try_from(marked.count()).unwrap_or(i64::MAX)
    }
}

impl Finding {
    fn id(&self) -> &'static str {
        let key = self.message.key;
        key.strip_prefix("doctor-").unwrap_or(key)
    }

    fn for_programs(&self) -> Value {
        let places = self.message.places.iter().map(|(name, filling)| {
            let value = match filling {
                Filling::Text(text) => json!(text),
                Filling::Number(number) => json!(number),
            };
            ((*name).to_owned(), value)
        });
        json!({
            "id": self.id(),
            "level": self.mark.word(),
            "about": places.collect::<Map<String, Value>>(),
        })
    }

    fn text(&self, texts: &Texts, screen: Screen) -> String {
        let sign = screen.mark(self.mark);
        let words = harmless_lines(&texts.say(&self.message));
        let mut text = format!("{sign} {words}\n");
        let next = match self.mark {
            Mark::Good => None,
            _ => texts.next(&self.message),
        };
        for line in next.iter().flat_map(|next| next.lines()) {
            text.push_str(&format!("    {}\n", harmless_lines(line)));
        }
        text
    }
}

/// The command.
pub fn run(arguments: &Doctor, context: &Context) -> Result<Report> {
    let system = System::of_environment(arguments.place.root.as_deref());
    let busy = context.busy("busy-doctor");
    let findings = examine(&system, context);
    drop(busy);
    let (errors, warnings) = (findings.count(Mark::Bad), findings.count(Mark::Warning));
    let mut report = Report::default();
    for finding in &findings.0 {
        report
            .text
            .push_str(&finding.text(&context.texts, context.screen));
    }
    let sum = say!(context.texts, "doctor-sum", errors = errors, warnings = warnings);
    report.text.push_str(&format!("\n{sum}\n"));
    if let Some(path) = &arguments.report {
        let content = report::write(&findings, &system, &context.texts);
        files::write_new(path, content.as_bytes())?;
        let path = path.display().to_string();
        let written = say!(context.texts, "written", path = path.clone());
        report.text.push_str(&format!("{written}\n"));
        report.put("report", path);
    }
    let listed: Vec<Value> = findings.0.iter().map(Finding::for_programs).collect();
    report.put("findings", listed);
    report.put("errors", errors);
    report.put("warnings", warnings);
    if errors + warnings > 0 {
        report.end(Exit::Findings);
    }
    Ok(report)
}

fn examine(system: &System, context: &Context) -> Findings {
    let mut findings = Findings::default();
    service::runtime_folder(system, &mut findings);
    let readers = service::examine(system, &mut findings);
    let path = library::examine(system, context, &mut findings);
    library::clock(system, path.as_deref(), &mut findings);
    if let (Some(readers), Some(path)) = (readers, &path) {
        match Module::load(Some(path)) {
            Err(failure) => findings.failure(failure),
            Ok(module) => {
                library::describe(&module, system, &mut findings);
                if !readers.is_empty() {
                    card::examine(&module, system, context, &mut findings);
                }
            }
        }
    }
    programs::examine(system, &mut findings);
    findings
}
