//! `cpx show`: the holder and the data of the card, decoded. What needs the PIN is shown with
//! `--protected` alone.

use serde_json::{Value, json};

use super::{Context, Report, describe};
use crate::arguments::Show;
use crate::card::certificate::{CardCertificate, hex};
use crate::card::data::{DataObject, Field, Situation};
use crate::card::{identifier, tables};
use crate::module::Card;
use crate::outcome::Result;
use crate::pin;
use crate::say;
use crate::screen::{Table, harmless};
use crate::texts::Texts;

/// Longer values are cut on the screen; `--json` has them whole.
const SHOWN: usize = 64;

/// The command.
pub fn run(arguments: &Show, context: &Context) -> Result<Report> {
    let module = context.module()?;
    let mut card = module.card(context.reader())?;
    let secret = match arguments.protected {
        true => Some(pin::of_holder(&card, &arguments.pin, &context.texts)?),
        false => None,
    };
    let busy = context.busy("busy-reading");
    let open = card.open()?;
    let certificates = open.certificates()?;
    if let Some(secret) = secret {
        pin::log_in(&mut card, &open, &secret)?;
    }
    let objects = open.data_objects()?;
    drop(open);
    drop(busy);

    let mut report = Report::default();
    let mut parts = vec![about_holder(&card, certificates.first(), &mut report, context)];
    parts.extend(about_situations(&objects, &mut report, context));
    parts.extend(about_data(&objects, &mut report, context));
    if !arguments.protected && card.token.login_required() {
        parts.push(format!("{}\n", context.texts.get("show-more")));
    }
    report.text = parts.join("\n");
    Ok(report)
}

fn about_holder(
    card: &Card<'_>,
    holder: Option<&CardCertificate>,
    report: &mut Report,
    context: &Context,
) -> String {
    let texts = &context.texts;
    let mut table = Table::default();
    let number = card.token.serial_number().trim().to_owned();
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            table.line(texts.get(key), harmless(&value));
        }
    };
    line("chip", Some(card.chip().to_owned()));
    line("number", Some(number.clone()));
    if let Some(holder) = holder {
        let coded = |table, code: &Option<String>| {
            code.as_ref()
                .map(|code| tables::with_meaning(table, code, texts.lang))
        };
        line("card-type", coded("G02", &holder.card_type));
        line("category", coded("G01", &holder.category));
        line("number-on-card", holder.card_number.clone());
        line("surname", holder.surname.clone());
        line("given-name", holder.given_name.clone());
        line("organisation", holder.organisation.clone());
        line("title", holder.title.clone());
        line("profession", describe::profession(holder, texts));
        let specialities = holder
            .specialities
            .iter()
            .map(|code| tables::with_meaning("R01", code, texts.lang));
        let specialities: Vec<String> = specialities.collect();
        line(
            "specialities",
            (!specialities.is_empty()).then(|| specialities.join(", ")),
        );
        line("identifier", identifier_in_words(holder, texts));
        for (oid, value) in &holder.unknown {
            table.line(say!(texts, "extension", oid = oid.clone()), value.clone());
        }
    }
    report.put(
        "card",
        json!({
            "chip": card.chip(),
            "serial": number,
            "type": holder.and_then(|holder| holder.card_type.clone()),
            "category": holder.and_then(|holder| holder.category.clone()),
            "number_on_card": holder.and_then(|holder| holder.card_number.clone()),
        }),
    );
    report.put("holder", json!(holder.map(describe::holder)));
    table.text(context.screen)
}

fn identifier_in_words(holder: &CardCertificate, texts: &Texts) -> Option<String> {
    let Some(id) = holder.identifier() else {
        return holder.common_name.clone();
    };
    let words = describe::identifier(&id, texts);
    let checked = match id.is_checked() {
        Some(true) => format!(", {}", texts.get("check-digit-right")),
        Some(false) => format!(", {}", texts.get("check-digit-wrong")),
        None => String::new(),
    };
    Some(format!("{words}{checked} ({})", id.whole))
}

fn about_situations(objects: &[DataObject], report: &mut Report, context: &Context) -> Option<String> {
    let texts = &context.texts;
    let mut table = Table::default();
    let mut all = Vec::new();
    for object in objects {
        let Some(number) = object.situation_number() else {
            continue;
        };
        let Some(situation) = Situation::decode(&object.value) else {
            continue;
        };
        table.line(say!(texts, "situation", number = i64::from(number)), "");
        let mut line = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                table.line_at(1, texts.get(key), harmless(&value));
            }
        };
        line("structure", situation.structure.clone());
        line(
            "structure-id",
            situation
                .structure_id
                .as_deref()
                .map(|id| match identifier::structure(id) {
                    Some((kind, number)) => format!("{} {number} ({id})", texts.get(kind)),
                    None => id.to_owned(),
                }),
        );
        let sector = situation.sector.as_deref();
        line(
            "sector",
            sector.map(|code| tables::with_meaning("R02", code, texts.lang)),
        );
        for field in &situation.others {
            let name = say!(texts, "field", tag = format!("{:02X}", field.tag));
            table.line_at(1, name, harmless(&field.shown()));
        }
        let others: Vec<Value> = situation.others.iter().map(field_for_programs).collect();
        all.push(json!({
            "number": number,
            "structure": situation.structure,
            "structure_id": situation.structure_id,
            "sector": situation.sector,
            "unknown": others,
        }));
    }
    if all.is_empty() {
        return None;
    }
    report.put("situations", all);
    Some(table.text(context.screen))
}

fn about_data(objects: &[DataObject], report: &mut Report, context: &Context) -> Option<String> {
    let texts = &context.texts;
    let mut table = Table::default();
    table.line(texts.get("data"), "");
    for object in objects {
        let decoded = object.situation_number().is_some() && Situation::decode(&object.value).is_some();
        if decoded {
            continue;
        }
        let length = i64::try_from(object.value.len()).unwrap_or(i64::MAX);
        let size = say!(texts, "bytes", number = length);
        match object.fields() {
            Some(fields) => {
                table.line_at(1, harmless(&object.label), size);
                about_fields(&fields, 2, &mut table, texts);
            }
            None => {
                let value = match object.value.iter().all(|byte| *byte == 0) {
                    true => size,
                    false => format!("{size}  {}", cut(&hex(&object.value))),
                };
                table.line_at(1, harmless(&object.label), value);
            }
        }
    }
    let listed: Vec<Value> = objects
        .iter()
        .map(|object| {
            json!({
                "label": object.label,
                "protected": object.protected,
                "value": hex(&object.value),
            })
        })
        .collect();
    let any = !listed.is_empty();
    report.put("data", listed);
    any.then(|| table.text(context.screen))
}

fn about_fields(fields: &[Field], depth: usize, table: &mut Table, texts: &Texts) {
    for field in fields {
        let name = say!(texts, "field", tag = format!("{:02X}", field.tag));
        if field.inside.is_empty() {
            table.line_at(depth, name, harmless(&cut(&field.shown())));
        } else {
            table.line_at(depth, name, "");
            about_fields(&field.inside, depth + 1, table, texts);
        }
    }
}

fn field_for_programs(field: &Field) -> Value {
    json!({ "tag": format!("{:02X}", field.tag), "value": hex(&field.value) })
}

fn cut(text: &str) -> String {
    match text.chars().count() > SHOWN {
        true => format!("{}…", text.chars().take(SHOWN).collect::<String>()),
        false => text.to_owned(),
    }
}
