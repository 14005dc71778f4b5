//! The report in HTML: one page that needs nothing beside it but the logs.

use std::fmt::Write;

use super::beside::Beside;
use super::results::{Line, Report, kept_path, log_path};
use crate::lane::Lane;
use crate::run::{Outcome, Verdict};

const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>The module under real clients</title>
<style>
body { font: 16px/1.4 sans-serif; margin: 2em auto; max-width: 80em; padding: 0 1em; color: #222; background: #fff }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3em .6em; border-bottom: 1px solid #ddd }
td.pass { background: #e3f4e3 } td.impossible { background: #f4efd8 } td.fail { background: #f8d7d7; font-weight: bold }
td small { display: block; font-weight: normal }
td img { display: block; max-width: 14em; margin: .3em 0 }
</style>
<h1>The module under real clients</h1>
";

pub fn render(report: &Report) -> String {
    let mut page = HEAD.to_owned();
    page.push_str("<ul>\n");
    for line in report
        .about
        .iter()
        .map(String::as_str)
        .chain(report.summary().lines())
    {
        let _ = writeln!(page, "<li>{}", escape(line));
    }
    let _ = writeln!(
        page,
        "</ul>\n<p>{:.0} seconds in all.\n<table>",
        report.duration.as_secs_f32()
    );
    page.push_str("<tr><th>Check<th>Client<th>Version<th>What it does");
    for lane in &report.lanes {
        let _ = write!(page, "<th>{}", escape(&lane.title));
    }
    for line in &report.lines {
        let check = &line.check;
        let cells = [&check.name, &check.client, &line.version, &check.what].map(|text| escape(text));
        let _ = write!(page, "\n<tr><td>{}", cells.join("<td>"));
        for (lane, outcome) in report.lanes.iter().zip(&line.outcomes) {
            cell(&mut page, lane, line, outcome);
        }
    }
    page.push_str("\n</table>\n");
    for beside in report.besides() {
        besides(&mut page, &beside);
    }
    page.push_str("</html>\n");
    page
}

fn besides(page: &mut String, beside: &Beside) {
    let _ = writeln!(
        page,
        "<h2>{}</h2>\n<p>{}",
        escape(&beside.title()),
        escape(&beside.summary())
    );
    for (who, lines) in beside.alone() {
        if lines.is_empty() {
            continue;
        }
        let _ = write!(
            page,
            "<p>{who}\n<table>\n<tr><th>Client<th>What it does<th>How the other fails"
        );
        for (line, why) in lines {
            let cells = [&line.check.client, &line.check.what, *why].map(escape);
            let _ = write!(page, "\n<tr><td>{}", cells.join("<td>"));
        }
        page.push_str("\n</table>\n");
    }
}

fn cell(page: &mut String, lane: &Lane, line: &Line, outcome: &Outcome) {
    let (class, word, why) = match &outcome.verdict {
        Verdict::Passed => ("pass", "pass", ""),
        Verdict::NotPossible(why) => ("impossible", "not possible with this chip", why.as_str()),
        Verdict::Failed(why) => ("fail", "fail", why.as_str()),
        Verdict::NotApplicable => {
            page.push_str("<td>–");
            return;
        }
    };
    let _ = write!(
        page,
        "<td class=\"{class}\"><a href=\"{}\">{word}</a> {:.1} s<small>{}</small>",
        escape(&log_path(lane, line)),
        outcome.duration.as_secs_f32(),
        escape(why)
    );
    if let Some(counted) = &outcome.counted {
        let _ = write!(page, "<small>{}</small>", escape(counted));
    }
    for name in &outcome.kept {
        let (path, name) = (escape(&kept_path(lane, line, name)), escape(name));
        let _ = match name.ends_with(".png") {
            true => write!(page, "<a href=\"{path}\"><img src=\"{path}\" alt=\"{name}\"></a>"),
            false => write!(page, "<small><a href=\"{path}\">{name}</a></small>"),
        };
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
