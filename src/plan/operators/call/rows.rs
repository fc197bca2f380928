//! Calls that run chunk by chunk: several chunks of several record batches at once, results in
//! order.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, new_empty_array};
use arrow::compute::concat;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result as DfResult;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::future::{Either, ready};
use futures::stream::{Stream, StreamExt};

use super::exec::{PhysicalCall, append};
use crate::error::{Error, Result};
use crate::function::{Chunk, LaneFunction, Runs};
use crate::plan::pass::PassContext;
use crate::runtime::{Cancel, ChunkRunners, SharedChunks, may_block};

/// The output of a call: there already, or being computed.
enum CallOutput {
    Done(ArrayRef),
    Running(SharedChunks<ArrayRef>),
    /// By user code, which may wait for its turn.
    Apart(SharedChunks<ArrayRef>, Cancel),
}

/// Appends the columns of the first `row_calls` calls.
pub fn stream(
    input: SendableRecordBatchStream,
    lane: usize,
    calls: Arc<[PhysicalCall]>,
    row_calls: usize,
    pass: Arc<PassContext>,
    schema: SchemaRef,
) -> impl Stream<Item = DfResult<RecordBatch>> {
    // One batch more than there are threads: small batches keep every thread busy, and the next is
    // ready when one ends.
    let ahead = pass.runtime().lanes() + 1;
    let mut seen = 0_u64;
    let mut states: Vec<_> = calls[..row_calls].iter().map(|call| call.function.in_lane(pass.batch(), lane)).collect();
    input
        .map(move |batch| {
            let started = batch.map_err(Error::from).and_then(|batch| {
                pass.batch().cancel.check()?;
                let started = (0..row_calls)
                    .map(|i| start(&calls, i, &batch, (lane, seen), states[i].as_deref_mut(), &pass))
                    .collect::<Result<Vec<_>>>()?;
                seen += batch.num_rows() as u64;
                Ok((batch, started))
            });
            match started {
                Err(error) => Either::Left(ready(Err(error.into()))),
                Ok((batch, started)) => Either::Right(finish(batch, started, Arc::clone(&calls), Arc::clone(&schema))),
            }
        })
        .buffered(ahead)
}

/// Begins a call: on this thread where that is cheaper than sharing it or costs nothing, else
/// shared with the compute threads.
fn start(
    calls: &Arc<[PhysicalCall]>,
    i: usize,
    batch: &RecordBatch,
    (lane, first_row): (usize, u64),
    state: Option<&mut (dyn LaneFunction + 'static)>,
    pass: &Arc<PassContext>,
) -> Result<CallOutput> {
    let call = &calls[i];
    let rows = batch.num_rows();
    if rows == 0 {
        return Ok(CallOutput::Done(new_empty_array(call.column.data_type())));
    }
    let chunk = Chunk { lane, first_row, ..call.chunk(batch)? };
    if let Some(state) = state {
        let output = state.call(chunk)?;
        call.check(&output, Some(rows))?;
        return Ok(CallOutput::Done(output));
    }
    let function = &call.function;
    let here = match function.runs() {
        Runs::Inline => true,
        Runs::Compute => rows <= function.inline_rows() && may_block(),
        Runs::Apart | Runs::OwnThread => false,
    };
    if here {
        let output = function.call(pass.batch(), chunk)?;
        call.check(&output, Some(rows))?;
        return Ok(CallOutput::Done(output));
    }
    let (who, apart) = match function.runs() {
        Runs::Apart => (ChunkRunners::Functions(function.turn().cloned()), true),
        _ => (ChunkRunners::Everybody, false),
    };
    let sizes = Arc::clone(function);
    let (calls, pass_of_chunk) = (Arc::clone(calls), Arc::clone(pass));
    let shared = pass.runtime().compute().share(
        rows,
        who,
        move |_| sizes.chunk_rows(rows).unwrap_or(rows),
        move |rows| {
            pass_of_chunk.batch().cancel.check()?;
            let call = &calls[i];
            let output = call.function.call(pass_of_chunk.batch(), chunk.slice(rows.start, rows.len()))?;
            call.check(&output, Some(rows.len()))?;
            Ok(output)
        },
    );
    Ok(if apart { CallOutput::Apart(shared, pass.batch().cancel.clone()) } else { CallOutput::Running(shared) })
}

async fn finish(
    batch: RecordBatch,
    started: Vec<CallOutput>,
    calls: Arc<[PhysicalCall]>,
    schema: SchemaRef,
) -> DfResult<RecordBatch> {
    let mut outputs = Vec::with_capacity(started.len());
    for (call, started) in calls.iter().zip(started) {
        outputs.push(match started {
            CallOutput::Done(output) => output,
            CallOutput::Running(shared) => joined(shared.finish().await?, call)?,
            CallOutput::Apart(shared, cancel) => joined(shared.finish_unless(&cancel).await?, call)?,
        });
    }
    Ok(append(&batch, outputs, &schema)?)
}

fn joined(mut parts: Vec<ArrayRef>, call: &PhysicalCall) -> Result<ArrayRef> {
    match parts.len() {
        0 => Ok(new_empty_array(call.column.data_type())),
        1 => Ok(parts.swap_remove(0)),
        // Outputs are small beside inputs; whole batches downstream are worth this copy.
        _ => Ok(concat(&parts.iter().map(|part| part.as_ref() as &dyn Array).collect::<Vec<_>>())?),
    }
}
