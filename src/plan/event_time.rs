//! Which column has the event time: a mark in a column's metadata, as in Spark.
//!
//! `withWatermark` marks a column. The mark stays with the column where it is selected, renamed,
//! filtered, joined or grouped by. Any expression loses it, but for a window of the column.

use arrow::datatypes::DataType;
use serde_json::{Map, Value};

use super::Attribute;
use crate::types::METADATA_KEY;

/// The delay in milliseconds.
const DELAY: &str = "spark.watermarkDelayMs";
/// A window of time, a session.
const TIME_WINDOW: &str = "spark.timeWindow";
const SESSION_WINDOW: &str = "spark.sessionWindow";

fn parsed(metadata: Option<&String>) -> Map<String, Value> {
    metadata.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// The metadata of a column that becomes the event time.
pub fn marked(metadata: Option<&String>, delay_ms: i64) -> String {
    let mut metadata = parsed(metadata);
    metadata.insert(DELAY.to_owned(), delay_ms.into());
    Value::Object(metadata).to_string()
}

/// The metadata of a window of a time, which has metadata if it is a column.
pub fn of_window(time: Option<&String>) -> String {
    window_of(time, TIME_WINDOW)
}

/// The metadata of a session of a time, which has metadata if it is a column.
pub fn of_session(time: Option<&String>) -> String {
    window_of(time, SESSION_WINDOW)
}

fn window_of(time: Option<&String>, kind: &str) -> String {
    let mut metadata = parsed(time);
    metadata.remove(TIME_WINDOW);
    metadata.remove(SESSION_WINDOW);
    metadata.insert(kind.to_owned(), true.into());
    Value::Object(metadata).to_string()
}

/// Whether metadata is that of a session.
pub fn is_session(metadata: Option<&String>) -> bool {
    parsed(metadata).contains_key(SESSION_WINDOW)
}

/// Whether metadata is that of a window of time.
pub fn is_window(metadata: Option<&String>) -> bool {
    let metadata = parsed(metadata);
    metadata.contains_key(TIME_WINDOW) || metadata.contains_key(SESSION_WINDOW)
}

/// The metadata of the time of a window: that of the window, without its mark.
pub fn of_window_time(window: Option<&String>) -> Option<String> {
    let mut metadata = parsed(Some(window?));
    metadata.remove(TIME_WINDOW);
    metadata.remove(SESSION_WINDOW);
    Some(Value::Object(metadata).to_string())
}

/// The delay of the event time that metadata marks, in milliseconds.
pub fn delay(metadata: Option<&String>) -> Option<i64> {
    parsed(metadata).get(DELAY)?.as_i64()
}

/// The delay of the event time that a column has, in milliseconds.
pub fn delay_of(attribute: &Attribute) -> Option<i64> {
    delay(attribute.metadata.get(METADATA_KEY))
}

/// Whether a type can be an event time: a timestamp with a zone, or a window.
pub fn is_event_time(data_type: &DataType) -> bool {
    match data_type {
        DataType::Timestamp(_, zone) => zone.is_some(),
        DataType::Struct(fields) => {
            fields.iter().any(|field| field.name() == "end" && is_event_time(field.data_type()))
        }
        _ => false,
    }
}
