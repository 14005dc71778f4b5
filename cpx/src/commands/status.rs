//! `cpx status`: readers, cards, PINs and certificates on one screen. It costs no exchange beyond
//! the token information and what the certificates cost that are not known yet.

use serde_json::{Value, json};

use super::{Context, Report, describe};
use crate::card::certificate::{CardCertificate, hex};
use crate::message;
use crate::module::{Card, Place, Tries};
use crate::outcome::{Exit, Failure, Result};
use crate::pin::tries_in_words;
use crate::screen::{Mark, Table, harmless};

/// The command.
pub fn run(context: &Context) -> Result<Report> {
    let module = context.module()?;
    let busy = context.busy("busy-reading");
    let mut report = Report::default();
    let (mut texts, mut readers) = (Vec::new(), Vec::new());
    let mut seen = Seen::default();
    for (reader, place) in module.places(context.reader())? {
        let mut table = Table::default();
        table.line(context.texts.get("reader"), harmless(&reader.name));
        let about = describe_place(&place, &mut table, &mut seen, context);
        let mut fields = serde_json::Map::new();
        fields.insert("name".into(), json!(reader.name));
        fields.extend(about);
        readers.push(Value::Object(fields));
        texts.push(table.text(context.screen));
    }
    drop(busy);
    report.text = texts.join("\n");
    report.put("readers", readers);
    report.exit = Some(seen.exit());
    Ok(report)
}

/// What was seen, of which the worst decides how the program ends.
#[derive(Default)]
struct Seen {
    cards: usize,
    strangers: usize,
    unusable: usize,
    blocked: bool,
    expired: bool,
}

impl Seen {
    fn exit(&self) -> Exit {
        match () {
            () if self.blocked => Exit::PinBlocked,
            () if self.expired => Exit::Certificate,
            () if self.unusable > 0 => Exit::UnusableCard,
            () if self.cards > 0 => Exit::Fine,
            () if self.strangers > 0 => Exit::UnusableCard,
            () => Exit::NoCard,
        }
    }
}

type Fields = serde_json::Map<String, Value>;

fn fields(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

fn describe_place(place: &Place<'_>, table: &mut Table, seen: &mut Seen, context: &Context) -> Fields {
    let (texts, screen) = (&context.texts, context.screen);
    let card = texts.get("card");
    let mut stranger = |key: &str, table: &mut Table| {
        table.line(
            card.clone(),
            describe::with_mark(Mark::Warning, &texts.get(key), screen),
        );
        seen.strangers += 1;
    };
    match place {
        Place::Empty => {
            table.line(card, texts.get("no-card-in-reader"));
            fields(json!({ "state": "empty" }))
        }
        Place::Mute => {
            stranger("mute-card", table);
            fields(json!({ "state": "mute" }))
        }
        Place::Held => {
            stranger("held-card", table);
            fields(json!({ "state": "held" }))
        }
        Place::Ignored => {
            stranger("ignored-card", table);
            fields(json!({ "state": "ignored" }))
        }
        Place::Foreign(key, atr) => {
            stranger(key, table);
            fields(json!({ "state": "foreign", "family": key, "atr": hex(atr) }))
        }
        Place::Unusable(why) => unusable(why, table, seen, context),
        Place::Card(card) => match certificates(card) {
            Ok(certificates) => {
                seen.cards += 1;
                about_card(card, &certificates, table, seen, context)
            }
            Err(why) => unusable(&why, table, seen, context),
        },
    }
}

fn unusable(why: &Failure, table: &mut Table, seen: &mut Seen, context: &Context) -> Fields {
    let (texts, screen) = (&context.texts, context.screen);
    let mut words = describe::with_mark(Mark::Bad, &texts.say(&why.message), screen);
    if let Some(next) = texts.next(&why.message) {
        words = format!("{words}\n{next}");
    }
    table.line(texts.get("card"), words);
    seen.unusable += 1;
    fields(json!({ "state": "unusable", "reason": why.message.key }))
}

fn certificates(card: &Card<'_>) -> Result<Vec<CardCertificate>> {
    card.open()?.certificates()
}

fn about_card(
    card: &Card<'_>,
    certificates: &[CardCertificate],
    table: &mut Table,
    seen: &mut Seen,
    context: &Context,
) -> Fields {
    let (texts, screen) = (&context.texts, context.screen);
    let holder = certificates.first();
    let mut words = vec![card.chip().to_owned()];
    words.extend(holder.and_then(|holder| describe::card_type(holder, texts)));
    let number = card.token.serial_number().trim().to_owned();
    words.push(texts.say(&message!("card-number", number = number.clone())));
    if card.tries() == Tries::NoPin {
        words.push(texts.get("contactless"));
    }
    if holder.is_some_and(CardCertificate::is_test) {
        words.push(texts.get("test-card"));
    }
    table.line(texts.get("card"), words.join(" · "));
    if let Some(holder) = holder {
        let line = describe::holder_line(holder, texts);
        if !line.is_empty() {
            table.line(texts.get("holder"), harmless(&line));
        }
    }
    about_pins(card, table, seen, context);
    match certificates.is_empty() {
        true => table.line(texts.get("certificates"), texts.get("no-certificate")),
        false => table.line(texts.get("certificates"), ""),
    }
    for certificate in certificates {
        let (mark, words) = describe::standing(certificate, texts);
        seen.expired |= mark == Mark::Bad;
        let name = texts.get(certificate.usage.key());
        table.line_at(1, name, describe::with_mark(mark, &words, screen));
    }
    let listed: Vec<Value> = certificates.iter().map(describe::certificate).collect();
    fields(json!({
        "state": "card",
        "card": {
            "chip": card.chip(),
            "serial": number,
            "label": card.token.label().trim(),
            "type": holder.and_then(|holder| holder.card_type.clone()),
            "category": holder.and_then(|holder| holder.category.clone()),
            "test": holder.map(CardCertificate::is_test),
            "holder": holder.map(describe::holder),
            "pin": describe::pin_for_programs(card.tries()),
            "puk": describe::puk_for_programs(card.puk_tries()),
            "certificates": listed,
        },
    }))
}

fn about_pins(card: &Card<'_>, table: &mut Table, seen: &mut Seen, context: &Context) {
    let (texts, screen) = (&context.texts, context.screen);
    let tries = card.tries();
    let mark = describe::tries_mark(tries);
    seen.blocked |= tries == Tries::None;
    let words = tries_in_words(tries, texts);
    table.line(texts.get("pin"), describe::with_mark(mark, &words, screen));
    if tries == Tries::NoPin {
        return;
    }
    let puk = card.puk_tries();
    let words = texts.get(match puk {
        Tries::None => "puk-blocked",
        Tries::Last => "puk-last",
        Tries::Fewer => "puk-fewer",
        Tries::All | Tries::NoPin => "puk-ready",
    });
    let mark = describe::tries_mark(puk);
    table.line(texts.get("puk"), describe::with_mark(mark, &words, screen));
}
