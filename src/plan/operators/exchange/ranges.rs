//! Rows in an order, cut into ranges of about equal size.

use arrow::array::RecordBatch;
use arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::error::Result as DfResult;
use datafusion::physical_expr::LexOrdering;
use futures::StreamExt;

use super::Outbox;
use super::store::{ExchangeStore, SpillWriter};

/// Rows in an order, on their way into ranges.
pub struct SortedRows {
    order: LexOrdering,
    outputs: usize,
    rows: usize,
    held: Vec<(RecordBatch, usize)>,
    /// What the rows in memory were charged.
    bytes: usize,
    /// The rows after those in memory.
    spilling: Option<SpillWriter>,
}

impl SortedRows {
    pub fn new(order: LexOrdering, outputs: usize) -> Self {
        Self { order, outputs, rows: 0, held: Vec::new(), bytes: 0, spilling: None }
    }

    pub async fn add(&mut self, batch: RecordBatch, store: &ExchangeStore) -> DfResult<()> {
        self.rows += batch.num_rows();
        if self.spilling.is_none()
            && self.bytes < store.most_sorted
            && let Some(bytes) = store.charge(&batch)?
        {
            self.bytes += bytes;
            self.held.push((batch, bytes));
            return Ok(());
        }
        let files = store.spill(vec![self.spilling.take()], vec![(0, batch)]).await?;
        self.spilling = files.into_iter().next().flatten();
        Ok(())
    }

    /// Deals out all rows, in their order.
    pub async fn deal(self, outbox: &mut Outbox) -> DfResult<()> {
        let mut ranges = Ranges::new(&self.order, self.rows, self.outputs);
        let store = outbox.store.clone();
        for (batch, bytes) in self.held {
            store.held.shrink(bytes);
            outbox.send(ranges.cut(&batch)?).await?;
        }
        if let Some(file) = store.finish(vec![self.spilling]).await?.into_iter().next().flatten() {
            let mut rows = store.read(file)?;
            while let Some(batch) = rows.next().await {
                outbox.send(ranges.cut(&batch?)?).await?;
            }
        }
        Ok(())
    }
}

/// Cuts rows that come in an order into ranges of about equal size; equal rows stay in one.
struct Ranges<'a> {
    order: &'a LexOrdering,
    rows: usize,
    outputs: usize,
    /// Made for the first rows.
    converter: Option<RowConverter>,
    seen: usize,
    output: usize,
    /// The key of the last row that was seen.
    last: Option<OwnedRow>,
}

impl<'a> Ranges<'a> {
    fn new(order: &'a LexOrdering, rows: usize, outputs: usize) -> Self {
        Self { order, rows, outputs, converter: None, seen: 0, output: 0, last: None }
    }

    /// The next rows by output.
    fn cut(&mut self, batch: &RecordBatch) -> DfResult<Vec<(usize, RecordBatch)>> {
        let len = batch.num_rows();
        let keys =
            self.order.iter().map(|key| key.expr.evaluate(batch)?.into_array(len)).collect::<DfResult<Vec<_>>>()?;
        let converter = match &mut self.converter {
            Some(converter) => converter,
            none => {
                let fields = keys.iter().map(|key| SortField::new(key.data_type().clone())).collect();
                none.insert(RowConverter::new(fields)?)
            }
        };
        let keys = converter.convert_columns(&keys)?;
        let as_before = |row: usize, last: Option<&OwnedRow>| match row.checked_sub(1) {
            Some(before) => keys.row(row) == keys.row(before),
            None => last.is_some_and(|last| keys.row(row) == last.row()),
        };
        let (mut from, mut parts) = (0, Vec::new());
        loop {
            let end = ((self.output + 1) * self.rows).div_ceil(self.outputs);
            let mut to = end.saturating_sub(self.seen).clamp(from, len);
            while to < len && as_before(to, self.last.as_ref()) {
                to += 1;
            }
            if to > from {
                parts.push((self.output, batch.slice(from, to - from)));
            }
            if to == len {
                break;
            }
            self.output += 1;
            from = to;
        }
        self.seen += len;
        if let Some(last) = len.checked_sub(1) {
            self.last = Some(keys.row(last).owned());
        }
        Ok(parts)
    }
}
