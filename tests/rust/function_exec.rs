//! The operator that runs functions: one call for equal calls, order kept, functions over
//! functions, errors.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, UNNAMED_TABLE, lit};
use firesteel::batch::Batch;
use firesteel::config::Conf;
use firesteel::error::{Error, Result};
use firesteel::function::clock::ClockFunction;
use firesteel::function::{Arrays, Chunk, Chunks, Function, FunctionKey, Runs};
use firesteel::plan::finish::{Env, finish};
use firesteel::plan::operators::call::{FunctionCall, call_functions};
use firesteel::plan::operators::scan::SourceTable;
use firesteel::plan::{AttrId, Attribute, Leaf, LeafId, Resolved};
use firesteel::runtime::Runtime;
use firesteel::runtime::clock::SystemClock;
use firesteel::source::memory::MemoryTable;
use futures::StreamExt;

/// What a test function does with its argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    /// `x + 1`, chunk by chunk.
    PlusOne,
    /// `x + 1`, pulling, one chunk out for each in.
    PullPlusOne,
    /// `x + 1`, after all input was read.
    ReadAll,
    /// Yields pieces of three rows.
    Pieces,
    /// Returns a row too few.
    DropRow,
    /// Returns after the first chunk.
    StopEarly,
    /// An error at the value 5.
    FailAtFive,
}

#[derive(Debug)]
struct TestFunction {
    does: Does,
    calls: Arc<AtomicUsize>,
    rows: Arc<AtomicUsize>,
}

fn plus_one(column: &ArrayRef) -> ArrayRef {
    Arc::new(column.as_primitive::<Int64Type>().iter().map(|x| x.map(|x| x + 1)).collect::<Int64Array>())
}

impl Function for TestFunction {
    fn key(&self) -> FunctionKey {
        FunctionKey(format!("test:{:?}", self.does))
    }

    fn name(&self) -> &str {
        "test"
    }

    fn runs(&self) -> Runs {
        match self.does {
            Does::PlusOne | Does::FailAtFive | Does::DropRow => Runs::Compute,
            _ => Runs::OwnThread,
        }
    }

    fn chunk_rows(&self, _rows: usize) -> Option<usize> {
        Some(7)
    }

    fn output(&self, _inputs: &[FieldRef]) -> Result<FieldRef> {
        Ok(Arc::new(Field::new("test", DataType::Int64, true)))
    }

    fn call(&self, _batch: &Batch, chunk: Chunk) -> Result<ArrayRef> {
        assert!(firesteel::runtime::may_block());
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(chunk.rows, Ordering::Relaxed);
        let values = chunk.columns[0].as_primitive::<Int64Type>();
        match self.does {
            Does::FailAtFive if values.values().contains(&5) => Err(Error::runtime("it is five")),
            Does::DropRow => Ok(chunk.columns[0].slice(1, chunk.rows - 1)),
            _ => Ok(plus_one(&chunk.columns[0])),
        }
    }

    fn pull(&self, _batch: &Batch, input: Chunks) -> Result<Arrays> {
        let rows = Arc::clone(&self.rows);
        let each = input.map(move |chunk| {
            let chunk = chunk?;
            rows.fetch_add(chunk.rows, Ordering::Relaxed);
            Ok(plus_one(&chunk.columns[0]))
        });
        Ok(match self.does {
            Does::ReadAll => Box::new(each.collect::<Vec<_>>().into_iter()),
            Does::StopEarly => Box::new(each.take(1)),
            Does::Pieces => {
                let all = each.collect::<Result<Vec<ArrayRef>>>()?;
                let all = concat(&all.iter().map(AsRef::as_ref).collect::<Vec<&dyn Array>>())?;
                let pieces: Vec<_> =
                    (0..all.len()).step_by(3).map(|at| Ok(all.slice(at, 3.min(all.len() - at)))).collect();
                Box::new(pieces.into_iter())
            }
            _ => Box::new(each),
        })
    }
}

struct Fixture {
    env: Arc<Env>,
    leaf: Leaf,
    input: Attribute,
    plan: LogicalPlan,
}

/// A plan over `x`, 0 to `rows`, in record batches of ten rows.
fn fixture(rows: i64) -> Fixture {
    let schema = Arc::new(arrow::datatypes::Schema::new(vec![Field::new("x", DataType::Int64, false)]));
    let batches: Vec<RecordBatch> = (0..rows)
        .step_by(10)
        .map(|start| {
            let column: ArrayRef = Arc::new(Int64Array::from_iter_values(start..(start + 10).min(rows)));
            RecordBatch::try_new(Arc::clone(&schema), vec![column]).unwrap()
        })
        .collect();
    let leaf =
        Leaf { id: LeafId::fresh(), source: Arc::new(MemoryTable::new(schema, batches).unwrap()), streaming: false };
    let input = Attribute::new("x", DataType::Int64, false);
    let table = Arc::new(SourceTable::new(leaf.clone(), std::slice::from_ref(&input)));
    let plan = LogicalPlanBuilder::scan(UNNAMED_TABLE, provider_as_source(table), None).unwrap();
    let plan = plan
        .project(vec![datafusion::prelude::Expr::Column(datafusion::common::Column::from_name(input.id.to_string()))])
        .unwrap();
    let runtime = Runtime::new(2).unwrap();
    let env = Arc::new(Env::new(Arc::new(Conf::default()), runtime, Arc::new(SystemClock::default())).unwrap());
    Fixture { env, leaf, input, plan: plan.build().unwrap() }
}

fn test_function(does: Does) -> (Arc<TestFunction>, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let (calls, rows) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    (Arc::new(TestFunction { does, calls: Arc::clone(&calls), rows: Arc::clone(&rows) }), calls, rows)
}

fn column(id: AttrId) -> datafusion::prelude::Expr {
    datafusion::prelude::Expr::Column(datafusion::common::Column::from_name(id.to_string()))
}

fn call(function: Arc<dyn Function>, argument: AttrId) -> FunctionCall {
    let field = function.output(&[]).unwrap();
    FunctionCall { function, arguments: vec![column(argument)], output: AttrId::fresh(), field }
}

impl Fixture {
    fn run(&self, plan: LogicalPlan, output: Vec<Attribute>) -> Result<Vec<RecordBatch>> {
        let resolved = Resolved { plan, output, leaves: vec![self.leaf.clone()], ..Resolved::nothing() };
        let finished = finish(&resolved, &self.env)?;
        let batch = Arc::new(Batch { clock_ms: 1_700_000_000_123, ..Batch::default() });
        let pass = finished.pass(batch, HashMap::new())?;
        self.env.runtime.block_on(async {
            let mut all = Vec::new();
            let lanes = (0..pass.lanes()).map(|lane| pass.lane_stream(lane)).collect::<Result<Vec<_>>>()?;
            for lane in futures::future::join_all(lanes.into_iter().map(StreamExt::collect::<Vec<_>>)).await {
                for batch in lane {
                    all.push(batch?);
                }
            }
            Ok(all)
        })
    }
}

fn output(call: &FunctionCall) -> Attribute {
    Attribute { id: call.output, ..Attribute::new("y", call.field.data_type().clone(), true) }
}

fn numbers(batches: &[RecordBatch], at: usize) -> Vec<i64> {
    batches.iter().flat_map(|batch| batch.column(at).as_primitive::<Int64Type>().values().to_vec()).collect()
}

fn run_one(does: Does, rows: i64) -> Result<Vec<i64>> {
    let fixture = fixture(rows);
    let made = call(test_function(does).0, fixture.input.id);
    let plan = call_functions(fixture.plan.clone(), vec![made.clone()])?;
    let batches = fixture.run(plan, vec![fixture.input.clone(), output(&made)])?;
    let mut seen: Vec<_> = numbers(&batches, 0).into_iter().zip(numbers(&batches, 1)).collect();
    assert!(seen.iter().all(|(x, y)| x + 1 == *y), "rows lost their outputs: {seen:?}");
    seen.sort_unstable();
    Ok(seen.into_iter().map(|(x, _)| x).collect())
}

#[test]
fn every_kind_of_function_gives_each_row_its_output() {
    for does in [Does::PlusOne, Does::PullPlusOne, Does::ReadAll, Does::Pieces] {
        assert_eq!(run_one(does, 95).unwrap(), (0..95).collect::<Vec<_>>(), "{does:?}");
        assert_eq!(run_one(does, 0).unwrap(), Vec::<i64>::new(), "{does:?}");
    }
}

#[test]
fn functions_over_functions_do_not_block_each_other() {
    let fixture = fixture(1000);
    let inner = call(test_function(Does::ReadAll).0, fixture.input.id);
    let middle = call(test_function(Does::PlusOne).0, inner.output);
    let outer = call(test_function(Does::Pieces).0, middle.output);
    let plan = call_functions(fixture.plan.clone(), vec![inner]).unwrap();
    let plan = call_functions(plan, vec![middle]).unwrap();
    let plan = call_functions(plan, vec![outer.clone()]).unwrap();
    let plan = LogicalPlanBuilder::from(plan).project(vec![column(fixture.input.id), column(outer.output)]).unwrap();
    let batches = fixture.run(plan.build().unwrap(), vec![fixture.input.clone(), output(&outer)]);
    let batches = batches.unwrap();
    assert!(numbers(&batches, 0).iter().zip(numbers(&batches, 1)).all(|(x, y)| x + 3 == y));
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 1000);
}

#[test]
fn a_filter_on_an_output_does_not_run_the_function_twice() {
    let fixture = fixture(100);
    let (function, _, rows) = test_function(Does::PlusOne);
    let made = call(function, fixture.input.id);
    let plan = call_functions(fixture.plan.clone(), vec![made.clone()]).unwrap();
    let plan = LogicalPlanBuilder::from(plan)
        .filter(column(made.output).gt(lit(90_i64)))
        .unwrap()
        .filter(column(fixture.input.id).gt_eq(lit(50_i64)))
        .unwrap()
        .build()
        .unwrap();
    let batches = fixture.run(plan, vec![fixture.input.clone(), output(&made)]).unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 10);
    // The filter without the call went below it, the other stayed above.
    assert_eq!(rows.load(Ordering::Relaxed), 50);
}

#[test]
fn an_output_that_nobody_reads_is_not_computed() {
    let fixture = fixture(50);
    let (unread, calls, _) = test_function(Does::PlusOne);
    let unread = call(unread, fixture.input.id);
    let read = call(test_function(Does::PullPlusOne).0, fixture.input.id);
    let plan = call_functions(fixture.plan.clone(), vec![unread, read.clone()]).unwrap();
    let plan = LogicalPlanBuilder::from(plan).project(vec![column(fixture.input.id), column(read.output)]).unwrap();
    let batches = fixture.run(plan.build().unwrap(), vec![fixture.input.clone(), output(&read)]).unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 50);
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[test]
fn a_function_must_return_as_many_rows_as_it_is_given() {
    assert!(run_one(Does::DropRow, 20).unwrap_err().to_string().contains("RESULT_ROWS_MISMATCH"));
    let early = run_one(Does::StopEarly, 95).unwrap_err().to_string();
    assert!(early.contains("INPUT_NOT_FULLY_CONSUMED") || early.contains("RESULT_ROWS_MISMATCH"), "{early}");
}

#[test]
fn an_error_of_a_function_comes_out_as_it_went_in() {
    assert_eq!(run_one(Does::FailAtFive, 95).unwrap_err().message(), "it is five");
}

#[test]
fn the_clock_reads_the_batch() {
    let fixture = fixture(3);
    let clock = ClockFunction::named("current_date", "America/Los_Angeles").unwrap().unwrap();
    let stamp = ClockFunction::named("now", "UTC").unwrap().unwrap();
    let calls: Vec<FunctionCall> = [clock, stamp]
        .into_iter()
        .map(|function| {
            let field = function.output(&[]).unwrap();
            FunctionCall { function: Arc::new(function), arguments: Vec::new(), output: AttrId::fresh(), field }
        })
        .collect();
    let attributes = vec![fixture.input.clone(), output(&calls[0]), output(&calls[1])];
    let plan = call_functions(fixture.plan.clone(), calls).unwrap();
    let batches = fixture.run(plan, attributes).unwrap();
    let shown =
        arrow::util::pretty::pretty_format_columns("c", &[Arc::clone(batches[0].column(1))]).unwrap().to_string();
    assert!(shown.contains("2023-11-14"), "{shown}");
    assert_eq!(
        batches[0].column(2).as_primitive::<arrow::datatypes::TimestampMicrosecondType>().value(0),
        1_700_000_000_123_000
    );
}
