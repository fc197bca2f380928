//! Columns of lists: our reader gives what the library gives, whatever was written and however.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, Int32Array, ListArray, PrimitiveArray, RecordBatch, new_empty_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Int32Type, Int64Type};
use firesteel::types::array;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::properties::{WriterProperties, WriterVersion};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::support::{Load, read_all};

/// Lists of small numbers, some of which repeat.
type Lists = Vec<Option<Vec<Option<i8>>>>;

fn lists() -> impl Strategy<Value = Lists> {
    let element = || prop_oneof![9 => any::<i8>().prop_map(Some), 1 => Just(None)];
    let varied = prop::collection::vec(prop::option::weighted(0.9, prop::collection::vec(element(), 0..20)), 0..200);
    let even = (1..40_usize).prop_flat_map(|width| {
        prop::collection::vec(prop::collection::vec(any::<i8>().prop_map(Some), width).prop_map(Some), 0..200)
    });
    let long = prop::collection::vec(prop::collection::vec(element(), 0..400).prop_map(Some), 0..10);
    // Lists of one length, and here and there one that is not.
    let nearly = (1..40_usize).prop_flat_map(|width| {
        let same = prop::collection::vec(any::<i8>().prop_map(Some), width).prop_map(Some);
        let odd = prop::option::weighted(0.8, prop::collection::vec(prop::option::weighted(0.9, any::<i8>()), 0..80));
        prop::collection::vec(prop_oneof![20 => same.boxed(), 1 => odd.boxed()], 0..400)
    });
    prop_oneof![varied, even, long, nearly]
}

prop_compose! {
    fn properties()(
        rows in 1..600_usize, page_rows in 1..400_usize, page_bytes in 16..16384_usize, batch in 1..256_usize,
        version in any::<bool>(), dictionary in any::<bool>(), dictionary_bytes in 16..256_usize, snappy in any::<bool>(),
    ) -> WriterProperties {
        WriterProperties::builder()
            .set_max_row_group_row_count(Some(rows))
            .set_data_page_row_count_limit(page_rows)
            .set_data_page_size_limit(page_bytes)
            .set_write_batch_size(batch)
            .set_writer_version(if version { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 })
            .set_dictionary_enabled(dictionary)
            .set_dictionary_page_size_limit(dictionary_bytes)
            .set_compression(if snappy { Compression::SNAPPY } else { Compression::UNCOMPRESSED })
            .build()
    }
}

/// The lists as a column that says of itself no more than that there may be nulls where there are
/// some, or may be some everywhere.
fn column<T: ArrowPrimitiveType>(lists: &Lists, strict: bool) -> (Field, ArrayRef)
where
    T::Native: From<i8>,
{
    let elements: Vec<Option<i8>> = lists.iter().flatten().flatten().copied().collect();
    let element_nulls = !strict || elements.iter().any(Option::is_none);
    let list_nulls = !strict || lists.iter().any(Option::is_none);
    let values: PrimitiveArray<T> = elements.into_iter().map(|value| value.map(T::Native::from)).collect();
    let item = Arc::new(Field::new("item", T::DATA_TYPE, element_nulls));
    let offsets = OffsetBuffer::from_lengths(lists.iter().map(|list| list.as_ref().map_or(0, Vec::len)));
    let nulls = list_nulls.then(|| lists.iter().map(Option::is_some).collect::<NullBuffer>());
    let column = ListArray::new(item, offsets, Arc::new(values), nulls);
    (Field::new("lists", column.data_type().clone(), list_nulls), Arc::new(column))
}

fn write(path: &Path, lists: (Field, ArrayRef), properties: WriterProperties) {
    let numbers: ArrayRef = Arc::new(Int32Array::from_iter_values(0..lists.1.len() as i32));
    let schema = arrow::datatypes::Schema::new(vec![lists.0, Field::new("number", DataType::Int32, true)]);
    let batch = RecordBatch::try_new(Arc::new(schema), vec![lists.1, numbers]).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn joined(batches: &[RecordBatch], at: usize, to: &DataType) -> ArrayRef {
    let columns: Vec<ArrayRef> = batches.iter().map(|batch| cast(batch.column(at), to).unwrap()).collect();
    let columns: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
    if columns.is_empty() { new_empty_array(to) } else { concat(&columns).unwrap() }
}

fn as_the_library_reads<T: ArrowPrimitiveType>(lists: &Lists, strict: bool, properties: WriterProperties)
where
    T::Native: From<i8>,
{
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("a.parquet");
    write(&path, column::<T>(lists, strict), properties);
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap().build().unwrap();
    let theirs: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    // In one piece, so that the rows are in the file's order.
    let options = [("conf:spark.sql.files.openCostInBytes", "134217728")];
    let (_, ours) = read_all(Load { format: "parquet", path: &path, schema: "", options: &options }).unwrap();
    let list = array(T::DATA_TYPE, true);
    assert_eq!(&joined(&ours, 0, &list), &joined(&theirs, 0, &list));
    assert_eq!(&joined(&ours, 1, &DataType::Int32), &joined(&theirs, 1, &DataType::Int32));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn lists_are_those_that_the_library_reads(
        lists in lists(), strict in any::<bool>(), kind in 0..4, properties in properties(),
    ) {
        match kind {
            0 => as_the_library_reads::<Int32Type>(&lists, strict, properties),
            1 => as_the_library_reads::<Int64Type>(&lists, strict, properties),
            2 => as_the_library_reads::<Float32Type>(&lists, strict, properties),
            _ => as_the_library_reads::<Float64Type>(&lists, strict, properties),
        }
    }

    /// A damaged page is an error or other rows, and never the end of the process.
    #[test]
    fn damaged_lists_do_not_panic(lists in lists(), properties in properties(), at in any::<prop::sample::Index>(), byte: u8) {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("a.parquet");
        write(&path, column::<Float32Type>(&lists, false), properties);
        let mut bytes = std::fs::read(&path).unwrap();
        let footer = u32::from_le_bytes(bytes[bytes.len() - 8..bytes.len() - 4].try_into().unwrap()) as usize;
        let data = bytes.len() - 8 - footer;
        bytes[at.index(data)] = byte;
        std::fs::write(&path, bytes).unwrap();
        let _ = read_all(Load { format: "parquet", path: &path, schema: "lists array<float>", options: &[] });
    }
}
