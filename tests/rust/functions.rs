//! Functions by their registry: what a definition builds, evaluated without a session.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch, RecordBatchOptions};
use arrow::datatypes::Schema;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::physical_expr::create_physical_expr;
use firesteel::config::Conf;
use firesteel::error::Result;
use firesteel::plan::functions::{CallContext, Definition, lookup, missing, names};
use firesteel::plan::typed::Typed;
use firesteel::types::display::{self, Style};
use firesteel::types::zone::Zone;
use proptest::prelude::*;

fn constant(value: ScalarValue) -> Typed {
    Typed { data_type: value.data_type(), nullable: value.is_null(), expr: Expr::Literal(value, None) }
}

fn text(value: &str) -> Typed {
    constant(ScalarValue::Utf8(Some(value.to_owned())))
}

fn int(value: i32) -> Typed {
    constant(ScalarValue::Int32(Some(value)))
}

fn build(name: &str, arguments: Vec<Typed>) -> Result<Typed> {
    let conf = Conf::default();
    let texts = vec![String::new(); arguments.len()];
    let context =
        CallContext { name, conf: &conf, distinct: false, ignore_nulls: false, text: name, arguments: &texts };
    match lookup(name).unwrap() {
        Definition::Scalar(build) => build(&context, arguments),
        _ => panic!("{name} is no scalar function"),
    }
}

/// The value of a call over constants, as `CAST(… AS STRING)` shows it.
fn call(name: &str, arguments: Vec<Typed>) -> Result<Option<String>> {
    let typed = build(name, arguments)?;
    let (schema, props, context) = (DFSchema::empty(), ExecutionProps::new(), PhysicalPlanningContext::default());
    let physical = create_physical_expr(&typed.expr, &schema, &props, &context).unwrap();
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap();
    let value = physical.evaluate(&row)?.into_array(1).unwrap();
    assert_eq!(*value.data_type(), typed.data_type, "{name} gives the type that it promised");
    let shown = display::to_strings(&value, Zone::UTC, Style::Cast)?;
    Ok(shown.is_valid(0).then(|| shown.value(0).to_owned()))
}

fn shown(name: &str, arguments: Vec<Typed>) -> String {
    call(name, arguments).unwrap().unwrap_or_else(|| "null".to_owned())
}

#[test]
fn text_counts_from_one_and_from_the_end() {
    assert_eq!(shown("substring", vec![text("abcdef"), int(-3), int(2)]), "de");
    assert_eq!(shown("substring", vec![text("a😀b"), int(2), int(1)]), "😀");
    assert_eq!(shown("substring_index", vec![text("a.b.c"), text("."), int(-1)]), "c");
    assert_eq!(shown("split", vec![text("a1b2c"), text("[0-9]"), int(-1)]), "[a, b, c]");
    assert_eq!(shown("regexp_replace", vec![text("abc"), text("(a)(b)"), text("$2$1")]), "bac");
    assert_eq!(shown("initcap", vec![text("hello wORLD foo-bar")]), "Hello World Foo-bar");
    assert_eq!(shown("soundex", vec![text("Robert")]), "R163");
    assert_eq!(shown("conv", vec![text("100"), int(2), int(10)]), "4");
    assert_eq!(
        shown(
            "format_string",
            vec![text("%s has %d and %.2f"), text("x"), int(5), constant(ScalarValue::Float64(Some(1.5)))]
        ),
        "x has 5 and 1.50"
    );
}

#[test]
fn numbers_round_as_java_does() {
    let double = |value| constant(ScalarValue::Float64(Some(value)));
    assert_eq!(shown("round", vec![double(2.5), int(0)]), "3.0");
    assert_eq!(shown("bround", vec![double(2.5), int(0)]), "2.0");
    assert_eq!(shown("round", vec![double(2.675), int(2)]), "2.68");
    assert_eq!(shown("round", vec![int(25), int(-1)]), "30");
    assert_eq!(shown("floor", vec![double(-1.5)]), "-2");
    assert_eq!(shown("format_number", vec![double(1_234_567.891), int(2)]), "1,234,567.89");
}

#[test]
fn hashes_are_sparks() {
    assert_eq!(shown("hash", vec![text("Spark")]), "228093765");
    assert_eq!(shown("xxhash64", vec![text("Spark")]), "-4294468057691064905");
    assert_eq!(shown("crc32", vec![text("Spark")]), "1557323817");
    assert_eq!(shown("md5", vec![text("Spark")]), "8cde774d6f7333752ed72cacddb05126");
    assert_eq!(shown("sha1", vec![text("Spark")]), "85f5955f4b27a9a4c2aab6ffe5d7189fc298b92c");
}

#[test]
fn json_goes_in_and_out() {
    let parsed =
        || build("from_json", vec![text(r#"{"a": 1, "b": [true, null]}"#), text("a INT, b ARRAY<BOOLEAN>")]).unwrap();
    assert_eq!(shown("to_json", vec![parsed()]), r#"{"a":1,"b":[true,null]}"#);
    assert_eq!(shown("get_json_object", vec![text(r#"{"a": {"b": [1, 2]}}"#), text("$.a.b[1]")]), "2");
}

#[test]
fn dates_and_intervals() {
    assert_eq!(shown("date_add", vec![text("2024-01-31"), int(1)]), "2024-02-01");
    assert_eq!(shown("months_between", vec![text("2024-03-15 12:00:00"), text("2024-01-01")]), "2.46774194");
    assert_eq!(shown("date_trunc", vec![text("quarter"), text("2024-05-17")]), "2024-04-01 00:00:00");
    assert_eq!(shown("to_date", vec![text("Jan 5, 2024"), text("MMM d, yyyy")]), "2024-01-05");
    assert_eq!(shown("next_day", vec![text("2024-01-01"), text("MON")]), "2024-01-08");
}

#[test]
fn errors_have_sparks_conditions() {
    let condition = |name: &str, arguments| call(name, arguments).unwrap_err().condition().unwrap().name;
    assert_eq!(condition("upper", vec![]), "WRONG_NUM_ARGS.WITHOUT_SUGGESTION");
    assert_eq!(condition("split_part", vec![text("a"), text("."), int(0)]), "INVALID_INDEX_OF_ZERO");
    assert_eq!(
        condition("regexp_extract", vec![text("foo"), text("o"), int(1)]),
        "INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX"
    );
    assert_eq!(condition("to_date", vec![text("bad"), text("yyyy-MM-dd")]), "CANNOT_PARSE_TIMESTAMP");
    assert!(missing("xpath").unwrap().message().contains("'xpath' is not implemented in Firesteel"));
    assert!(missing("nosuch").is_none());
}

#[test]
fn no_name_is_both_built_and_missing() {
    for name in names() {
        assert!(missing(name).is_none(), "{name} is built");
    }
}

proptest! {
    #[test]
    fn text_laws(value in "\\PC{0,12}", from in -15_i32..15, length in 0_i32..15) {
        prop_assert_eq!(&shown("reverse", vec![build("reverse", vec![text(&value)]).unwrap()]), &value);
        prop_assert_eq!(&shown("url_decode", vec![build("url_encode", vec![text(&value)]).unwrap()]), &value);
        prop_assert_eq!(&shown("decode", vec![build("unbase64", vec![build("base64", vec![text(&value)]).unwrap()]).unwrap(), text("utf-8")]), &value);
        let part = shown("substring", vec![text(&value), int(from), int(length)]);
        prop_assert!(value.contains(&part) && part.chars().count() <= length as usize);
    }
}
