//! What has no input: tables and views, table functions, VALUES, sources.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan, LogicalPlanBuilder, Projection, Values};

use super::expression::{ExpressionPlace, Expressions, ResolvedValue};
use super::hidden::is_of_file;
use super::pending::named;
use super::{Resolver, cast, coerce, generate, set_operation};
use crate::error::{Error, ErrorKind, Result, condition};
use crate::plan::operators::scan::leaf_plan;
use crate::plan::tree::{Expr, Relation};
use crate::plan::{Attribute, Leaf, LeafId, Resolved};
use crate::source::Source;
use crate::source::range::Range as RangeSource;

impl Resolver<'_> {
    pub(super) fn table(&self, name: &[String]) -> Result<Resolved> {
        let found = match name {
            [one] => {
                self.tables.iter().rev().find(|(table, _)| self.same(table, one)).map(|(_, table)| Arc::clone(table))
            }
            _ => None,
        };
        let mut resolved = match found {
            Some(found) => {
                self.gauge.input(found.extent);
                found.as_ref().clone()
            }
            // A view does not see the tables of this query's WITH.
            None => {
                let (subqueries, gauge) = (Rc::clone(&self.subqueries), Rc::clone(&self.gauge));
                let view = Resolver { subqueries, gauge, ..Resolver::new(self.context) };
                let relation = self.context.names.table(name)?;
                let mut resolved = view.relation(&relation)?;
                // A table is files; a view shows its columns only.
                if !matches!(relation, Relation::Source { .. }) {
                    resolved.hidden.clear();
                }
                resolved
            }
        };
        resolved = self.told_apart(resolved)?;
        resolved.hidden.retain(is_of_file);
        for attribute in resolved.output.iter_mut().chain(&mut resolved.hidden) {
            attribute.qualifier = match name {
                [.., last] => vec![last.clone()],
                [] => Vec::new(),
            };
        }
        Ok(resolved)
    }

    pub(super) fn table_function(&self, name: &str, arguments: &[Expr]) -> Result<Resolved> {
        let name = name.to_lowercase();
        if name == "range" {
            return self.range(arguments);
        }
        if generate::is_generator(&name) {
            let one_row = leafless(LogicalPlanBuilder::empty(true).build()?)?;
            let Expr::Call(call) = Expr::call(name, arguments.to_vec()) else { return Err(Error::internal("a call")) };
            return self.generate(one_row, &call, &[], false).map(|(_, resolved)| resolved);
        }
        Err(Error::of(condition::UNRESOLVABLE_TABLE_VALUED_FUNCTION).with("name", format!("`{name}`")))
    }

    /// `range(end)`, `range(start, end[, step[, partitions]])`.
    fn range(&self, arguments: &[Expr]) -> Result<Resolved> {
        let mut expressions = Expressions::new(self, &[], ExpressionPlace::Row);
        let mut numbers = Vec::new();
        for argument in arguments {
            let value = expressions.value(argument)?;
            match cast::cast(value.typed, &DataType::Int64, self.conf())?.expr {
                DfExpr::Literal(ScalarValue::Int64(Some(number)), _) => numbers.push(number),
                _ => {
                    return Err(Error::new(
                        ErrorKind::Analysis,
                        format!("range() takes constants, found {}", value.pretty),
                    ));
                }
            }
        }
        let (start, end, step, partitions) = match numbers.as_slice() {
            [end] => (0, *end, 1, 0),
            [start, end] => (*start, *end, 1, 0),
            [start, end, step] => (*start, *end, *step, 0),
            [start, end, step, partitions] => (*start, *end, *step, *partitions),
            other => {
                return Err(Error::of(condition::WRONG_NUM_ARGS)
                    .with("functionName", "`range`")
                    .with("expectedNum", "[1, 2, 3, 4]")
                    .with("actualNum", other.len()));
            }
        };
        let partitions = usize::try_from(partitions).ok().filter(|partitions| *partitions > 0).unwrap_or(0);
        source_leaf(Arc::new(RangeSource::new(start, end, step, partitions)?), false)
    }

    /// `VALUES`: each column takes the common type of its values.
    pub(super) fn values(&self, rows: &[Vec<Expr>]) -> Result<Resolved> {
        let width = rows.first().map_or(0, Vec::len);
        // Spark's parser computes a table that calls no function.
        let calls = rows.iter().flatten().any(calls_function);
        let kind = if calls { ErrorKind::Analysis } else { ErrorKind::Parse };
        let mut expressions = Expressions::new(self, &[], ExpressionPlace::Row);
        let mut table: Vec<Vec<ResolvedValue>> = Vec::new();
        for row in rows {
            if row.len() != width {
                return Err(Error::of(condition::INVALID_INLINE_TABLE)
                    .with("expectedNumCols", width)
                    .with("actualNumCols", row.len())
                    .as_kind(kind));
            }
            table.push(expressions.arguments(row)?);
        }
        if let Some(call) = expressions.pending.calls.first() {
            return Err(Error::of(condition::INVALID_INLINE_TABLE_CANNOT_EVALUATE)
                .with("expr", format!("\"{}()\"", call.function.name())));
        }
        let ansi = self.conf().ansi();
        let mut attributes = Vec::new();
        for i in 0..width {
            let types = table.iter().map(|row| &row[i].typed.data_type);
            let data_type = coerce::common_of(types.clone(), ansi)
                .filter(|common| !types.clone().any(|found| coerce::parses_text(found, common)))
                .ok_or_else(|| {
                    Error::of(condition::INCOMPATIBLE_TYPES_IN_INLINE_TABLE)
                        .with("colName", format!("`col{}`", i + 1))
                        .as_kind(kind)
                })?;
            let nullable = table.iter().any(|row| row[i].typed.nullable);
            attributes.push(Attribute::new(format!("col{}", i + 1), data_type, nullable));
        }
        let rows = table
            .into_iter()
            .map(|row| {
                row.into_iter()
                    .zip(&attributes)
                    .map(|(value, attribute)| Ok(cast::cast(value.typed, &attribute.data_type, self.conf())?.expr))
                    .collect::<Result<Vec<_>>>()
            })
            .collect::<Result<Vec<_>>>()?;
        if rows.iter().flatten().all(|expr| matches!(expr, DfExpr::Literal(..))) {
            let field = |it: &Attribute| Field::new(it.id.to_string(), it.data_type.clone(), it.nullable);
            let fields = attributes.iter().map(field).collect();
            let schema = DFSchema::from_unqualified_fields(fields, HashMap::new())?;
            let plan = LogicalPlan::Values(Values { schema: Arc::new(schema), values: rows });
            return Ok(Resolved { output: attributes, ..leafless(plan)? });
        }
        // One row a projection: DataFusion's VALUES would cast what it does not know to be
        // constant.
        let one_row = Arc::new(LogicalPlanBuilder::empty(true).build()?);
        let plans = rows
            .into_iter()
            .map(|row| {
                let projection =
                    row.into_iter().zip(&attributes).map(|(expr, attribute)| named(expr, attribute.id)).collect();
                Ok(Arc::new(LogicalPlan::Projection(Projection::try_new(projection, Arc::clone(&one_row))?)))
            })
            .collect::<Result<Vec<_>>>()?;
        let plan = set_operation::union_of(plans)?;
        Ok(Resolved { output: attributes, ..leafless(plan)? })
    }
}

/// A relation without sources.
pub(super) fn leafless(plan: LogicalPlan) -> Result<Resolved> {
    Ok(Resolved { plan, ..Resolved::nothing() })
}

/// A source read whole or as a stream: a leaf with an attribute for each column.
pub fn source_leaf(source: Arc<dyn Source>, streaming: bool) -> Result<Resolved> {
    let attribute = |field: &Field| Attribute {
        metadata: field.metadata().clone(),
        ..Attribute::new(field.name(), field.data_type().clone(), field.is_nullable())
    };
    let output: Vec<_> = source.schema().fields().iter().map(|field| attribute(field)).collect();
    let hidden: Vec<_> = source.hidden().iter().map(attribute).collect();
    let leaf = Leaf { id: LeafId::fresh(), source, streaming };
    let plan = leaf_plan(leaf.clone(), &output, &hidden)?;
    Ok(Resolved { output, hidden, leaves: vec![leaf], ..leafless(plan)? })
}

fn calls_function(expr: &Expr) -> bool {
    match expr {
        Expr::Call(call) => !call.operator || call.arguments.iter().any(calls_function),
        Expr::Cast { input, .. } | Expr::Alias { input, .. } => calls_function(input),
        other => !matches!(other, Expr::Literal(_) | Expr::Interval(..)),
    }
}
