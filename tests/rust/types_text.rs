//! Values from and to text: Spark's casts and Java's patterns.

use std::sync::Arc;

use arrow::array::{Array, Float64Array, Int64Array, ListArray, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type};
use firesteel::error::ErrorKind;
use firesteel::types::display::{self, Style};
use firesteel::types::interval_fields::IntervalFields;
use firesteel::types::parse::{self, EvalMode};
use firesteel::types::pattern::Pattern;
use firesteel::types::zone::Zone;
use firesteel::types::{calendar, timestamp};
use proptest::prelude::*;

const PARIS: &str = "Europe/Paris";

fn zone(name: &str) -> Zone {
    Zone::find(name).unwrap()
}

fn at(text: &str) -> i64 {
    parse::timestamp(text, Zone::UTC).unwrap()
}

#[test]
fn whole_numbers_take_no_fraction_unless_legacy() {
    assert_eq!(parse::integer(" +12\t", false), Some(12));
    assert_eq!(parse::integer("1.9", false), None);
    assert_eq!(parse::integer("1.9", true), Some(1));
    assert_eq!(parse::integer("", false), None);
    assert_eq!(parse::integer("9223372036854775808", false), None);
}

#[test]
fn reals_are_javas() {
    for (text, value) in [
        ("1.5d", 1.5),
        (" 1. ", 1.0),
        (".5", 0.5),
        ("1e400", f64::INFINITY),
        ("-Infinity", f64::NEG_INFINITY),
        ("inF", f64::INFINITY),
    ] {
        assert_eq!(parse::double(text), Some(value), "{text}");
    }
    assert!(parse::double("nan").unwrap().is_nan());
    for text in ["x", "", "1e", "e5", "1.5x", "infi", "."] {
        assert_eq!(parse::double(text), None, "{text}");
    }
}

#[test]
fn decimals_round_half_up() {
    assert_eq!(parse::decimal("1.255", 10, 2), Ok(126));
    assert_eq!(parse::decimal("-2.345", 3, 2), Ok(-235));
    assert_eq!(parse::decimal("1e2", 10, 2), Ok(10000));
    assert_eq!(parse::decimal("123456", 5, 2), Err(parse::NotDecimal::OutOfRange));
    assert_eq!(parse::decimal("x", 5, 2), Err(parse::NotDecimal::Malformed));
    assert_eq!(parse::decimal("0.00000000000000000000000000000000000000000000001", 5, 2), Ok(0));
}

#[test]
fn dates_may_be_short_and_may_carry_a_time() {
    let day = |year, month, day| calendar::days(year, month, day).map(|days| days as i32);
    assert_eq!(parse::date("2024-1-5"), day(2024, 1, 5));
    assert_eq!(parse::date("2024"), day(2024, 1, 1));
    assert_eq!(parse::date(" 2024-01-05T10:00:00 "), day(2024, 1, 5));
    for text in ["2024-02-30", "01/05/2024", "20240105", "", "2024-01-05x", "2024-01 "] {
        assert_eq!(parse::date(text), if text == "2024-01 " { day(2024, 1, 1) } else { None }, "{text}");
    }
}

#[test]
fn timestamps_take_zones_and_cut_nanoseconds() {
    let shown = |text: &str| parse::timestamp(text, zone(PARIS)).map(|micros| display::timestamp(micros, Zone::UTC));
    assert_eq!(shown("2024-01-05 01:02:03").as_deref(), Some("2024-01-05 00:02:03"));
    assert_eq!(shown("2024-01-05T01:02:03Z").as_deref(), Some("2024-01-05 01:02:03"));
    assert_eq!(shown("2024-01-05T01:02:03+02:00").as_deref(), Some("2024-01-04 23:02:03"));
    assert_eq!(shown("2024-01-05 01:02:03.1234567 UTC").as_deref(), Some("2024-01-05 01:02:03.123456"));
    assert_eq!(shown("2024-01-05 01:02:03.5").as_deref(), Some("2024-01-05 00:02:03.5"));
    assert_eq!(shown("2024-01-05 1:2").as_deref(), Some("2024-01-05 00:02:00"));
    assert_eq!(shown("2024-01-05 25:00:00"), None);
    assert_eq!(shown("nonsense"), None);
    assert_eq!(parse::timestamp_ntz("2024-01-05 01:02:03"), Some(at("2024-01-05 01:02:03")));
    assert!(parse::timestamp("12:30:00", Zone::UTC).is_some());
    assert_eq!(parse::timestamp_ntz("12:30:00"), None);
}

#[test]
fn a_clock_change_moves_readings_as_in_java() {
    let utc = |local: &str| display::timestamp(zone(PARIS).to_utc(at(local)).unwrap(), Zone::UTC);
    assert_eq!(utc("2024-03-31 02:30:00"), "2024-03-31 01:30:00", "skipped: moved forward by the gap");
    assert_eq!(utc("2024-10-27 02:30:00"), "2024-10-27 00:30:00", "twice: the earlier");
}

#[test]
fn malformed_text_is_an_error_or_null_by_mode() {
    let text = StringArray::from(vec![Some("1"), Some("oops"), None]);
    let error = parse::parse(&text, &DataType::Int32, Zone::UTC, EvalMode::Ansi).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NumberFormat);
    assert!(error.parameters().contains(&("expression", "'oops'".to_owned())));
    let error = parse::parse(&text, &DataType::Date32, Zone::UTC, EvalMode::Ansi).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DateTime);
    let values = parse::parse(&text, &DataType::Int32, Zone::UTC, EvalMode::Try).unwrap();
    assert_eq!((values.null_count(), values.len()), (2, 3));
    assert!(parse::parse(&text, &timestamp(), Zone::UTC, EvalMode::Try).unwrap().is_null(0));
}

#[test]
fn doubles_look_like_javas() {
    for (value, text) in [
        (1.0, "1.0"),
        (1234567.0, "1234567.0"),
        (12345678.0, "1.2345678E7"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (1e21, "1.0E21"),
        (-0.0, "-0.0"),
        (4.9e-324, "4.9E-324"),
        (0.1 + 0.2, "0.30000000000000004"),
        (f64::NEG_INFINITY, "-Infinity"),
        (2e23, "2.0E23"),
    ] {
        assert_eq!(display::double(value), text);
    }
    assert_eq!(display::float(3.4e38), "3.4E38");
    assert!(display::double(f64::NAN) == "NaN");
}

#[test]
fn nested_values_and_intervals_as_text() {
    let list = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), None, Some(3)]), None]);
    let cast = display::to_strings(&list, Zone::UTC, Style::Cast).unwrap();
    assert_eq!((cast.value(0), cast.is_null(1)), ("[1, null, 3]", true));
    assert_eq!(display::to_strings(&list, Zone::UTC, Style::Show).unwrap().value(0), "[1, NULL, 3]");
    let pair = arrow::array::StructArray::from(vec![(
        Arc::new(arrow::datatypes::Field::new("a", DataType::Float64, true)),
        Arc::new(Float64Array::from(vec![1.5])) as arrow::array::ArrayRef,
    )]);
    assert_eq!(display::one(&pair, 0, Zone::UTC), "{1.5}");
    assert_eq!(display::one(&Int64Array::from(vec![None]), 0, Zone::UTC), "null");
    assert_eq!(IntervalFields::DAY_TO_SECOND.show(93_784_500_000), "INTERVAL '1 02:03:04.5' DAY TO SECOND");
    assert_eq!(IntervalFields::YEAR_TO_MONTH.show(-27), "INTERVAL '-2-3' YEAR TO MONTH");
    assert_eq!(
        display::calendar_interval(14, 3, 3_661_500_000),
        "1 years 2 months 3 days 1 hours 1 minutes 1.5 seconds"
    );
    assert_eq!(display::calendar_interval(0, 0, 0), "0 seconds");
    assert_eq!(display::decimal(-5, 3), "-0.005");
}

#[test]
fn patterns_parse_and_format() {
    let micros = at("2024-03-09 15:04:05.678901");
    let cases = [
        ("yyyy-MM-dd HH:mm:ss.SSSSSS", "2024-03-09 15:04:05.678901"),
        ("dd/MM/yy h:mm a", "09/03/24 3:04 PM"),
        ("EEEE, d MMMM yyyy", "Saturday, 9 March 2024"),
        ("EEE MMM D 'o''clock'", "Sat Mar 69 o'clock"),
        ("yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]", "2024-03-09T15:04:05.678Z"),
        ("yyyyMMddHHmmss", "20240309150405"),
        ("Q QQQ QQQQ", "1 Q1 1st quarter"),
        ("VV z xxx XX Z O ZZZZ", "UTC UTC +00:00 Z +0000 GMT GMT"),
    ];
    for (pattern, text) in cases {
        let mut out = String::new();
        Pattern::new(pattern).unwrap().format_timestamp(micros, Zone::UTC, &mut out);
        assert_eq!(out, text, "{pattern}");
    }
    let mut out = String::new();
    Pattern::new("HH VV z xxx XX X Z O").unwrap().format_timestamp(micros, zone(PARIS), &mut out);
    assert_eq!(out, "16 Europe/Paris CET +01:00 +0100 +01 +0100 GMT+1");

    let parsed = |pattern: &str, text: &str| {
        Pattern::new(pattern)
            .unwrap()
            .parse_timestamp(text, Zone::UTC)
            .map(|micros| display::timestamp(micros, Zone::UTC))
    };
    assert_eq!(parsed("yyyyMMddHHmmss", "20240309150405").as_deref(), Some("2024-03-09 15:04:05"));
    assert_eq!(
        parsed("yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]", "2024-03-09T15:04:05+01:00").as_deref(),
        Some("2024-03-09 14:04:05")
    );
    assert_eq!(parsed("dd-MMM-yyyy", "9-MAR-2024"), None, "two letters are two digits");
    assert_eq!(parsed("d-MMM-yyyy", "9-MAR-2024").as_deref(), Some("2024-03-09 00:00:00"));
    assert_eq!(parsed("M/d/yyyy h:mm a", "3/9/2024 12:05 am").as_deref(), Some("2024-03-09 00:05:00"));
    assert_eq!(parsed("yyyy-MM-dd", "2024-02-30"), None);
    assert_eq!(parsed("yyyy-MM-dd", "2024-02-03 "), None);
    assert_eq!(parsed("yyyy", "12024"), None);
    assert_eq!(
        Pattern::new("yyyy-mm-ddTHH").unwrap_err().condition().unwrap().name,
        "INVALID_DATETIME_PATTERN.WITH_SUGGESTION"
    );
    assert!(Pattern::new("YYYY").unwrap_err().message().contains("week-based"));
}

#[test]
fn a_field_whose_name_is_no_word_stands_in_backticks() {
    let field = |name: &str| Field::new(name, DataType::Utf8, true);
    let names = DataType::Struct(["a_1", "a.b", "é", "1", ""].map(field).into_iter().collect());
    assert_eq!(
        firesteel::types::sql_name(&names),
        "STRUCT<a_1: STRING, `a.b`: STRING, `é`: STRING, `1`: STRING, ``: STRING>"
    );
}

fn read_by(pattern: &str, text: &str) -> Option<String> {
    let micros = Pattern::for_parsing(pattern).unwrap().parse_timestamp(text, Zone::UTC)?;
    Some(display::timestamp(micros, Zone::UTC))
}

#[test]
fn a_fraction_is_read_from_one_digit_to_as_many_as_letters() {
    for (pattern, text, expected) in [
        ("HH:mm:ss.SSS", "01:02:03.1", Some("1970-01-01 01:02:03.1")),
        ("HH:mm:ss.SSS", "01:02:03.123", Some("1970-01-01 01:02:03.123")),
        ("HH:mm:ss.SSS", "01:02:03.1234", None),
        ("HH:mm:ss.SSS", "01:02:03.", None),
        ("HH:mm:ss[.SSSSSS]", "01:02:03", Some("1970-01-01 01:02:03")),
        ("HH:mm:ss[.SSSSSS]", "01:02:03.12", Some("1970-01-01 01:02:03.12")),
        ("HHmmssSSS", "033019100", Some("1970-01-01 03:30:19.1")),
        // The fraction is none of the digits that are kept for what follows the year.
        ("yyyyMMddHHmmssSSS", "20240102030405123", None),
    ] {
        assert_eq!(read_by(pattern, text).as_deref(), expected, "{pattern} {text}");
    }
}

#[test]
fn a_field_told_twice_must_agree_with_itself() {
    for (pattern, text, good) in [
        ("yyyy yyyy", "2024 2024", true),
        ("yyyy yyyy", "2024 2023", false),
        ("HH hh a", "15 03 PM", true),
        ("HH a", "03 PM", false),
        ("yyyy-MM-dd DDD", "2024-02-29 060", true),
        ("yyyy-MM-dd DDD", "2024-02-29 061", false),
        ("yyyy-DDD", "2023-366", false),
    ] {
        assert_eq!(read_by(pattern, text).is_some(), good, "{pattern} {text}");
    }
}

#[test]
fn a_year_has_the_digits_of_its_pattern_and_a_sign_where_no_era_stands() {
    for (pattern, text, good) in [
        ("yyyy", "0000", true),
        ("yyyy", "-0001", true),
        ("yyyy", "-0000", false),
        ("yyyy G", "0000 AD", false),
        ("yyyy", "+12024", true),
        ("yyyy", "+2024", false),
        ("yyyyM", "20241", false),
    ] {
        assert_eq!(read_by(pattern, text).is_some(), good, "{pattern} {text}");
    }
}

#[test]
fn a_year_before_the_first_is_written_with_a_sign_or_an_era() {
    let written = |pattern: &str, text: &str| {
        let mut out = String::new();
        Pattern::new(pattern).unwrap().format_timestamp(at(text), Zone::UTC, &mut out);
        out
    };
    assert_eq!(written("yyyy-MM-dd", "-0001-06-01"), "-0001-06-01");
    assert_eq!(written("y yy", "-10000-01-02"), "-10000 00");
    assert_eq!(written("yyyy G", "0000-01-01"), "0001 BC");
    assert_eq!(written("yyyy", "+12024-01-01"), "+12024");
}

#[test]
fn a_date_is_not_written_by_a_pattern_that_asks_for_a_time() {
    assert_eq!(Pattern::new("yyyy-MM[ HH]").unwrap().date(0).unwrap(), "1970-01");
    assert_eq!(Pattern::new("yyyy-MM-dd HH").unwrap().date(0).unwrap_err().kind(), ErrorKind::DateTime);
}

#[test]
fn a_pattern_is_refused_by_what_spark_2_made_of_it() {
    for (pattern, condition) in [
        ("uuuu.n", "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN"),
        ("yyyy aa", "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION"),
        ("yyyy {", "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION"),
        ("yyyyTHH", "INVALID_DATETIME_PATTERN.WITH_SUGGESTION"),
        ("yyyy'", "INVALID_DATETIME_PATTERN.WITH_SUGGESTION"),
        ("n", "INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER"),
    ] {
        assert_eq!(Pattern::new(pattern).unwrap_err().condition().unwrap().name, condition, "{pattern}");
    }
}

#[test]
fn days_of_the_week_and_quarters_can_only_be_written() {
    for (pattern, condition) in [
        ("EEE, d MMM yyyy", "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION"),
        ("yyyy [F]", "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION"),
        ("yyyy Q", "INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER"),
    ] {
        assert!(Pattern::new(pattern).is_ok());
        assert_eq!(Pattern::for_parsing(pattern).unwrap_err().condition().unwrap().name, condition, "{pattern}");
    }
}

proptest! {
    #[test]
    fn what_is_shown_parses_back(micros in -60_000_000_000_000_000_i64..250_000_000_000_000_000, double in any::<f64>(), unscaled in any::<i64>()) {
        for zone in [Zone::UTC, zone("Asia/Kolkata"), Zone::Fixed(-3600)] {
            prop_assert_eq!(parse::timestamp(&display::timestamp(micros, zone), zone), Some(micros));
            let pattern = Pattern::new("yyyy-MM-dd HH:mm:ss.SSSSSS").unwrap();
            let mut text = String::new();
            pattern.format_timestamp(micros, zone, &mut text);
            prop_assert_eq!(pattern.parse_timestamp(&text, zone), Some(micros));
        }
        let days = micros.div_euclid(calendar::MICROS_PER_DAY);
        prop_assert_eq!(parse::date(&display::date(days)).map(i64::from), Some(days));
        let (year, month, day) = calendar::civil(days);
        prop_assert_eq!(calendar::days(year, month, day), Some(days));
        if !double.is_nan() {
            prop_assert_eq!(parse::double(&display::double(double)), Some(double));
        }
        prop_assert_eq!(parse::decimal(&display::decimal(i128::from(unscaled), 7), 38, 7), Ok(i128::from(unscaled)));
    }
}
