//! From what the user wrote to a finished plan and its passes.
//!
//! | module | what it does |
//! |---|---|
//! | [`tree`], [`grouping_sets`] | what `Column`, `DataFrame` calls and SQL text build; ROLLUP and CUBE there |
//! | [`sql`] | SQL text to the tree |
//! | [`resolve`] | Spark's names and types: the tree to a DataFusion plan |
//! | [`functions`] | Spark's functions by name |
//! | [`kernels`] | what runs per row: casts, dates, decimals, nested types |
//! | [`operators`] | our operators inside a DataFusion plan: leaves, calls, watermarks, lanes |
//! | [`streaming`], [`event_time`] | what may run on a stream; which column has the event time |
//! | [`typed`], [`canonical`] | an expression with its type; a tree as `semanticHash` sees it |
//! | [`limits`] | how deep and how large trees and plans may be |
//! | [`finish`], [`pass`] | a plan that is ready to run, with the planners of our operators; one execution of it |
//! | `filters`, `null_safe` | DataFusion's rules for filters, within bounds; joins by `<=>` |
//! | [`memory_pool`], [`state_memory`] | the memory that the plans of a session share; the state's part of it |
//! | [`error`] | DataFusion's errors as ours |

pub mod canonical;
pub mod error;
pub mod event_time;
mod filters;
pub mod finish;
pub mod functions;
pub mod grouping_sets;
pub mod kernels;
pub mod limits;
mod memory_pool;
mod null_safe;
pub mod operators;
pub mod pass;
pub mod resolve;
pub mod sql;
pub mod state_memory;
pub mod streaming;
pub mod tree;
pub mod typed;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::logical_expr::LogicalPlan;

use self::limits::PlanExtent;
use self::streaming::StreamOperation;
use crate::source::Source;

/// The identity of an attribute: duplicate names are told apart by it, as by Spark's expression
/// ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttrId(pub u64);

static NEXT_ATTRIBUTE: AtomicU64 = AtomicU64::new(0);
static NEXT_LEAF: AtomicU64 = AtomicU64::new(0);

impl AttrId {
    /// An identity never given before in this process.
    pub fn fresh() -> Self {
        Self(NEXT_ATTRIBUTE.fetch_add(1, Ordering::Relaxed))
    }
}

/// The column's unique name inside the DataFusion plan, e.g. `#12`.
impl fmt::Display for AttrId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// The identity of a leaf that reads a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LeafId(pub u64);

impl LeafId {
    /// An identity never given before in this process.
    pub fn fresh() -> Self {
        Self(NEXT_LEAF.fetch_add(1, Ordering::Relaxed))
    }
}

/// Metadata keys that begin so are the resolver's own notes.
const INTERNAL_METADATA: &str = "firesteel.";

/// A column of a resolved relation, as the user sees it.
#[derive(Clone, Debug)]
pub struct Attribute {
    pub id: AttrId,
    pub name: String,
    pub data_type: DataType,
    pub nullable: bool,
    /// `df.alias("t")` and table names: what `t.a` may mean.
    pub qualifier: Vec<String>,
    /// Arrow field metadata; Spark's column metadata is JSON under `spark.metadata`.
    pub metadata: std::collections::HashMap<String, String>,
}

impl Attribute {
    /// A nullable attribute with a fresh identity.
    pub fn new(name: impl Into<String>, data_type: DataType, nullable: bool) -> Self {
        Self {
            id: AttrId::fresh(),
            name: name.into(),
            data_type,
            nullable,
            qualifier: Vec::new(),
            metadata: Default::default(),
        }
    }

    /// The Arrow field that the user sees.
    pub fn field(&self) -> Field {
        let shown = self.metadata.iter().filter(|(key, _)| !key.starts_with(INTERNAL_METADATA));
        let shown = shown.map(|(key, value)| (key.clone(), value.clone())).collect();
        Field::new(&self.name, self.data_type.clone(), self.nullable).with_metadata(shown)
    }
}

/// A leaf of a resolved plan.
#[derive(Clone, Debug)]
pub struct Leaf {
    pub id: LeafId,
    pub source: Arc<dyn Source>,
    pub streaming: bool,
}

/// A declared event time: `withWatermark`.
#[derive(Clone, Debug)]
pub struct Watermark {
    pub column: AttrId,
    pub delay_ms: i64,
}

/// A relation whose names and types are resolved. Its DataFusion plan calls every column by its
/// [`AttrId`].
#[derive(Clone, Debug)]
pub struct Resolved {
    pub plan: LogicalPlan,
    pub output: Vec<Attribute>,
    /// Columns below the last projection: no output, but ORDER BY and WHERE above it may still name
    /// them.
    pub hidden: Vec<Attribute>,
    /// Sources, streaming or not, in the order of the tree's leaves before optimisation; a source
    /// used twice stands twice.
    pub leaves: Vec<Leaf>,
    pub watermarks: Vec<Watermark>,
    /// What is done to the stream, from the sources up: `start()` refuses what cannot be.
    pub operations: Vec<StreamOperation>,
    /// How deep and how large the plan is.
    pub extent: PlanExtent,
}

/// A relation is equal to itself only: two that read the same may be asked at different times.
impl PartialEq for Resolved {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Resolved {
    /// A relation without columns, rows and sources.
    pub fn nothing() -> Self {
        Self {
            plan: LogicalPlan::default(),
            output: Vec::new(),
            hidden: Vec::new(),
            leaves: Vec::new(),
            watermarks: Vec::new(),
            operations: Vec::new(),
            extent: PlanExtent::leaf(),
        }
    }

    /// The schema as the user sees it.
    pub fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(self.output.iter().map(Attribute::field).collect::<Vec<_>>()))
    }

    pub fn is_streaming(&self) -> bool {
        self.leaves.iter().any(|leaf| leaf.streaming)
    }
}
