//! Parquet files: columns by name, widened, split by row groups.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, StructArray,
    TimestampNanosecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, TimestampMicrosecondType};
use firesteel::types::{simple_name, timestamp};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use tempfile::TempDir;

use crate::support::{Load, read_all};

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>, group: usize) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn load<'a>(path: &'a Path, schema: &'a str, options: &'a [(&'a str, &'a str)]) -> Load<'a> {
    Load { format: "parquet", path, schema, options }
}

#[test]
fn columns_are_found_by_name_and_widened() {
    let dir = TempDir::new().unwrap();
    let nested = StructArray::from(vec![(
        Arc::new(Field::new("x", DataType::Int32, true)),
        Arc::new(Int32Array::from(vec![7])) as ArrayRef,
    )]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("a", Arc::new(Int32Array::from(vec![1]))),
        ("b", Arc::new(StringArray::from(vec!["x"]))),
        ("s", Arc::new(nested)),
    ];
    write(&dir.path().join("a.parquet"), columns, 10);
    let (schema, batches) = read_all(load(dir.path(), "", &[])).unwrap();
    assert_eq!(
        schema.fields().iter().map(|f| simple_name(f.data_type())).collect::<Vec<_>>(),
        ["int", "string", "struct<x:int>"]
    );
    assert_eq!(batches.len(), 1);
    let (_, batches) = read_all(load(dir.path(), "s struct<y:int,x:bigint>, z int, A bigint", &[])).unwrap();
    let batch = &batches[0];
    assert_eq!(batch.column(0).as_struct().column(1).as_primitive::<Int64Type>().value(0), 7);
    assert!(batch.column(0).as_struct().column(0).is_null(0) && batch.column(1).is_null(0));
    assert_eq!(batch.column(2).as_primitive::<Int64Type>().value(0), 1);
    for schema in ["a string", "b int", "a tinyint", "s struct<x:string>", "a decimal(5,0)"] {
        let error = read_all(load(dir.path(), schema, &[])).unwrap_err();
        assert_eq!(error.condition().unwrap().name, "FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH", "{schema}");
        assert!(error.to_string().contains("a.parquet"), "{error}");
    }
    for schema in ["a double", "a decimal(20,2)"] {
        read_all(load(dir.path(), schema, &[])).unwrap();
    }
}

#[test]
fn schemas_merge_where_asked() {
    let dir = TempDir::new().unwrap();
    write(&dir.path().join("a.parquet"), vec![("a", Arc::new(Int32Array::from(vec![1])))], 10);
    write(&dir.path().join("b.parquet"), vec![("c", Arc::new(Float64Array::from(vec![1.5])))], 10);
    let names = |options| {
        read_all(load(dir.path(), "", options)).unwrap().0.fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["a"]);
    assert_eq!(names(&[("mergeSchema", "true")]), ["a", "c"]);
    write(&dir.path().join("d.parquet"), vec![("a", Arc::new(Int64Array::from(vec![1])))], 10);
    let error = read_all(load(dir.path(), "", &[("mergeSchema", "true")])).unwrap_err();
    assert_eq!(error.condition().unwrap().name, "CANNOT_MERGE_SCHEMAS");
}

#[test]
fn each_row_group_is_read_once_however_the_file_is_cut() {
    let dir = TempDir::new().unwrap();
    let rows = Int32Array::from_iter_values(0..10_000);
    write(&dir.path().join("a.parquet"), vec![("a", Arc::new(rows))], 700);
    for most in ["1000", "5000", "1000000"] {
        let options = [("conf:spark.sql.files.maxPartitionBytes", most), ("conf:spark.sql.files.openCostInBytes", "1")];
        let (_, batches) = read_all(load(dir.path(), "", &options)).unwrap();
        let mut found: Vec<i32> =
            batches.iter().flat_map(|b| b.column(0).as_primitive::<Int32Type>().values().to_vec()).collect();
        found.sort_unstable();
        assert!(found.into_iter().eq(0..10_000), "{most}");
    }
}

#[test]
fn what_is_not_parquet_is_said_by_name_or_passed_over() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("junk.parquet"), "junk").unwrap();
    let error = read_all(load(dir.path(), "a int", &[])).unwrap_err();
    assert_eq!(error.condition().unwrap().name, "FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER");
    assert!(error.to_string().contains("junk.parquet"), "{error}");
    write(&dir.path().join("good.parquet"), vec![("a", Arc::new(Int32Array::from(vec![1])))], 10);
    let (_, batches) = read_all(load(dir.path(), "a int", &[("ignoreCorruptFiles", "true")])).unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 1);
}

#[test]
fn nanoseconds_become_microseconds() {
    let dir = TempDir::new().unwrap();
    let instants = TimestampNanosecondArray::from(vec![1_500_000_001_234]).with_timezone("Europe/Paris");
    write(&dir.path().join("a.parquet"), vec![("t", Arc::new(instants))], 10);
    let (schema, batches) = read_all(load(dir.path(), "", &[])).unwrap();
    assert_eq!(schema.field(0).data_type(), &timestamp());
    assert_eq!(batches[0].column(0).as_primitive::<TimestampMicrosecondType>().value(0), 1_500_000_001);
}

/// `int96.parquet` is written by pyarrow, with the 96-bit timestamps that Spark writes by default.
#[test]
fn timestamps_of_96_bits_are_instants() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/files/int96.parquet");
    let (schema, batches) = read_all(load(&path, "", &[])).unwrap();
    assert_eq!(
        schema.fields().iter().map(|f| simple_name(f.data_type())).collect::<Vec<_>>(),
        ["bigint", "timestamp", "struct<u:timestamp>"]
    );
    let times = batches[0].column(1).as_primitive::<TimestampMicrosecondType>();
    assert_eq!(times.value(0), 1_577_872_800_123_456);
    assert!(times.is_null(1));
    let early = batches[0].column(2).as_struct().column(0).as_primitive::<TimestampMicrosecondType>().value(0);
    assert_eq!(early, -2_208_988_800_000_000);
}
