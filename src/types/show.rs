//! `show()`: rows as the table that Spark prints, byte for byte. The console sink prints the same.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, SchemaRef};

use crate::error::Result;
use crate::types::display::{Style, to_strings};
use crate::types::zone::Zone;

/// How a table is laid out.
#[derive(Clone, Copy, Debug)]
pub struct ShowLayout {
    pub rows: usize,
    /// Cells longer than this are cut, names never; 0 keeps cells whole.
    pub truncate: usize,
    pub vertical: bool,
}

/// Renders up to `layout.rows` rows; says so when there are more.
pub fn render(schema: &SchemaRef, batches: &[RecordBatch], layout: ShowLayout, zone: Zone) -> Result<String> {
    let total: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let shown = total.min(layout.rows);
    let header: Vec<String> = schema.fields().iter().map(|field| escape(field.name())).collect();
    let mut rows: Vec<Vec<String>> = Vec::with_capacity(shown);
    for batch in batches {
        let take = batch.num_rows().min(shown - rows.len());
        let columns: Vec<StringArray> =
            batch.columns().iter().map(|column| cells(&column.slice(0, take), zone)).collect::<Result<_>>()?;
        for row in 0..take {
            rows.push(columns.iter().map(|column| cell(column, row, layout)).collect());
        }
        if rows.len() == shown {
            break;
        }
    }
    let mut text = if layout.vertical { vertical(&header, &rows) } else { table(schema, &header, &rows, layout) };
    if total > shown {
        text.push_str(&format!("only showing top {shown} {}\n", if shown == 1 { "row" } else { "rows" }));
    }
    Ok(text)
}

/// Binary cells are hexadecimal, `[41 42]`; the rest is as a cast to string shows it.
fn cells(column: &ArrayRef, zone: Zone) -> Result<StringArray> {
    if *column.data_type() != DataType::Binary {
        return to_strings(column.as_ref(), zone, Style::Show);
    }
    let hex = |bytes: &[u8]| {
        let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        format!("[{}]", pairs.join(" "))
    };
    Ok(column.as_binary::<i32>().iter().map(|bytes| bytes.map(hex)).collect())
}

fn cell(column: &StringArray, row: usize, layout: ShowLayout) -> String {
    if column.is_null(row) { "NULL".into() } else { cut(&escape(column.value(row)), layout) }
}

fn escape(text: &str) -> String {
    text.replace('\n', "\\n")
        .replace('\r', "\\r")
        .replace('\t', "\\t")
        .replace('\u{c}', "\\f")
        .replace('\u{8}', "\\b")
        .replace('\u{b}', "\\v")
        .replace('\u{7}', "\\a")
}

fn cut(text: &str, layout: ShowLayout) -> String {
    if layout.truncate == 0 || text.chars().count() <= layout.truncate {
        return text.to_owned();
    }
    if layout.truncate < 4 {
        return text.chars().take(layout.truncate).collect();
    }
    text.chars().take(layout.truncate - 3).chain("...".chars()).collect()
}

/// How narrow a column may be.
const LEAST: usize = 3;

fn table(schema: &SchemaRef, header: &[String], rows: &[Vec<String>], layout: ShowLayout) -> String {
    let width = |i: usize| {
        let cells = rows.iter().map(|row| columns_taken(&row[i]));
        cells.chain([columns_taken(&header[i]), LEAST]).max().unwrap_or(LEAST)
    };
    let widths: Vec<usize> = (0..schema.fields().len()).map(width).collect();
    if header.is_empty() {
        return format!("++\n||\n++\n{}++\n", "||\n".repeat(rows.len()));
    }
    let rule: String = widths.iter().map(|width| format!("+{}", "-".repeat(*width))).collect::<String>() + "+\n";
    let line = |cells: &[String]| {
        let mut text = String::new();
        for (cell, width) in cells.iter().zip(&widths) {
            let space = " ".repeat(width - columns_taken(cell));
            // Cut tables are right-aligned, whole ones left-aligned.
            if layout.truncate > 0 {
                text.push_str(&format!("|{space}{cell}"));
            } else {
                text.push_str(&format!("|{cell}{space}"));
            }
        }
        text + "|\n"
    };
    let body: String = rows.iter().map(|row| line(row)).collect();
    format!("{rule}{}{rule}{body}{rule}", line(header))
}

fn vertical(header: &[String], rows: &[Vec<String>]) -> String {
    let names = header.iter().map(|name| columns_taken(name)).max().unwrap_or(0).max(LEAST);
    let values = rows.iter().flatten().map(|cell| columns_taken(cell)).max().unwrap_or(0).max(LEAST);
    let mut text = String::new();
    for (i, row) in rows.iter().enumerate() {
        let title = format!("-RECORD {i}");
        text.push_str(&format!("{title:-<width$}\n", width = (names + values + 5).max(title.len())));
        for (name, cell) in header.iter().zip(row) {
            let (left, right) = (" ".repeat(names - columns_taken(name)), " ".repeat(values - columns_taken(cell)));
            text.push_str(&format!(" {name}{left} | {cell}{right} \n"));
        }
    }
    if rows.is_empty() { "(0 rows)\n".into() } else { text }
}

/// Columns on a terminal: East Asian wide characters take two, as Spark counts them.
fn columns_taken(text: &str) -> usize {
    let wide = |c: char| {
        matches!(c, '\u{1100}'..='\u{115F}' | '\u{2E80}'..='\u{303F}' | '\u{3041}'..='\u{3247}' | '\u{3250}'..='\u{4DBF}'
            | '\u{4E00}'..='\u{A4C6}' | '\u{A960}'..='\u{A97C}' | '\u{AC00}'..='\u{D7A3}' | '\u{F900}'..='\u{FAFF}'
            | '\u{FE10}'..='\u{FE19}' | '\u{FE30}'..='\u{FE6F}' | '\u{FF01}'..='\u{FF60}' | '\u{FFE0}'..='\u{FFE6}')
    };
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}
