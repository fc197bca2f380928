//! The unresolved tree: what `Column`, `DataFrame` calls and SQL text build, and what
//! [`resolve`](super::resolve) reads.
//!
//! Nothing here has been looked up: names are as the user wrote them, types of literals are their
//! own. One tree for every door, so that a rule of Spark's is implemented once.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;

use super::grouping_sets::KeySet;
use super::limits::ExpressionExtent;
use super::operators::stateful::recurrent::OnNewVersion;
use super::{AttrId, Resolved};
use crate::batch::OutputMode;
use crate::function::Function;
use crate::function::groups::{GroupFunction, GroupKind, GroupTimeout};
use crate::function::recurrent::RecurrentFunction;
use crate::source::Source;
use crate::types::interval_fields::IntervalFields;

/// An expression as it was written.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A name, in parts: `a`, `t.a`, `a.field`.
    Column(Vec<String>),
    /// A column that is resolved already: `df["x"]`, `df.x`. The name is what the user sees.
    Attribute(AttrId, String),
    /// `*`, or `t.*` with a qualifier.
    Star(Vec<String>),
    /// `* EXCEPT (a, b)`: only in a select list.
    StarExcept {
        qualifier: Vec<String>,
        except: Vec<String>,
    },
    /// `df["*"]`: every column of a frame.
    AllOf(Vec<Expr>),
    /// Several columns in one place of a select list or of arguments: `df.colRegex(…)`.
    Several(Vec<Expr>),
    /// A query inside an expression. It may name the columns around it.
    Subquery {
        kind: SubqueryKind,
        query: Box<Relation>,
    },
    /// A constant. Timestamps are `Timestamp(µs, "UTC")` or `Timestamp(µs, None)` (NTZ), day-time
    /// intervals `Duration(µs)`, year-month intervals `Interval(YearMonth)`, calendar intervals
    /// `Interval(MonthDayNano)`.
    Literal(ScalarValue),
    /// A constant interval with the fields of its type, which a scalar has not.
    Interval(ScalarValue, IntervalFields),
    /// A function or operator by Spark's name: `+ - * / % and or not = <=> < <= > >= ! & | ^ ~ in
    /// between like …`, `isnull`, `sum`, `explode`. Operators use their symbol as the name; see
    /// [`Call`].
    Call(Call),
    /// A Python function or a model. `arguments` may be named.
    Function {
        function: Arc<dyn Function>,
        arguments: Vec<Expr>,
    },
    /// `expr.alias("a")`; several names for a generator with several columns. Metadata is JSON
    /// text.
    Alias {
        input: Box<Expr>,
        names: Vec<String>,
        metadata: Option<String>,
    },
    /// `CAST(x AS t)`, or `TRY_CAST`.
    Cast {
        input: Box<Expr>,
        to: DataType,
        try_cast: bool,
    },
    /// `CASE WHEN … END`; with an operand it is compared by `=`. Branches are shared, since each
    /// `when()` makes a new expression of all.
    Case {
        operand: Option<Box<Expr>>,
        branches: Vec<Arc<(Expr, Expr)>>,
        otherwise: Option<Box<Expr>>,
    },
    /// `x[k]`, `x.getItem(k)`, `x.getField("f")`.
    Extract {
        input: Box<Expr>,
        key: Box<Expr>,
    },
    /// `f(…) OVER (…)`.
    Window {
        function: Box<Expr>,
        spec: Box<WindowSpec>,
    },
    /// An order: only inside `orderBy`, `sort` and window specifications. `None`: Spark's default
    /// for the direction.
    Sort {
        input: Box<Expr>,
        ascending: bool,
        nulls_first: Option<bool>,
    },
    /// `x -> …`, `(x, y) -> …`: an argument of a higher-order function. Its body names its
    /// parameters with [`Expr::LambdaVariable`].
    Lambda {
        parameters: Vec<String>,
        body: Box<Expr>,
    },
    LambdaVariable(String),
}

/// What a query inside an expression is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum SubqueryKind {
    /// `(SELECT …)`: the one value of its one row, or null where it has none.
    Scalar,
    /// `EXISTS (SELECT …)`.
    Exists,
    /// `x IN (SELECT …)`, `(x, y) IN (SELECT …)`.
    In(Vec<Expr>),
}

/// A call by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub name: String,
    pub arguments: Vec<Expr>,
    pub distinct: bool,
    /// `FILTER (WHERE …)`.
    pub filter: Option<Box<Expr>>,
    /// `WITHIN GROUP (ORDER BY …)`: items of an order.
    pub within_group: Vec<Expr>,
    /// `IGNORE NULLS`.
    pub ignore_nulls: bool,
    /// Written as an operator (`a + 1`), so shown as one.
    pub operator: bool,
}

impl Call {
    /// Whether the call is `count(*)`, which counts rows and looks at no column.
    pub fn counts_rows(&self) -> bool {
        let everything = match self.arguments.as_slice() {
            [Expr::Star(qualifier)] => qualifier.is_empty(),
            [Expr::AllOf(_)] => true,
            _ => false,
        };
        everything && !self.distinct && self.name.eq_ignore_ascii_case("count")
    }
}

/// `PARTITION BY … ORDER BY … ROWS BETWEEN …`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WindowSpec {
    /// `OVER w`: what `WINDOW w AS …` says. SQL text puts the definition in its place before
    /// anything is resolved.
    pub named: Option<String>,
    pub partition_by: Vec<Expr>,
    pub order_by: Vec<Expr>,
    pub frame: Option<FrameSpec>,
}

/// A window frame. Bounds count rows, or values of the one order expression.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameSpec {
    pub rows: bool,
    pub start: FrameBound,
    pub end: FrameBound,
}

#[derive(Clone, Debug, PartialEq)]
pub enum FrameBound {
    UnboundedPreceding,
    CurrentRow,
    UnboundedFollowing,
    /// Negative: preceding; positive: following. An expression for RANGE over intervals.
    Offset(Box<Expr>),
}

/// Which rows a join keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    Inner,
    Cross,
    Left,
    Right,
    Full,
    LeftSemi,
    LeftAnti,
}

/// How a join matches rows.
#[derive(Clone, Debug, PartialEq)]
pub enum JoinOn {
    None,
    Natural,
    /// `USING (a, b)`, `on=["a", "b"]`: one output column for each.
    Using(Vec<String>),
    Expr(Expr),
}

/// Which rows a sample keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SampleShare {
    /// Those whose number between 0 and 1 lies from the first (included) to the second (not
    /// included).
    Between(f64, f64),
    /// Each as often as a Poisson distribution with this mean says.
    Replaced(f64),
}

/// A relation as it was written.
#[derive(Clone, Debug, PartialEq)]
pub enum Relation {
    /// What an earlier DataFrame call resolved.
    Resolved(Arc<Resolved>),
    /// A table or temporary view by name.
    Table(Vec<String>),
    /// A declared source, read whole or as a stream.
    Source {
        source: Arc<dyn Source>,
        streaming: bool,
    },
    /// `range(start, end, step)`; a table-valued function in SQL by its name.
    TableFunction {
        name: String,
        arguments: Vec<Expr>,
    },
    /// `VALUES (…), (…)`; columns are `col1`, `col2`, ….
    Values(Vec<Vec<Expr>>),
    /// SELECT without FROM: one row without columns.
    OneRow,
    Project {
        input: Box<Relation>,
        expressions: Vec<Expr>,
    },
    Filter {
        input: Box<Relation>,
        predicate: Expr,
    },
    /// `keys` are put first when `with_keys` (DataFrame's `agg`); SQL names them in `outputs`
    /// itself.
    Aggregate {
        input: Box<Relation>,
        keys: Grouping,
        outputs: Vec<Expr>,
        with_keys: bool,
        having: Option<Expr>,
    },
    Join {
        left: Box<Relation>,
        right: Box<Relation>,
        kind: JoinKind,
        on: JoinOn,
    },
    /// `by_name`: columns matched by name; `allow_missing` fills with null.
    Union {
        inputs: Vec<Relation>,
        by_name: bool,
        allow_missing: bool,
    },
    /// `INTERSECT` / `EXCEPT`.
    SetOperation {
        left: Box<Relation>,
        right: Box<Relation>,
        except: bool,
        all: bool,
    },
    Sort {
        input: Box<Relation>,
        order: Vec<Expr>,
        global: bool,
    },
    Limit {
        input: Box<Relation>,
        rows: u64,
    },
    Offset {
        input: Box<Relation>,
        rows: u64,
    },
    Tail {
        input: Box<Relation>,
        rows: u64,
    },
    /// All columns, or those of `subset`.
    Distinct {
        input: Box<Relation>,
        subset: Option<Vec<String>>,
        by: DistinctBy,
    },
    WithColumns {
        input: Box<Relation>,
        columns: Vec<(String, Expr)>,
    },
    Rename {
        input: Box<Relation>,
        names: Vec<(String, String)>,
    },
    /// `toDF(…)`, `AS t(a, b)`.
    RenameAll {
        input: Box<Relation>,
        names: Vec<String>,
    },
    Drop {
        input: Box<Relation>,
        columns: Vec<Expr>,
    },
    /// `df.alias("t")`, `FROM x AS t`.
    Alias {
        input: Box<Relation>,
        name: String,
    },
    /// `WITH a AS (…), b AS (…) …`.
    With {
        tables: Vec<(String, Relation)>,
        input: Box<Relation>,
    },
    /// `LATERAL VIEW [OUTER] explode(x) t AS a, b`.
    LateralView {
        input: Box<Relation>,
        generator: Expr,
        outer: bool,
        table: String,
        columns: Vec<String>,
    },
    /// Evenly, or rows of equal values of `by` together; without a number, as many lanes as there
    /// are processors.
    Repartition {
        input: Box<Relation>,
        partitions: Option<usize>,
        by: Vec<Expr>,
    },
    /// By ranges of an order.
    RepartitionByRange {
        input: Box<Relation>,
        partitions: usize,
        order: Vec<Expr>,
    },
    /// Into no more partitions than that, neighbours together.
    Coalesce {
        input: Box<Relation>,
        partitions: usize,
    },
    /// `sample`, `randomSplit`, `TABLESAMPLE`.
    Sample {
        input: Box<Relation>,
        share: SampleShare,
        seed: i64,
    },
    /// `withWatermark(column, delay)`, the delay in milliseconds.
    Watermark {
        input: Box<Relation>,
        column: String,
        delay_ms: i64,
    },
    /// `groupBy(keys).applyInPandasWithState(function)` and its kin.
    GroupsWithState {
        input: Box<Relation>,
        keys: Vec<Expr>,
        call: GroupsCall,
        /// Rows that the first batch hands to the function, grouped by these keys.
        initial: Option<(Box<Relation>, Vec<Expr>)>,
    },
    /// `df.transform(model.stateful(…))`.
    StatefulModel {
        input: Box<Relation>,
        call: RecurrentCall,
    },
    /// `broadcast(df)`, `/*+ BROADCAST(t) */`: carried for `explain`; one process has nothing to
    /// broadcast.
    Hint {
        input: Box<Relation>,
        name: String,
    },
    /// `na.fill`, `na.drop`, `na.replace`, `describe` … are built from the rest by the session, not
    /// here. Without `keys`, as in SQL, every column is one that `column` and `outputs` do not
    /// name.
    Pivot {
        input: Box<Relation>,
        keys: Option<Vec<Expr>>,
        column: Expr,
        values: Option<Vec<Expr>>,
        outputs: Vec<Expr>,
    },
    /// `|> EXTEND …` and the other pipes that no clause of a SELECT is.
    Piped {
        input: Box<Relation>,
        operator: PipedOperator,
    },
    /// `UNPIVOT (v FOR name IN (a, b))`, `df.unpivot`.
    Unpivot {
        input: Box<Relation>,
        columns: UnpivotColumns,
    },
}

/// A function of groups, and how it is called.
#[derive(Clone, Debug)]
pub struct GroupsCall {
    pub function: Arc<dyn GroupFunction>,
    pub kind: GroupKind,
    pub mode: OutputMode,
    pub timeout: GroupTimeout,
    /// The column of the output that is its event time.
    pub event_time: Option<String>,
}

/// A function that hands something on from row to row of a key, and how it is called.
#[derive(Clone, Debug)]
pub struct RecurrentCall {
    pub function: Arc<dyn RecurrentFunction>,
    pub keys: Vec<Expr>,
    /// What orders the rows of a key; they stay as they come if `None`.
    pub order: Option<Expr>,
    /// Without any, the columns that are called as the function calls its arguments.
    pub arguments: Vec<Expr>,
    /// What the function's columns are called.
    pub names: Vec<String>,
    pub ttl_ms: Option<i64>,
    pub on_new_version: OnNewVersion,
}

impl PartialEq for RecurrentCall {
    fn eq(&self, other: &Self) -> bool {
        self.function.key() == other.function.key()
            && self.keys == other.keys
            && self.order == other.order
            && self.arguments == other.arguments
            && self.names == other.names
            && self.ttl_ms == other.ttl_ms
            && self.on_new_version == other.on_new_version
    }
}

/// A function is made for one call, so it says all.
impl PartialEq for GroupsCall {
    fn eq(&self, other: &Self) -> bool {
        self.function.key() == other.function.key()
    }
}

/// A pipe by what it does to the columns.
#[derive(Clone, Debug, PartialEq)]
pub enum PipedOperator {
    /// None: what comes out of a pipe has its columns only, and not those that a SELECT left out.
    Rows,
    /// Columns behind those that are there.
    Extend(Vec<Expr>),
    /// Other values of columns, each under its alias and over those before.
    Set(Vec<Expr>),
    Drop(Vec<Expr>),
    /// The keys' columns come first. A number is the place of a column of the input.
    Aggregate {
        keys: Vec<Expr>,
        outputs: Vec<Expr>,
    },
}

/// Which columns become rows, and what the columns are called that hold them.
#[derive(Clone, Debug, PartialEq)]
pub struct UnpivotColumns {
    /// The columns that stay. Without them, all that `groups` does not name.
    pub ids: Option<Vec<Expr>>,
    /// The columns of each row. Without them, each column that `ids` does not name has a row.
    pub groups: Option<Vec<UnpivotGroup>>,
    pub label: String,
    pub values: Vec<String>,
    pub nulls: UnpivotNulls,
}

/// `(q1, q2) AS first`: one row of an UNPIVOT. Without a label it is called as its columns are.
#[derive(Clone, Debug, PartialEq)]
pub struct UnpivotGroup {
    pub columns: Vec<Expr>,
    pub label: Option<String>,
}

/// Whether an UNPIVOT keeps a row all of whose values are null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnpivotNulls {
    Included,
    Excluded,
}

/// What makes rows distinct. On a stream it says what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DistinctBy {
    /// The first row of each key: `dropDuplicates`.
    First,
    /// Groups of all columns: `SELECT DISTINCT`.
    Group,
    /// The first row of each key within the watermark's delay: `dropDuplicatesWithinWatermark`.
    WithinWatermark,
}

/// `GROUP BY …`.
#[derive(Clone, Debug, PartialEq)]
pub enum Grouping {
    By(Vec<Expr>),
    /// `GROUP BY ALL`: every output that holds no aggregate function.
    All,
    /// Each set has some of the keys, by their places.
    Sets {
        keys: Vec<Expr>,
        sets: Vec<KeySet>,
    },
}

/// Who sees a temporary view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewScope {
    Session,
    /// Every session of the process, as `global_temp.name`.
    Global,
}

/// The rows of a view.
#[derive(Clone, Debug)]
pub enum ViewContents {
    /// `(a, b) AS SELECT …`; without names, those of the query.
    Query { columns: Vec<String>, query: Relation },
    /// `(a INT, b STRING) USING csv OPTIONS (…)`; without a schema, that of the files.
    Read { format: String, schema: Option<arrow::datatypes::SchemaRef>, options: Vec<(String, String)> },
}

/// What `CREATE TABLE` says of a table beside its columns.
#[derive(Clone, Debug, Default)]
pub struct TableDefinition {
    pub format: Option<String>,
    pub path: Option<String>,
    pub options: Vec<(String, String)>,
    pub partitioned_by: Vec<String>,
    pub comment: Option<String>,
}

/// What a SQL statement asks for.
#[derive(Clone, Debug)]
pub enum Statement {
    Query(Relation),
    /// `CREATE TEMPORARY VIEW`.
    CreateView {
        name: Vec<String>,
        scope: ViewScope,
        replace: bool,
        contents: ViewContents,
    },
    DropView {
        name: Vec<String>,
        if_exists: bool,
    },
    CreateTable {
        name: Vec<String>,
        columns: Option<arrow::datatypes::SchemaRef>,
        definition: TableDefinition,
        if_not_exists: bool,
        replace: bool,
        query: Option<Relation>,
    },
    /// `temporary`: only a function that was registered in the session.
    DropFunction {
        name: Vec<String>,
        temporary: bool,
        if_exists: bool,
    },
    DropTable {
        name: Vec<String>,
        if_exists: bool,
    },
    Insert {
        table: Vec<String>,
        columns: Vec<String>,
        overwrite: bool,
        query: Relation,
    },
    /// `pattern` is Spark's: `*` for any text, `|` for or.
    ShowTables {
        database: Option<String>,
        pattern: Option<String>,
    },
    Describe {
        table: Vec<String>,
    },
    /// `SET k = v`, `SET k`, `SET`.
    Set {
        key: Option<String>,
        value: Option<String>,
    },
}

impl Expr {
    /// A column by dotted name parts.
    pub fn column(parts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::Column(parts.into_iter().map(Into::into).collect())
    }

    /// A function by name.
    pub fn call(name: impl Into<String>, arguments: Vec<Self>) -> Self {
        Self::Call(Call {
            name: name.into(),
            arguments,
            distinct: false,
            filter: None,
            within_group: Vec::new(),
            ignore_nulls: false,
            operator: false,
        })
    }

    /// An operator by symbol.
    pub fn operator(symbol: impl Into<String>, arguments: Vec<Self>) -> Self {
        Self::Call(Call {
            name: symbol.into(),
            arguments,
            distinct: false,
            filter: None,
            within_group: Vec::new(),
            ignore_nulls: false,
            operator: true,
        })
    }

    /// Rebuilds the expression bottom-up: `change` is given each node after its children.
    #[must_use]
    pub fn map(self, change: &mut dyn FnMut(Self) -> Self) -> Self {
        fn boxed(expr: Box<Expr>, change: &mut dyn FnMut(Expr) -> Expr) -> Box<Expr> {
            Box::new((*expr).map(change))
        }
        fn all(exprs: Vec<Expr>, change: &mut dyn FnMut(Expr) -> Expr) -> Vec<Expr> {
            exprs.into_iter().map(|expr| expr.map(change)).collect()
        }
        let rebuilt = match self {
            Self::Call(call) => Self::Call(Call {
                arguments: all(call.arguments, change),
                filter: call.filter.map(|filter| boxed(filter, change)),
                within_group: all(call.within_group, change),
                ..call
            }),
            Self::Function { function, arguments } => Self::Function { function, arguments: all(arguments, change) },
            Self::Alias { input, names, metadata } => Self::Alias { input: boxed(input, change), names, metadata },
            Self::Cast { input, to, try_cast } => Self::Cast { input: boxed(input, change), to, try_cast },
            Self::Case { operand, branches, otherwise } => Self::Case {
                operand: operand.map(|operand| boxed(operand, change)),
                branches: branches
                    .into_iter()
                    .map(|branch| {
                        let (when, then) = Arc::unwrap_or_clone(branch);
                        Arc::new((when.map(change), then.map(change)))
                    })
                    .collect(),
                otherwise: otherwise.map(|otherwise| boxed(otherwise, change)),
            },
            Self::Extract { input, key } => Self::Extract { input: boxed(input, change), key: boxed(key, change) },
            Self::Window { function, spec } => Self::Window {
                function: boxed(function, change),
                spec: Box::new(WindowSpec {
                    named: spec.named,
                    partition_by: all(spec.partition_by, change),
                    order_by: all(spec.order_by, change),
                    frame: spec.frame,
                }),
            },
            Self::AllOf(columns) => Self::AllOf(all(columns, change)),
            Self::Several(columns) => Self::Several(all(columns, change)),
            Self::Sort { input, ascending, nulls_first } => {
                Self::Sort { input: boxed(input, change), ascending, nulls_first }
            }
            Self::Lambda { parameters, body } => Self::Lambda { parameters, body: boxed(body, change) },
            leaf @ (Self::Column(_)
            | Self::Attribute(..)
            | Self::Star(_)
            | Self::StarExcept { .. }
            | Self::Subquery { .. }
            | Self::Literal(_)
            | Self::Interval(..)
            | Self::LambdaVariable(_)) => leaf,
        };
        change(rebuilt)
    }

    /// How deep and how large the expression is, without the queries in it.
    pub fn extent(&self) -> ExpressionExtent {
        let mut extent = ExpressionExtent::default();
        let mut rest = vec![(self, 1)];
        while let Some((expr, depth)) = rest.pop() {
            extent.depth = extent.depth.max(depth);
            extent.nodes += 1;
            expr.children(&mut |child| rest.push((child, depth + 1)));
        }
        extent
    }

    /// Whether the expression is or holds a star that columns stand for: `count(*)` counts rows.
    pub fn has_star(&self) -> bool {
        let mut rest = vec![self];
        while let Some(expr) = rest.pop() {
            match expr {
                Self::Star(_) | Self::StarExcept { .. } | Self::AllOf(_) | Self::Several(_) => return true,
                Self::Call(call) if call.counts_rows() => {}
                other => other.children(&mut |child| rest.push(child)),
            }
        }
        false
    }

    /// Whether a query is in the expression.
    pub fn asks(&self) -> bool {
        let mut rest = vec![self];
        while let Some(expr) = rest.pop() {
            if matches!(expr, Self::Subquery { .. }) {
                return true;
            }
            expr.children(&mut |child| rest.push(child));
        }
        false
    }

    /// Shows each expression directly inside this one.
    pub(super) fn children<'e>(&'e self, see: &mut dyn FnMut(&'e Self)) {
        match self {
            Self::Call(call) => {
                call.arguments.iter().chain(call.filter.as_deref()).chain(&call.within_group).for_each(see);
            }
            Self::AllOf(several) | Self::Several(several) | Self::Function { arguments: several, .. } => {
                several.iter().for_each(see);
            }
            Self::Alias { input, .. } | Self::Cast { input, .. } | Self::Sort { input, .. } => see(input),
            Self::Lambda { body, .. } => see(body),
            Self::Case { operand, branches, otherwise } => {
                let branches = branches.iter().flat_map(|branch| [&branch.0, &branch.1]);
                operand.as_deref().into_iter().chain(branches).chain(otherwise.as_deref()).for_each(see);
            }
            Self::Extract { input, key } => [input, key].into_iter().for_each(|child| see(child)),
            Self::Window { function, spec } => {
                see(function);
                spec.partition_by.iter().chain(&spec.order_by).for_each(&mut *see);
                for bound in spec.frame.iter().flat_map(|frame| [&frame.start, &frame.end]) {
                    if let FrameBound::Offset(offset) = bound {
                        see(offset);
                    }
                }
            }
            Self::Subquery { kind: SubqueryKind::In(values), .. } => values.iter().for_each(see),
            Self::Subquery { .. }
            | Self::Column(_)
            | Self::Attribute(..)
            | Self::Star(_)
            | Self::StarExcept { .. }
            | Self::Literal(_)
            | Self::Interval(..)
            | Self::LambdaVariable(_) => {}
        }
    }

    #[must_use]
    pub fn alias(self, name: impl Into<String>) -> Self {
        Self::Alias { input: Box::new(self), names: vec![name.into()], metadata: None }
    }
}
