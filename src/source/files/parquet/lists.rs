//! Lists of numbers, by the runs of their levels.
//!
//! A list is kept as one pair of levels a number: does it begin a list, is it there. The library
//! turns every pair into offsets and bits, one by one, and for lists that all have their 32 numbers
//! that takes longer than a small model takes to score them. Here a run of equal levels is one
//! step, and so are lists of one length; plain numbers without nulls stay where the page has them,
//! if that is aligned. Read so are lists of `int`, `bigint`, `float` and `double` that are columns
//! themselves, plain or by a dictionary; the library reads all else. Format: "Nested Encoding" of
//! the Parquet specification.

use std::collections::VecDeque;
use std::fs::File;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, NullBufferBuilder, PrimitiveArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::concat;
use arrow::datatypes::{
    ArrowNativeType, ArrowPrimitiveType, DataType, FieldRef, Float32Type, Float64Type, Int32Type, Int64Type,
};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::basic::{Encoding, Type as Physical};
use parquet::column::page::Page;
use parquet::file::serialized_reader::SerializedPageReader;

use super::failed;
use super::levels::{LevelRuns, each_index};
use crate::error::{Error, Result};

/// Fewer lists are copied rather than given by themselves.
const FEW: usize = 256;

/// A column of lists over some row groups of a file.
pub struct Lists {
    chunks: std::vec::IntoIter<SerializedPageReader<File>>,
    pages: Option<SerializedPageReader<File>>,
    levels: Levels,
    element: FieldRef,
    dictionary: Option<Buffer>,
    /// Rows that are read and not yet taken, page by page.
    ready: VecDeque<ListArray>,
    rows: usize,
}

/// What a pair of levels says, which follows from what may be null.
#[derive(Clone, Copy, Debug)]
struct Levels {
    list_nullable: bool,
    element_nullable: bool,
}

impl Levels {
    /// The definition level of a number that is there.
    fn present(self) -> u32 {
        self.empty() + 1 + u32::from(self.element_nullable)
    }

    /// The definition level of a list without elements; a null one has a lower one.
    fn empty(self) -> u32 {
        u32::from(self.list_nullable)
    }
}

impl Lists {
    /// The `root`-th column of the file as `to`; `None` where the library has to read it.
    pub fn open(
        file: &File,
        metadata: &ArrowReaderMetadata,
        groups: &[usize],
        root: usize,
        to: &DataType,
    ) -> Result<Option<Self>> {
        let held = metadata.schema().field(root);
        let (
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _),
            DataType::List(element),
        ) = (held.data_type(), to)
        else {
            return Ok(None);
        };
        let schema = metadata.parquet_schema();
        let leaves: Vec<usize> =
            (0..schema.num_columns()).filter(|leaf| schema.get_column_root_idx(*leaf) == root).collect();
        let ([leaf], true) = (leaves.as_slice(), item.data_type() == element.data_type()) else { return Ok(None) };
        let column = schema.column(*leaf);
        let physical = match element.data_type() {
            DataType::Int32 => Physical::INT32,
            DataType::Int64 => Physical::INT64,
            DataType::Float32 => Physical::FLOAT,
            DataType::Float64 => Physical::DOUBLE,
            _ => return Ok(None),
        };
        let levels = Levels { list_nullable: held.is_nullable(), element_nullable: item.is_nullable() };
        let depth = (column.max_rep_level(), u32::try_from(column.max_def_level()));
        if column.physical_type() != physical || depth != (1, Ok(levels.present())) {
            return Ok(None);
        }
        let file = Arc::new(file.try_clone()?);
        let mut chunks = Vec::with_capacity(groups.len());
        for group in groups {
            let group = metadata.metadata().row_group(*group);
            let chunk = group.column(*leaf);
            if !chunk.encodings().all(known) {
                return Ok(None);
            }
            let rows = usize::try_from(group.num_rows()).unwrap_or(0);
            chunks.push(SerializedPageReader::new(Arc::clone(&file), chunk, rows, None).map_err(failed)?);
        }
        Ok(Some(Self {
            chunks: chunks.into_iter(),
            pages: None,
            levels,
            element: Arc::clone(element),
            dictionary: None,
            ready: VecDeque::new(),
            rows: 0,
        }))
    }

    /// How many of the next `most` lists to take at once: those that lie together in memory, which
    /// are not copied, unless they are few. A page has such lists, and the list that lies in two
    /// pages is one by itself.
    pub fn together(&mut self, most: usize) -> Result<usize> {
        // The last list of a page may go on in the next one.
        while self.ready.len() < 2 && self.read_page()? {}
        Ok(self.ready.front().map(ListArray::len).filter(|lists| (FEW..most).contains(lists)).unwrap_or(most))
    }

    /// The next `rows` lists.
    pub fn next(&mut self, rows: usize) -> Result<ArrayRef> {
        // One more, since the last list of a page may go on in the next one.
        while self.rows <= rows && self.read_page()? {}
        if self.rows < rows {
            return Err(Error::runtime(format!("a column of lists ends {} rows before the others", rows - self.rows)));
        }
        self.rows -= rows;
        let mut parts: Vec<ListArray> = Vec::new();
        let mut missing = rows;
        while missing > 0
            && let Some(lists) = self.ready.pop_front()
        {
            if lists.len() > missing {
                self.ready.push_front(lists.slice(missing, lists.len() - missing));
            }
            let taken = lists.len().min(missing);
            parts.push(lists.slice(0, taken));
            missing -= taken;
        }
        Ok(match parts.as_slice() {
            [] => Arc::new(ListArray::new_null(Arc::clone(&self.element), 0)),
            [lists] => Arc::new(lists.clone()),
            _ => concat(&parts.iter().map(|part| part as &dyn Array).collect::<Vec<_>>())?,
        })
    }

    /// Reads the next page, if there is one.
    fn read_page(&mut self) -> Result<bool> {
        loop {
            let Some(pages) = &mut self.pages else {
                self.pages = self.chunks.next();
                self.dictionary = None;
                if self.pages.is_none() {
                    return Ok(false);
                }
                continue;
            };
            let Some(page) = pages.next().transpose().map_err(failed)? else {
                self.pages = None;
                continue;
            };
            if let Page::DictionaryPage { buf, encoding: Encoding::PLAIN | Encoding::PLAIN_DICTIONARY, .. } = &page {
                self.dictionary = Some(buf.clone().into());
                continue;
            }
            let page = DataPage::of(page)?;
            let (rows, values) = match self.element.data_type() {
                DataType::Int32 => self.rows_of::<Int32Type>(&page),
                DataType::Int64 => self.rows_of::<Int64Type>(&page),
                DataType::Float32 => self.rows_of::<Float32Type>(&page),
                _ => self.rows_of::<Float64Type>(&page),
            }?;
            self.add(rows, values)?;
            return Ok(true);
        }
    }

    fn rows_of<T: ArrowPrimitiveType>(&self, page: &DataPage) -> Result<(PageRows, ArrayRef)> {
        let mut rows = PageRows::of_levels(page, self.levels)?;
        let present = page.levels - rows.absent;
        let values = match page.encoding {
            Encoding::PLAIN => plain::<T>(page.values.clone().into(), present)?,
            Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY => {
                let Some(dictionary) = &self.dictionary else {
                    return Err(Error::runtime("a page of indices comes before its dictionary"));
                };
                let width = T::Native::get_byte_width();
                looked_up::<T>(&plain::<T>(dictionary.clone(), dictionary.len() / width)?, &page.values, present)?
            }
            other => return Err(Error::runtime(format!("a page has the encoding {other}, which its footer has not"))),
        };
        let values: PrimitiveArray<T> = match rows.elements.take() {
            None => PrimitiveArray::new(values, None),
            Some(nulls) => spread::<T>(&values, nulls),
        };
        Ok((rows, Arc::new(values)))
    }

    /// Adds a page's rows; its first elements may belong to the last list that we have.
    fn add(&mut self, rows: PageRows, values: ArrayRef) -> Result<()> {
        let begins = rows.offsets[0] as usize;
        if begins > 0 {
            let Some(last) = self.ready.pop_back() else {
                return Err(Error::runtime("a column's first list has no beginning"));
            };
            let whole = last.len() - 1;
            let joined = concat(&[last.value(whole).as_ref(), values.slice(0, begins).as_ref()])?;
            let offsets = OffsetBuffer::from_lengths([joined.len()]);
            if whole > 0 {
                self.ready.push_back(last.slice(0, whole));
            }
            self.ready.push_back(ListArray::try_new(Arc::clone(&self.element), offsets, joined, None)?);
        }
        let lists = rows.offsets.len() - 1;
        if lists > 0 {
            let offsets = OffsetBuffer::new(ScalarBuffer::from(rows.offsets));
            self.ready.push_back(ListArray::try_new(Arc::clone(&self.element), offsets, values, rows.lists)?);
            self.rows += lists;
        }
        Ok(())
    }
}

/// What [`Lists`] reads.
fn known(encoding: Encoding) -> bool {
    matches!(encoding, Encoding::PLAIN | Encoding::RLE | Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY)
}

/// A page of either version.
struct DataPage {
    /// How many pairs of levels.
    levels: usize,
    repetitions: Bytes,
    definitions: Bytes,
    encoding: Encoding,
    values: Bytes,
}

impl DataPage {
    fn of(page: Page) -> Result<Self> {
        match page {
            Page::DataPage { mut buf, num_values, encoding, def_level_encoding, rep_level_encoding, .. } => {
                for levels in [def_level_encoding, rep_level_encoding] {
                    if levels != Encoding::RLE {
                        return Err(Error::runtime(format!("a page's levels have the encoding {levels}, not RLE")));
                    }
                }
                let repetitions = sized(&mut buf)?;
                let definitions = sized(&mut buf)?;
                Ok(Self { levels: num_values as usize, repetitions, definitions, encoding, values: buf })
            }
            Page::DataPageV2 { mut buf, num_values, encoding, def_levels_byte_len, rep_levels_byte_len, .. } => {
                let repetitions = first(&mut buf, rep_levels_byte_len as usize)?;
                let definitions = first(&mut buf, def_levels_byte_len as usize)?;
                Ok(Self { levels: num_values as usize, repetitions, definitions, encoding, values: buf })
            }
            Page::DictionaryPage { encoding, .. } => {
                Err(Error::runtime(format!("a dictionary has the encoding {encoding}, not PLAIN")))
            }
        }
    }
}

/// Levels of version 1, which stand behind their size in four bytes.
fn sized(bytes: &mut Bytes) -> Result<Bytes> {
    let size = first(bytes, 4)?;
    let size = size.iter().rev().fold(0, |size, byte| size << 8 | usize::from(*byte));
    first(bytes, size)
}

fn first(bytes: &mut Bytes, size: usize) -> Result<Bytes> {
    if size > bytes.len() {
        return Err(Error::runtime("a page is shorter than it says"));
    }
    Ok(bytes.split_to(size))
}

/// A page's rows. Values before the first offset belong to the last row of the page before.
struct PageRows {
    offsets: Vec<i32>,
    lists: Option<NullBuffer>,
    elements: Option<NullBuffer>,
    /// Pairs of levels for which no number is kept.
    absent: usize,
}

impl PageRows {
    fn of_levels(page: &DataPage, levels: Levels) -> Result<Self> {
        let mut repetitions = LevelRuns::new(&page.repetitions, 1, page.levels);
        let mut definitions = LevelRuns::new(&page.definitions, levels.present(), page.levels);
        let mut rows = Growing::new(levels);
        // The last list that began together with a stretch of its levels, if no number was missing
        // since.
        let mut begun: Option<ListStart> = None;
        let (mut repetition, mut definition) = (0, 0);
        let (mut same_repetition, mut same_definition) = (0, 0);
        let mut left = page.levels;
        while left > 0 {
            if same_definition == 0 {
                (definition, same_definition) = definitions.next()?;
                if definition > levels.present() {
                    return Err(Error::runtime(format!("a page has the level {definition}, which its schema has not")));
                }
            }
            if same_repetition == 0 {
                if let Some(begun) = begun.as_ref().filter(|_| definition == levels.present())
                    && repetitions.stretch_begins().is_some()
                {
                    // Lists of one length are the same bytes again and again.
                    let period = rows.length - begun.length;
                    let times = repetitions.again(begun.place, period, same_definition / period);
                    rows.repeat(begun, times);
                    (same_definition, left) = (same_definition - times * period, left - times * period);
                    if same_definition == 0 {
                        continue;
                    }
                }
                let place = repetitions.stretch_begins();
                (repetition, same_repetition) = repetitions.next()?;
                if let (0, Some(place)) = (repetition, place) {
                    begun = Some(ListStart { place, lists: rows.offsets.len(), length: rows.length });
                }
            }
            if definition != levels.present() {
                begun = None;
            }
            let run = same_repetition.min(same_definition);
            rows.add(repetition, definition, run);
            (same_repetition, same_definition, left) = (same_repetition - run, same_definition - run, left - run);
        }
        rows.finish()
    }
}

/// How far a page was read when a list began.
struct ListStart {
    /// In the bytes of the repetitions.
    place: usize,
    lists: usize,
    length: usize,
}

/// Rows that are being read, run by run.
struct Growing {
    levels: Levels,
    offsets: Vec<i32>,
    lists: NullBufferBuilder,
    elements: NullBufferBuilder,
    /// How many elements there are.
    length: usize,
    absent: usize,
}

impl Growing {
    fn new(levels: Levels) -> Self {
        let none = || NullBufferBuilder::new(0);
        Self { levels, offsets: Vec::new(), lists: none(), elements: none(), length: 0, absent: 0 }
    }

    /// Adds `run` equal pairs of levels.
    fn add(&mut self, repetition: u32, definition: u32, run: usize) {
        let is_element = definition > self.levels.empty();
        if repetition == 0 {
            let (length, step) = (self.length, usize::from(is_element));
            self.offsets.extend((0..run).map(|list| (length + list * step) as i32));
            if definition < self.levels.empty() {
                self.lists.append_n_nulls(run);
            } else {
                self.lists.append_n_non_nulls(run);
            }
        }
        if !is_element {
            self.absent += run;
            return;
        }
        self.length += run;
        if definition == self.levels.present() {
            self.elements.append_n_non_nulls(run);
        } else {
            self.elements.append_n_nulls(run);
            self.absent += run;
        }
    }

    /// Adds what was added since `begun`, in which nothing is missing, `times` times more.
    fn repeat(&mut self, begun: &ListStart, times: usize) {
        let (lists, period) = (self.offsets.len() - begun.lists, self.length - begun.length);
        let first = self.offsets.len();
        self.offsets.resize(first + times * lists, 0);
        for list in first..self.offsets.len() {
            self.offsets[list] = self.offsets[list - lists].wrapping_add(period as i32);
        }
        self.lists.append_n_non_nulls(times * lists);
        self.elements.append_n_non_nulls(times * period);
        self.length += times * period;
    }

    fn finish(mut self) -> Result<PageRows> {
        // Checked once, at the end: no offset is greater than this one.
        let end = i32::try_from(self.length).map_err(|_| Error::runtime("a page has more than 2^31 numbers"))?;
        self.offsets.push(end);
        let (lists, elements) = (self.lists.finish(), self.elements.finish());
        Ok(PageRows { offsets: self.offsets, lists, elements, absent: self.absent })
    }
}

/// The first `count` of the numbers that stand one after the other.
fn plain<T: ArrowPrimitiveType>(bytes: Buffer, count: usize) -> Result<ScalarBuffer<T::Native>> {
    let size = count * size_of::<T::Native>();
    if size > bytes.len() {
        return Err(Error::runtime(format!("a page has {} bytes of numbers, not {size}", bytes.len())));
    }
    let aligned = bytes.as_ptr().align_offset(align_of::<T::Native>()) == 0;
    // Levels of any length come before: three pages of four lie across the numbers' alignment, and
    // are copied.
    let bytes = if aligned { bytes } else { Buffer::from_slice_ref(&bytes.as_slice()[..size]) };
    Ok(ScalarBuffer::new(bytes, 0, count))
}

/// The numbers at `count` places of a dictionary: one byte says how many bits a place has.
fn looked_up<T: ArrowPrimitiveType>(
    dictionary: &[T::Native],
    places: &[u8],
    count: usize,
) -> Result<ScalarBuffer<T::Native>> {
    let mut values = Vec::with_capacity(count);
    if let Some((width, places)) = places.split_first().filter(|_| count > 0) {
        each_index(places, usize::from(*width), count, |place| {
            let value = dictionary.get(place as usize);
            values.push(*value.ok_or_else(|| Error::runtime("an index lies outside its dictionary"))?);
            Ok(())
        })?;
    }
    Ok(values.into())
}

/// The numbers where they are not null.
fn spread<T: ArrowPrimitiveType>(values: &[T::Native], nulls: NullBuffer) -> PrimitiveArray<T> {
    let mut spread = vec![T::Native::default(); nulls.len()];
    for (place, value) in nulls.valid_indices().zip(values) {
        spread[place] = *value;
    }
    PrimitiveArray::new(spread.into(), Some(nulls))
}
