//! CSV text: a reader and a writer that agree, by PySpark 4.3's answers to the same text.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, Field, Fields};
use firesteel::config::{Conf, Options};
use firesteel::source::files::csv::parse_strings;
use firesteel::types::csv_text::CsvStyle;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::support::{Load, read_all};

fn options(given: &[(&str, &str)]) -> Options {
    let mut options = Options::default();
    for (key, value) in given {
        options.set(*key, *value);
    }
    options
}

/// The first three fields of a record.
fn fields(record: &str, given: &[(&str, &str)]) -> [Option<String>; 3] {
    let to: Fields = ["a", "b", "c"].map(|name| Field::new(name, DataType::Utf8, true)).into_iter().collect();
    let parsed = parse_strings(&StringArray::from(vec![record]), &to, &mut options(given), &Conf::default()).unwrap();
    let columns = parsed.as_struct().columns();
    [0, 1, 2].map(|i| columns[i].is_valid(0).then(|| columns[i].as_string::<i32>().value(0).to_owned()))
}

fn shown(record: &str, given: &[(&str, &str)]) -> String {
    fields(record, given).map(|field| field.unwrap_or_else(|| "-".to_owned())).join("|")
}

/// A row as the writer has it.
fn line(cells: &[Option<String>], given: &[(&str, &str)]) -> String {
    let style = CsvStyle::read(&mut options(given), "UTC").unwrap();
    let columns: Vec<ArrayRef> =
        cells.iter().map(|cell| Arc::new(StringArray::from(vec![cell.clone()])) as ArrayRef).collect();
    let mut line = String::new();
    style.cells(&mut line, &style.columns(&columns).unwrap(), 0);
    line
}

fn written(cells: &[&str], given: &[(&str, &str)]) -> String {
    line(&cells.iter().map(|cell| Some((*cell).to_owned())).collect::<Vec<_>>(), given)
}

/// The rows of a file, with its records' fields.
fn rows(text: &str, given: &[(&str, &str)]) -> Vec<String> {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("a.csv");
    std::fs::write(&path, text).unwrap();
    let (_, batches) =
        read_all(Load { format: "csv", path: &path, schema: "a string, b string, c string", options: given }).unwrap();
    let cell = |column: &ArrayRef, row: usize| match column.is_valid(row) {
        true => column.as_string::<i32>().value(row).to_owned(),
        false => "-".to_owned(),
    };
    let row = |batch: &arrow::array::RecordBatch, row: usize| -> String {
        batch.columns().iter().map(|column| cell(column, row)).collect::<Vec<_>>().join("|")
    };
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|i| row(batch, i)).collect::<Vec<_>>()).collect()
}

#[test]
fn a_quote_that_ends_nothing_leaves_its_field_to_the_separator() {
    for (record, expected) in [
        (r#"1,"Smith, ""Bob""",z"#, r#"1|"Smith, ""Bob"""|z"#),
        (r#""""a""#, r#""""a"|-|-"#),
        (r#"""""#, r#""|-|-"#),
        (r#"""#, r#""|-|-"#),
        (r#""a"""#, r#"a"|-|-"#),
        (r#""a""""#, r#"a""|-|-"#),
        (r#""a"a,a"#, r#""a"a|a|-"#),
        (r#""a" a"#, r#""a" a|-|-"#),
        (r#"a\"a"#, r#"a\"a|-|-"#),
        (r#"" "","#, r#" "|-|-"#),
    ] {
        assert_eq!(shown(record, &[]), expected, "{record}");
    }
}

#[test]
fn an_escape_in_a_quoted_field_is_undone_before_a_quote_and_before_itself() {
    for (record, expected) in [
        (r#""a\\a""#, r"a\a|-|-"),
        (r#""a\a""#, r"a\a|-|-"),
        (r#""a\\","#, r"a\|-|-"),
        (r#""\\""#, r"\|-|-"),
        (r#""a\"#, "a|-|-"),
        (r#""a\"b",c"#, r#"a"b|c|-"#),
    ] {
        assert_eq!(shown(record, &[]), expected, "{record}");
    }
}

#[test]
fn an_escape_behind_a_closing_quote_takes_the_separator_with_it() {
    for (record, expected) in [
        (r#"""\a,a"#, r#""\aa|-|-"#),
        (r#"""\",a"#, r#""\a|-|-"#),
        (r#"""\,,"#, r#""\,|-|-"#),
        (r#"""\"a"#, r#""\"a|-|-"#),
        (r#"""\a,"a"#, r#"""\a"a|-|-"#),
        (r#"""\"\,,"#, r#""\"\|-|-"#),
    ] {
        assert_eq!(shown(record, &[]), expected, "{record}");
    }
}

#[test]
fn a_quoted_field_of_a_multi_line_file_may_hold_lines_and_doubled_quotes() {
    let text = "\"a\nb\",c\n1,\"say \"\"x,\n\"\"\",z\n\"d\",e\n";
    let doubled = [("multiLine", "true"), ("escape", "\"")];
    assert_eq!(rows(text, &doubled), ["a\nb|c|-", "1|say \"x,\n\"|z", "d|e|-"]);
    assert_eq!(rows("a,b\r\n\"c\r\nd\",e\r\n", &[("multiLine", "true")]), ["a|b|-", "c\nd|e|-"]);
}

#[test]
fn a_blank_line_and_a_comment_of_a_multi_line_file_are_no_rows() {
    let given = [("multiLine", "true"), ("comment", "#")];
    assert_eq!(rows("\n# \"x\na,b\n\n#\n\"c\n#d\",e", &given), ["a|b|-", "c\n#d|e|-"]);
}

#[test]
fn the_escape_is_escaped_between_quotes_and_nowhere_else() {
    assert_eq!(written(&[r"C:\dir, x\", "z"], &[]), r#""C:\\dir, x\\",z"#);
    assert_eq!(written(&[r"C:\dir\", r#"a\"b"#], &[]), r#"C:\dir\,"a\\\"b""#);
    assert_eq!(written(&[r"a,\", "b\"c"], &[("escape", "\"")]), r#""a,\","b""c""#);
    assert_eq!(written(&[r"a,\"], &[("charToEscapeQuoteEscaping", "#")]), r#""a,#\""#);
    assert_eq!(written(&["a,\\"], &[("charToEscapeQuoteEscaping", "\0")]), "\"a,\\\"");
}

#[test]
fn a_line_end_that_is_trimmed_away_leaves_its_quotes() {
    assert_eq!(written(&["a", "|\n"], &[]), r#"a,"|""#);
    assert_eq!(written(&["a", " | "], &[]), "a,|");
}

#[test]
fn null_and_empty_are_told_apart_under_quote_all() {
    let cells = [None, Some(String::new()), Some("a".to_owned())];
    assert_eq!(line(&cells, &[]), r#","",a"#);
    assert_eq!(line(&cells, &[("quoteAll", "true")]), r#""","","a""#);
}

#[test]
fn a_first_value_that_would_be_a_comment_is_quoted() {
    assert_eq!(written(&["#a", "#b"], &[]), r##""#a",#b"##);
    assert_eq!(written(&["#a", ";"], &[("comment", ";")]), "#a,;");
    assert_eq!(written(&[";", "#a"], &[("comment", ";")]), r##"";",#a"##);
}

/// The options under which whatever was written is read again.
const FAITHFUL: [&[(&str, &str)]; 6] = [
    &[],
    &[("escape", "\"")],
    &[("quoteAll", "true")],
    &[("sep", ";")],
    &[("quote", "'"), ("emptyValue", "")],
    &[("escape", "#"), ("sep", "|")],
];

fn cell() -> impl Strategy<Value = Option<String>> {
    let piece = prop::sample::select(vec!["a", "\"", "\\", ",", " ", "'", ";", "|", "#", "é", "\n", "\t"]);
    prop::option::weighted(0.9, prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// An empty text is the one exception: it is read as null, in Spark too.
    #[test]
    fn a_row_that_was_written_is_read_again(cells in [cell(), cell(), cell()], which in 0..FAITHFUL.len()) {
        let mut given = FAITHFUL[which].to_vec();
        given.extend([("ignoreLeadingWhiteSpace", "false"), ("ignoreTrailingWhiteSpace", "false")]);
        let line = line(&cells, &given);
        let expected = cells.map(|cell| cell.filter(|cell| !cell.is_empty()));
        prop_assert_eq!(fields(&line, &given), expected, "{}", line);
    }
}
