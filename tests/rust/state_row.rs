//! Rows of state: Spark's bytes, there and back.

use std::panic::catch_unwind;
use std::path::Path;

use arrow::array::{Array, ArrayRef};
use firesteel::state::row::RowFormat;
use serde::Deserialize;

use super::plan_sql::Engine;

/// A row as SQL text, and the bytes that PySpark 4.3.0 has for it.
#[derive(Deserialize)]
struct UnsafeRow {
    row: String,
    bytes: String,
}

/// Each row of the fixture: its text, Spark's bytes, and its columns here.
fn rows() -> Vec<(String, Vec<u8>, Vec<ArrayRef>)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/unsafe_rows.json");
    let rows: Vec<UnsafeRow> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let engine = Engine::new();
    let columns = |text: &str| {
        let resolved = engine.resolve(&format!("SELECT {text}")).unwrap();
        engine.rows(&resolved).unwrap().swap_remove(0).columns().to_vec()
    };
    let bytes = |hex: &str| (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..][..2], 16).unwrap()).collect();
    rows.into_iter().map(|UnsafeRow { row, bytes: hex }| (row.clone(), bytes(&hex), columns(&row))).collect()
}

fn format(columns: &[ArrayRef]) -> RowFormat {
    RowFormat::new(columns.iter().map(|column| column.data_type().clone()).collect()).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.chunks(8).map(|word| word.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + " ").collect()
}

#[test]
fn rows_have_sparks_bytes_and_come_back() {
    for (text, bytes, columns) in rows() {
        let format = format(&columns);
        let encoded = format.encode(&columns, 1).unwrap();
        assert_eq!(hex(encoded.row(0)), hex(&bytes), "{text}");
        let decoded = format.decode(&[bytes.as_slice()]).unwrap();
        assert_eq!(decoded, columns, "{text}");
    }
}

#[test]
fn several_rows_are_each_their_own_bytes() {
    let engine = Engine::new();
    let text = "SELECT a, b, c, d FROM VALUES \
                (1, 'x', array('p', NULL), CAST(5 AS decimal(30, 1))), (NULL, NULL, NULL, NULL), \
                (2, 'longer than a word', array(), CAST(-7 AS decimal(30, 1))) AS t(a, b, c, d)";
    let rows = engine.rows(&engine.resolve(text).unwrap()).unwrap();
    let rows = arrow::compute::concat_batches(&rows[0].schema(), &rows).unwrap();
    let format = format(rows.columns());
    let together = format.encode(rows.columns(), 3).unwrap();
    let bytes: Vec<_> = (0..3).map(|row| together.row(row)).collect();
    assert_eq!(format.decode(&bytes).unwrap(), rows.columns());
    for (row, bytes) in bytes.iter().enumerate() {
        let one: Vec<_> = rows.columns().iter().map(|column| column.slice(row, 1)).collect();
        assert_eq!(format.encode(&one, 1).unwrap().row(0), *bytes);
    }
}

#[test]
fn damaged_rows_are_errors_or_other_rows_and_never_a_panic() {
    for (text, bytes, columns) in rows() {
        let format = format(&columns);
        for cut in 0..bytes.len() {
            let decoded = catch_unwind(|| drop(format.decode(&[&bytes[..cut]])));
            assert!(decoded.is_ok(), "{text} cut at {cut}");
        }
        for at in 0..bytes.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= change;
                let decoded = catch_unwind(|| drop(format.decode(&[damaged.as_slice()])));
                assert!(decoded.is_ok(), "{text} with {change:#x} at {at}");
            }
        }
    }
}

#[test]
fn a_type_that_no_row_can_hold_is_named() {
    let interval = arrow::datatypes::DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano);
    let error = RowFormat::new(vec![interval]).unwrap_err();
    assert!(error.to_string().contains("cannot be kept as state"), "{error}");
}
