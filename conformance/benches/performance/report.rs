//! What is printed: Markdown that reads well in a terminal.

/// The report, printed as it grows.
#[derive(Default)]
pub struct Report {
    met: usize,
    missed: Vec<String>,
}

impl Report {
    pub fn heading(&self, text: &str) {
        println!("\n## {text}");
    }

    pub fn text(&self, text: &str) {
        println!("\n{text}");
    }

    pub fn table(&self, table: &Table) {
        println!("\n{}", table.text());
    }

    /// Something that was promised.
    pub fn must(&mut self, met: bool, promise: &str) {
        if met {
            self.met += 1;
        } else {
            self.missed.push(promise.into());
        }
    }

    /// Prints the verdict; true if everything was met.
    pub fn end(self) -> bool {
        for promise in &self.missed {
            println!("NOT MET: {promise}");
        }
        println!("\n{} met, {} not met", self.met, self.missed.len());
        self.missed.is_empty()
    }
}

/// A table; the first column is left-aligned, the others are to the right.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(heading: &[&str]) -> Table {
        Table {
            rows: vec![heading.iter().map(|cell| cell.to_string()).collect()],
        }
    }

    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    fn text(&self) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).enumerate();
            let cells = cells.map(|(column, (cell, width))| match column {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            });
            format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
        };
        let rules = widths.iter().enumerate().map(|(column, width)| match column {
            0 => "-".repeat(*width),
            _ => format!("{}:", "-".repeat(width.saturating_sub(1))),
        });
        let rule = format!("| {} |", rules.collect::<Vec<_>>().join(" | "));
        let mut lines: Vec<String> = self.rows.iter().map(line).collect();
        lines.insert(1, rule);
        lines.join("\n")
    }
}

/// A number with its thousands apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
