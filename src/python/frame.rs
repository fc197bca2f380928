//! The handle behind `DataFrame`: one method a relation, one an action.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use futures::StreamExt;
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::PyList;

use super::arrow::ArrowTable;
use super::door::{quick, quick_over, wait, wait_under};
use super::error::raise;
use super::expr::{ExprHandle, name_parts, operands};
use super::groups::GroupFunctionHandle;
use super::literal::operand;
use super::recurrent::RecurrentHandle;
use super::row_out;
use super::session::SessionHandle;
use super::types::json_of;
use crate::batch::OutputMode;
use crate::config::Options;
use crate::error::{Error, Result, condition};
use crate::function::groups::{GroupKind, GroupTimeout};
use crate::plan::Attribute;
use crate::plan::canonical::canonical;
use crate::plan::functions::NamePattern;
use crate::plan::operators::stateful::recurrent::OnNewVersion;
use crate::plan::resolve::operators::is_orderable;
use crate::plan::tree::{
    self, DistinctBy, Grouping, GroupsCall, JoinKind, JoinOn, RecurrentCall, Relation, SampleShare, UnpivotColumns,
    UnpivotGroup, UnpivotNulls,
};
use crate::runtime::{Cancel, CancelReason};
use crate::session::frame;
use crate::session::names::relation_parts;
use crate::session::save::{SaveMode, SaveRequest, save, save_table};
use crate::types::interval;
use crate::types::name_case::NameCase;
use crate::types::show::ShowLayout;

/// An analysed DataFrame.
#[pyclass(frozen, name = "Frame", module = "firesteel._native")]
pub struct FrameHandle(pub frame::Frame);

impl FrameHandle {
    fn derive(&self, py: Python<'_>, build: impl FnOnce(Box<Relation>) -> Relation + Send) -> PyResult<Self> {
        let session = self.0.session();
        let relation = build(Box::new(self.0.relation()));
        let deep = relation.may_be_deep();
        let resolve = move || frame::Frame::new(session, &relation);
        quick_over(py, deep, resolve).map(Self)
    }

    fn run<T: Send + 'static>(
        &self,
        py: Python<'_>,
        what: &str,
        work: impl FnOnce(&frame::Frame, &Cancel) -> Result<T> + Send + 'static,
    ) -> PyResult<T> {
        let frame = self.0.clone();
        wait(py, what, move |cancel| work(&frame, cancel))
    }

    fn names(&self) -> Vec<String> {
        self.0.resolved().output.iter().map(|attribute| attribute.name.clone()).collect()
    }
}

#[pymethods]
impl FrameHandle {
    /// The schema as Spark's JSON.
    fn schema(&self) -> String {
        json_of(&self.0.schema())
    }

    fn columns(&self) -> Vec<String> {
        self.names()
    }

    fn is_streaming(&self) -> bool {
        self.0.is_streaming()
    }

    /// `df["name"]`: the column of this very frame, which a join with itself tells from its twin.
    fn column(&self, py: Python<'_>, name: &str) -> PyResult<ExprHandle> {
        if name == "*" {
            let all = self.0.resolved().output.iter();
            let all = all.map(|attribute| tree::Expr::Attribute(attribute.id, attribute.name.clone()));
            return ExprHandle::of(py, tree::Expr::AllOf(all.collect()));
        }
        let parts = name_parts(name).ok_or_else(|| {
            raise(py, &Error::of(crate::error::condition::INVALID_ATTRIBUTE_NAME_SYNTAX).with("name", name))
        })?;
        if let Some(expr) = self.own(&parts) {
            return ExprHandle::of(py, expr);
        }
        // Not one plain column of ours: the resolver finds it, or raises as Spark does.
        let column = tree::Expr::Column(parts);
        let probe = column.clone();
        self.derive(py, |input| Relation::Project { input, expressions: vec![probe] })?;
        ExprHandle::of(py, column)
    }

    /// The columns whose whole name a pattern of Java's takes, as one.
    fn columns_like(&self, py: Python<'_>, pattern: &str) -> PyResult<ExprHandle> {
        let fold = self.0.session().conf().name_case() == NameCase::Ignored;
        let names = self.0.resolved().output.iter().enumerate();
        let found = NamePattern::new(pattern, fold).and_then(|pattern| {
            names.map(|(i, attribute)| Ok((i, pattern.takes(&attribute.name)?))).collect::<Result<Vec<_>>>()
        });
        let found = found.map_err(|error| raise(py, &error))?;
        let fitting = found.into_iter().filter(|(_, fits)| *fits);
        let columns = fitting.map(|(position, _)| Ok(self.column_at(py, position)?.expr()));
        ExprHandle::of(py, tree::Expr::Several(columns.collect::<PyResult<_>>()?))
    }

    /// Names in the form in which names that the session takes for one are equal.
    fn folded(&self, names: Vec<String>) -> Vec<String> {
        let case = self.0.session().conf().name_case();
        names.iter().map(|name| case.folded(name).into_owned()).collect()
    }

    /// How many lanes the rows come in.
    fn lanes(&self, py: Python<'_>) -> PyResult<usize> {
        self.run(py, "the plan", |frame, _| frame.lanes())
    }

    /// The column at a position, from 0.
    fn column_at(&self, py: Python<'_>, position: usize) -> PyResult<ExprHandle> {
        let attribute = self.0.resolved().output.get(position);
        let attribute =
            attribute.ok_or_else(|| raise(py, &Error::internal(format!("no column at position {position}"))))?;
        ExprHandle::of(py, tree::Expr::Attribute(attribute.id, attribute.name.clone()))
    }

    fn select(&self, py: Python<'_>, columns: &Bound<'_, PyList>) -> PyResult<Self> {
        let expressions = operands(columns)?;
        self.derive(py, |input| Relation::Project { input, expressions })
    }

    fn filter(&self, py: Python<'_>, predicate: &Bound<'_, PyAny>) -> PyResult<Self> {
        let predicate = operand(predicate)?;
        self.derive(py, |input| Relation::Filter { input, predicate })
    }

    /// `kind` is `by`, `rollup` or `cube`.
    fn aggregate(
        &self,
        py: Python<'_>,
        kind: &str,
        keys: &Bound<'_, PyList>,
        outputs: &Bound<'_, PyList>,
    ) -> PyResult<Self> {
        let keys = operands(keys)?;
        let keys = match kind {
            "rollup" => Grouping::rollup(keys),
            "cube" => Grouping::cube(keys).map_err(|error| raise(py, &error))?,
            _ => Grouping::By(keys),
        };
        let outputs = operands(outputs)?;
        self.derive(py, |input| Relation::Aggregate { input, keys, outputs, with_keys: true, having: None })
    }

    /// `keys` are shown; a set may have others.
    fn grouping_sets(
        &self,
        py: Python<'_>,
        sets: Vec<Bound<'_, PyList>>,
        keys: &Bound<'_, PyList>,
        outputs: &Bound<'_, PyList>,
    ) -> PyResult<Self> {
        let mut keys = operands(keys)?;
        let outputs = [keys.clone(), operands(outputs)?].concat();
        let set = |set: &Bound<'_, PyList>| {
            let begin = keys.len();
            keys.extend(operands(set)?);
            Ok((begin..keys.len()).collect())
        };
        let sets = sets.iter().map(set).collect::<PyResult<Vec<_>>>()?;
        let keys = Grouping::Sets { keys, sets };
        self.derive(py, |input| Relation::Aggregate { input, keys, outputs, with_keys: false, having: None })
    }

    fn pivot(
        &self,
        py: Python<'_>,
        keys: &Bound<'_, PyList>,
        column: &Bound<'_, PyAny>,
        values: Option<&Bound<'_, PyList>>,
        outputs: &Bound<'_, PyList>,
    ) -> PyResult<Self> {
        let (keys, column, outputs) = (operands(keys)?, operand(column)?, operands(outputs)?);
        let values = values.map(operands).transpose()?;
        self.derive(py, |input| Relation::Pivot { input, keys: Some(keys), column, values, outputs })
    }

    fn unpivot(
        &self,
        py: Python<'_>,
        ids: &Bound<'_, PyList>,
        values: Option<&Bound<'_, PyList>>,
        label: String,
        value: String,
    ) -> PyResult<Self> {
        let ids = Some(operands(ids)?);
        let group = |column| UnpivotGroup { columns: vec![column], label: None };
        let groups = values.map(operands).transpose()?.map(|values| values.into_iter().map(group).collect());
        let columns = UnpivotColumns { ids, groups, label, values: vec![value], nulls: UnpivotNulls::Included };
        self.derive(py, |input| Relation::Unpivot { input, columns })
    }

    /// `on` is names, a condition, or nothing.
    fn join(&self, py: Python<'_>, other: &Bound<'_, Self>, on: &Bound<'_, PyAny>, how: &str) -> PyResult<Self> {
        let kind = join_kind(py, how)?;
        let on = if on.is_none() {
            JoinOn::None
        } else if let Ok(names) = on.extract::<Vec<String>>() {
            JoinOn::Using(names)
        } else {
            JoinOn::Expr(operand(on)?)
        };
        let right = Box::new(other.get().0.relation());
        self.derive(py, |left| Relation::Join { left, right, kind, on })
    }

    fn union(&self, py: Python<'_>, other: &Bound<'_, Self>, by_name: bool, allow_missing: bool) -> PyResult<Self> {
        let right = other.get().0.relation();
        self.derive(py, |left| Relation::Union { inputs: vec![*left, right], by_name, allow_missing })
    }

    fn set_operation(&self, py: Python<'_>, other: &Bound<'_, Self>, except: bool, all: bool) -> PyResult<Self> {
        let right = Box::new(other.get().0.relation());
        self.derive(py, |left| Relation::SetOperation { left, right, except, all })
    }

    fn sort(&self, py: Python<'_>, order: &Bound<'_, PyList>, global: bool) -> PyResult<Self> {
        let order = operands(order)?;
        self.derive(py, |input| Relation::Sort { input, order, global })
    }

    /// The rows of each partition in the order of all columns that have one, for `randomSplit`.
    fn sorted_by_all(&self, py: Python<'_>) -> PyResult<Self> {
        let ordered = self.0.resolved().output.iter().filter(|attribute| is_orderable(&attribute.data_type));
        let order: Vec<_> = ordered.map(|column| tree::Expr::Attribute(column.id, column.name.clone())).collect();
        if order.is_empty() {
            return self.derive(py, |input| *input);
        }
        self.derive(py, |input| Relation::Sort { input, order, global: false })
    }

    fn limit(&self, py: Python<'_>, rows: u64) -> PyResult<Self> {
        self.derive(py, |input| Relation::Limit { input, rows })
    }

    fn offset(&self, py: Python<'_>, rows: u64) -> PyResult<Self> {
        self.derive(py, |input| Relation::Offset { input, rows })
    }

    fn tail(&self, py: Python<'_>, rows: u64) -> PyResult<Self> {
        self.derive(py, |input| Relation::Tail { input, rows })
    }

    fn distinct(&self, py: Python<'_>, subset: Option<Vec<String>>, within_watermark: bool) -> PyResult<Self> {
        let by = if within_watermark { DistinctBy::WithinWatermark } else { DistinctBy::First };
        self.derive(py, |input| Relation::Distinct { input, subset, by })
    }

    fn with_columns(&self, py: Python<'_>, columns: Vec<(String, Bound<'_, PyAny>)>) -> PyResult<Self> {
        let columns: PyResult<Vec<_>> =
            columns.into_iter().map(|(name, column)| Ok((name, operand(&column)?))).collect();
        let columns = columns?;
        self.derive(py, |input| Relation::WithColumns { input, columns })
    }

    fn rename(&self, py: Python<'_>, names: Vec<(String, String)>) -> PyResult<Self> {
        self.derive(py, |input| Relation::Rename { input, names })
    }

    fn rename_all(&self, py: Python<'_>, names: Vec<String>) -> PyResult<Self> {
        self.derive(py, |input| Relation::RenameAll { input, names })
    }

    fn drop(&self, py: Python<'_>, columns: &Bound<'_, PyList>) -> PyResult<Self> {
        let columns = operands(columns)?;
        self.derive(py, |input| Relation::Drop { input, columns })
    }

    fn alias(&self, py: Python<'_>, name: String) -> PyResult<Self> {
        self.derive(py, |input| Relation::Alias { input, name })
    }

    fn repartition(&self, py: Python<'_>, partitions: Option<usize>, by: &Bound<'_, PyList>) -> PyResult<Self> {
        let by = operands(by)?;
        self.derive(py, |input| Relation::Repartition { input, partitions, by })
    }

    fn repartition_by_range(&self, py: Python<'_>, partitions: usize, order: &Bound<'_, PyList>) -> PyResult<Self> {
        let order = operands(order)?;
        self.derive(py, |input| Relation::RepartitionByRange { input, partitions, order })
    }

    fn coalesce(&self, py: Python<'_>, partitions: usize) -> PyResult<Self> {
        self.derive(py, |input| Relation::Coalesce { input, partitions })
    }

    /// The rows whose random number lies from `low` up to, and without, `high`.
    fn sample(&self, py: Python<'_>, low: f64, high: f64, seed: i64) -> PyResult<Self> {
        self.derive(py, |input| Relation::Sample { input, share: SampleShare::Between(low, high), seed })
    }

    fn sample_with_replacement(&self, py: Python<'_>, mean: f64, seed: i64) -> PyResult<Self> {
        self.derive(py, |input| Relation::Sample { input, share: SampleShare::Replaced(mean), seed })
    }

    /// The delay is text such as `10 minutes`.
    fn watermark(&self, py: Python<'_>, column: String, delay: &str) -> PyResult<Self> {
        let delay_ms = interval::watermark_delay_ms(delay).map_err(|error| raise(py, &error))?;
        self.derive(py, |input| Relation::Watermark { input, column, delay_ms })
    }

    /// `kind` is `state`, `pandas` or `rows`, `timeout` is `none`, `processing` or `event`.
    #[expect(clippy::too_many_arguments, reason = "what such a call is, at once")]
    fn groups_with_state(
        &self,
        py: Python<'_>,
        keys: &Bound<'_, PyList>,
        function: &Bound<'_, GroupFunctionHandle>,
        kind: &str,
        mode: &str,
        timeout: &str,
        event_time: Option<String>,
        initial: Option<(Bound<'_, Self>, Bound<'_, PyList>)>,
    ) -> PyResult<Self> {
        let keys = operands(keys)?;
        let initial = match initial {
            Some((frame, keys)) => Some((Box::new(frame.get().0.relation()), operands(&keys)?)),
            None => None,
        };
        let kind = match kind {
            "pandas" => GroupKind::PandasProcessor,
            "rows" => GroupKind::RowProcessor,
            _ => GroupKind::State,
        };
        let mode = match OutputMode::parse(mode) {
            Some(OutputMode::Complete) if kind == GroupKind::State => {
                let message = "the output mode of a function with state must be append or update, found complete";
                return Err(raise(py, &Error::illegal(message)));
            }
            Some(mode) => mode,
            None => return Err(raise(py, &Error::of(condition::OUTPUT_MODE_INVALID).with("outputMode", mode))),
        };
        let timeout = match timeout {
            "event" => GroupTimeout::EventTime,
            "processing" => GroupTimeout::ProcessingTime,
            _ => GroupTimeout::Never,
        };
        let function = Arc::clone(&function.get().0);
        let call = GroupsCall { function, kind, mode, timeout, event_time };
        self.derive(py, |input| Relation::GroupsWithState { input, keys, call, initial })
    }

    /// `arguments` are empty for columns that are called as the model's inputs are. `ttl` is text such
    /// as `1 hour`.
    #[expect(clippy::too_many_arguments, reason = "what such a call is, at once")]
    fn stateful_model(
        &self,
        py: Python<'_>,
        model: &Bound<'_, RecurrentHandle>,
        keys: &Bound<'_, PyList>,
        order: Option<&Bound<'_, PyAny>>,
        arguments: &Bound<'_, PyList>,
        names: Vec<String>,
        ttl: Option<&str>,
        on_new_version: &str,
    ) -> PyResult<Self> {
        let on_new_version = match on_new_version {
            "keep" => OnNewVersion::Keep,
            "reset" => OnNewVersion::Reset,
            other => {
                let message = format!("on_new_version must be 'keep' or 'reset', found '{other}'");
                return Err(raise(py, &Error::illegal(message)));
            }
        };
        let call = RecurrentCall {
            function: Arc::clone(&model.get().0),
            keys: operands(keys)?,
            order: order.map(operand).transpose()?,
            arguments: operands(arguments)?,
            names,
            ttl_ms: ttl.map(ttl_ms).transpose().map_err(|error| raise(py, &error))?,
            on_new_version,
        };
        self.derive(py, |input| Relation::StatefulModel { input, call })
    }

    fn hint(&self, py: Python<'_>, name: String) -> PyResult<Self> {
        self.derive(py, |input| Relation::Hint { input, name })
    }

    fn cache(&self, py: Python<'_>) -> PyResult<Self> {
        quick(py, || self.0.cache()).map(Self)
    }

    // Actions

    /// Every row, as `Row` objects.
    fn collect<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let batches: Vec<RecordBatch> = self.run(py, "the query", |frame, cancel| frame.collect(cancel))?;
        row_out::rows(py, &self.names(), &batches)
    }

    /// Every row, as Arrow data.
    fn collect_arrow(&self, py: Python<'_>) -> PyResult<ArrowTable> {
        let batches: Vec<RecordBatch> = self.run(py, "the query", |frame, cancel| frame.collect(cancel))?;
        Ok(ArrowTable { schema: self.0.schema(), batches })
    }

    /// Every row, lane by lane: what `foreachPartition` is given.
    fn collect_lanes<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyList>>> {
        let lanes = self.run(py, "the query", |frame, cancel| frame.collect_lanes(cancel))?;
        let names = self.names();
        lanes.iter().map(|batches| row_out::rows(py, &names, batches)).collect()
    }

    /// Rows as they come, a record batch at a time.
    fn iterate(&self, py: Python<'_>) -> PyResult<RowBatches> {
        let cancel = Cancel::of_call().map_err(|error| raise(py, &error))?;
        let (frame, under) = (self.0.clone(), cancel.clone());
        let rows = wait_under(py, cancel.clone(), "the query", move |_| frame.stream(&under))?;
        Ok(RowBatches {
            names: self.names(),
            runtime: self.0.session().runtime().clone(),
            cancel,
            rows: Arc::new(Mutex::new(rows)),
        })
    }

    fn count(&self, py: Python<'_>) -> PyResult<u64> {
        self.run(py, "the query", |frame, cancel| frame.count(cancel))
    }

    /// What `show()` prints. A `truncate` of 0 keeps cells whole.
    fn show(&self, py: Python<'_>, rows: usize, truncate: usize, vertical: bool) -> PyResult<String> {
        let text = self
            .run(py, "the query", move |frame, cancel| frame.show(ShowLayout { rows, truncate, vertical }, cancel))?;
        // Spark ends a table with a line break and its remarks without one; `print` adds another.
        Ok(match text.strip_suffix('\n') {
            Some(remark) if !remark.ends_with(['+', ' ']) => remark.to_owned(),
            _ => text,
        })
    }

    /// The analysed, the optimised and the physical plan.
    fn explain(&self, py: Python<'_>) -> PyResult<(String, String, String)> {
        let (optimised, physical) = self.run(py, "planning the query", |frame, _| frame.explain())?;
        Ok((self.0.analyzed(), optimised, physical))
    }

    /// Whether both have the same plan, the identities of columns aside.
    fn same(&self, other: &Bound<'_, Self>) -> bool {
        Arc::ptr_eq(self.0.resolved(), other.get().0.resolved())
            || canonical(self.0.resolved()) == canonical(other.get().0.resolved())
    }

    /// A number that is the same for the same plan.
    fn plan_hash(&self) -> i32 {
        let mut hash = std::hash::DefaultHasher::new();
        canonical(self.0.resolved()).hash(&mut hash);
        hash.finish() as i32
    }

    /// Whether the rows are there without a job.
    fn is_local(&self) -> bool {
        self.0.is_local()
    }

    /// The files that the rows come from, as URIs.
    fn files(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        quick(py, || self.0.files())
    }

    /// `df.write…save()`.
    fn save(
        &self,
        py: Python<'_>,
        path: Option<String>,
        format: Option<String>,
        mode: &str,
        partition_by: Vec<String>,
        options: Vec<(String, String)>,
    ) -> PyResult<()> {
        let mode = SaveMode::parse(mode).map_err(|error| raise(py, &error))?;
        let request = SaveRequest { format, options: Options::new(options), mode, partition_by };
        self.run(py, "the write", move |frame, cancel| save(frame, path.as_deref(), request, cancel))
    }

    /// `df.write…saveAsTable()`.
    fn save_table(
        &self,
        py: Python<'_>,
        name: String,
        format: Option<String>,
        mode: &str,
        partition_by: Vec<String>,
        options: Vec<(String, String)>,
    ) -> PyResult<()> {
        let mode = SaveMode::parse(mode).map_err(|error| raise(py, &error))?;
        let mut options = Options::new(options);
        let path = options.get("path").map(str::to_owned);
        let request = SaveRequest { format, options, mode, partition_by };
        let parts = relation_parts(&name).map_err(|error| raise(py, &error))?;
        self.run(py, "the write", move |frame, cancel| save_table(frame, &parts, path.as_deref(), request, cancel))
    }

    /// `df.write.insertInto()`.
    fn insert_into(&self, py: Python<'_>, name: String, overwrite: bool) -> PyResult<()> {
        let parts = relation_parts(&name).map_err(|error| raise(py, &error))?;
        self.run(py, "the write", move |frame, cancel| {
            let session = frame.session();
            match session.catalog().get(&parts)? {
                crate::session::catalog::Named::Table(table) => {
                    crate::session::statement::insert(&table, frame, overwrite, cancel)
                }
                crate::session::catalog::Named::View(_) => {
                    Err(Error::unsupported("rows cannot be inserted into a view"))
                }
            }
        })
    }

    fn session(&self) -> SessionHandle {
        SessionHandle::of(Arc::clone(self.0.session()))
    }
}

impl FrameHandle {
    /// The expression of a name that is plainly one column of this frame, or a field inside one.
    fn own(&self, parts: &[String]) -> Option<tree::Expr> {
        let names = self.0.session().conf().name_case();
        let output = &self.0.resolved().output;
        let qualified = |attribute: &Attribute, qualifier: &[String]| {
            let own = &attribute.qualifier;
            own.len() >= qualifier.len()
                && own[own.len() - qualifier.len()..].iter().zip(qualifier).all(|(a, b)| names.same(a, b))
        };
        for at in (0..parts.len()).rev() {
            let mut found =
                output.iter().filter(|column| names.same(&column.name, &parts[at]) && qualified(column, &parts[..at]));
            let (Some(column), None) = (found.next(), found.next()) else { continue };
            let root = tree::Expr::Attribute(column.id, parts[at].clone());
            let fields = &parts[at + 1..];
            if fields.is_empty() {
                return Some(root);
            }
            if !matches!(column.data_type, DataType::Struct(_) | DataType::Map(..) | DataType::List(_)) {
                continue;
            }
            return Some(fields.iter().fold(root, |input, field| tree::Expr::Extract {
                input: Box::new(input),
                key: Box::new(tree::Expr::Literal(datafusion::common::ScalarValue::Utf8(Some(field.clone())))),
            }));
        }
        None
    }
}

/// A time to live in milliseconds.
fn ttl_ms(text: &str) -> Result<i64> {
    let ms = interval::micros(text)? / 1000;
    if ms <= 0 {
        return Err(Error::illegal(format!("ttl must be at least a millisecond, found {text}")));
    }
    Ok(ms)
}

fn join_kind(py: Python<'_>, how: &str) -> PyResult<JoinKind> {
    Ok(match how.to_ascii_lowercase().replace('_', "").as_str() {
        "inner" => JoinKind::Inner,
        "cross" => JoinKind::Cross,
        "outer" | "full" | "fullouter" => JoinKind::Full,
        "left" | "leftouter" => JoinKind::Left,
        "right" | "rightouter" => JoinKind::Right,
        "semi" | "leftsemi" => JoinKind::LeftSemi,
        "anti" | "leftanti" => JoinKind::LeftAnti,
        _ => {
            let supported = "'inner', 'outer', 'full', 'fullouter', 'full_outer', 'leftouter', 'left', 'left_outer', 'rightouter', \
                             'right', 'right_outer', 'leftsemi', 'left_semi', 'semi', 'leftanti', 'left_anti', 'anti', 'cross'";
            let error =
                Error::of(crate::error::condition::UNSUPPORTED_JOIN_TYPE).with("typ", how).with("supported", supported);
            return Err(raise(py, &error));
        }
    })
}

/// Rows on their way to `toLocalIterator`: each step gives the rows of one record batch.
#[pyclass(frozen, module = "firesteel._native")]
pub struct RowBatches {
    names: Vec<String>,
    runtime: crate::runtime::Runtime,
    cancel: Cancel,
    rows: Arc<Mutex<futures::stream::BoxStream<'static, Result<RecordBatch>>>>,
}

#[pymethods]
impl RowBatches {
    fn __iter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyList>>> {
        let (rows, runtime) = (Arc::clone(&self.rows), self.runtime.clone());
        // Whoever interrupts a step gives up the rows that come after it, too.
        let next = move |_: &Cancel| runtime.block_on(rows.lock().next()).transpose();
        let batch: Option<RecordBatch> = wait_under(py, self.cancel.clone(), "the next rows", next)?;
        batch.map(|batch| row_out::rows(py, &self.names, &[batch])).transpose()
    }
}

impl Drop for RowBatches {
    fn drop(&mut self) {
        self.cancel.cancel(CancelReason::Abandoned);
    }
}
