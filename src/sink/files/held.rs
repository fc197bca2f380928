//! Rows whose partition directory has no file open: kept until their lane ends, then given back
//! directory by directory.
//!
//! Rows that are too much for memory go to one temporary file, each directory's in record batches
//! of their own.

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek};
use std::mem;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{interleave_record_batch, take_record_batch};
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::FileWriter;
use indexmap::IndexMap;

use crate::error::{Context, Result};

/// How many bytes of rows a lane keeps in memory.
pub(super) const HELD_BYTES: usize = 32 << 20;

/// Rows by partition directory.
pub(super) struct HeldRows {
    most: usize,
    bytes: usize,
    batches: Vec<RecordBatch>,
    /// By directory, in the order in which they came.
    directories: IndexMap<String, HeldDirectory>,
    disk: Option<HeldFile>,
}

#[derive(Default)]
struct HeldDirectory {
    /// Numbers of record batches on disk, the first rows first.
    on_disk: Vec<usize>,
    /// Batch and row of the rows in memory, which come after those.
    in_memory: Vec<(usize, usize)>,
}

struct HeldFile {
    writer: FileWriter<BufWriter<File>>,
    batches: usize,
}

impl HeldRows {
    pub(super) fn new(most: usize) -> Self {
        Self { most, bytes: 0, batches: Vec::new(), directories: IndexMap::new(), disk: None }
    }

    /// Keeps the rows of `indices`, each group for its directory.
    pub(super) fn add(&mut self, rows: &RecordBatch, groups: &[(String, Vec<u32>)]) -> Result<()> {
        // A copy of these rows alone: the batch that they came in may be large.
        let indices: UInt32Array = groups.iter().flat_map(|(_, indices)| indices.iter().copied()).collect();
        let kept = take_record_batch(rows, &indices)?;
        let (batch, mut row) = (self.batches.len(), 0);
        for (directory, indices) in groups {
            let places = (row..row + indices.len()).map(|row| (batch, row));
            self.directories.entry(directory.clone()).or_default().in_memory.extend(places);
            row += indices.len();
        }
        self.bytes += kept.get_array_memory_size() + row * size_of::<(usize, usize)>();
        self.batches.push(kept);
        if self.bytes > self.most { self.spill().context(|| "spilling rows of partitions".to_owned()) } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<()> {
        let batches = mem::take(&mut self.batches);
        let Some(first) = batches.first() else { return Ok(()) };
        let batches: Vec<&RecordBatch> = batches.iter().collect();
        let disk = match &mut self.disk {
            Some(disk) => disk,
            none => {
                let file = BufWriter::with_capacity(1 << 20, tempfile::tempfile()?);
                none.insert(HeldFile { writer: FileWriter::try_new(file, &first.schema())?, batches: 0 })
            }
        };
        for held in self.directories.values_mut().filter(|held| !held.in_memory.is_empty()) {
            let places = mem::take(&mut held.in_memory);
            disk.writer.write(&interleave_record_batch(&batches, &places)?)?;
            held.on_disk.push(disk.batches);
            disk.batches += 1;
        }
        self.bytes = 0;
        Ok(())
    }

    /// Gives each directory's rows, in the order in which they came, one directory after the other.
    pub(super) fn give_back(
        self,
        mut take: impl FnMut(&str, &mut dyn Iterator<Item = Result<RecordBatch>>) -> Result<()>,
    ) -> Result<()> {
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        let mut disk = match self.disk {
            None => None,
            Some(disk) => {
                let mut file = disk.writer.into_inner()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
                file.rewind()?;
                Some(FileReader::try_new(BufReader::with_capacity(1 << 16, file), None)?)
            }
        };
        for (directory, held) in &self.directories {
            let on_disk = held.on_disk.iter().filter_map(|number| {
                let disk = disk.as_mut()?;
                disk.set_index(*number).map(|()| disk.next()).transpose().map(|rows| Ok(rows??))
            });
            let in_memory = (!held.in_memory.is_empty())
                .then(|| interleave_record_batch(&batches, &held.in_memory).map_err(Into::into));
            take(directory, &mut on_disk.chain(in_memory))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
    use arrow::datatypes::Int64Type;

    use super::HeldRows;

    fn back(most: usize) -> (Vec<(String, Vec<i64>)>, bool) {
        let mut held = HeldRows::new(most);
        for at in (0..30_i64).step_by(3) {
            let values: ArrayRef = Arc::new(Int64Array::from_iter_values(at..at + 3));
            let rows = RecordBatch::try_from_iter([("v", values)]).unwrap();
            held.add(&rows, &[("k=a".into(), vec![0, 2]), (format!("k={at}"), vec![1])]).unwrap();
        }
        let (mut found, spilled) = (Vec::new(), held.disk.is_some());
        held.give_back(|directory, rows| {
            let values = rows.flat_map(|rows| rows.unwrap().column(0).as_primitive::<Int64Type>().values().to_vec());
            found.push((directory.to_owned(), values.collect()));
            Ok(())
        })
        .unwrap();
        (found, spilled)
    }

    #[test]
    fn rows_come_back_by_directory_and_in_order_from_memory_and_from_disk() {
        let (in_memory, spilled) = back(usize::MAX);
        assert!(!spilled);
        assert_eq!(in_memory[0].1, (0..30).filter(|v| v % 3 != 1).collect::<Vec<_>>());
        assert_eq!(in_memory[1..].iter().map(|(_, rows)| rows.len()).collect::<Vec<_>>(), vec![1; 10]);
        // Spilled after every batch, after some, and with rows that are still in memory in the end.
        for most in [0, 300, 700] {
            assert_eq!(back(most), (in_memory.clone(), true), "{most}");
        }
    }
}
