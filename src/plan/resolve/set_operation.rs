//! Unions, INTERSECT and EXCEPT, and pivots.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{Column, JoinType, NullEquality, ScalarValue};
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::expr::{WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::{
    Expr as DfExpr, LogicalPlan, LogicalPlanBuilder, Projection, Union, WindowFrame, WindowFunctionDefinition,
};

use super::aggregate::AggregateRequest;
use super::expression::{ExpressionPlace, Expressions};
use super::join::{both, shifted};
use super::pending::{Pending, named};
use super::scope::{Scope, column, not_among};
use super::{Resolver, cast, coerce, keep, operators};
use crate::error::{Error, Result, condition};
use crate::plan::functions::ordinal;
use crate::plan::kernels::normalize::normalized;
use crate::plan::kernels::reshape::{FieldMatch, MissingField, reshaped};
use crate::plan::streaming::StreamOperation;
use crate::plan::tree::{Call, Expr, Grouping};
use crate::plan::typed::{Typed, literal};
use crate::plan::{AttrId, Attribute, Resolved};
use crate::types::sql_name;

/// Plans with the same columns, one after the other.
pub fn union_of(plans: Vec<Arc<LogicalPlan>>) -> Result<LogicalPlan> {
    match plans.as_slice() {
        [] => Ok(LogicalPlanBuilder::empty(false).build()?),
        [one] => Ok(one.as_ref().clone()),
        _ => Ok(LogicalPlan::Union(Union::try_new(plans)?)),
    }
}

impl Resolver<'_> {
    pub fn union(&self, inputs: Vec<Resolved>, by_name: bool, allow_missing: bool) -> Result<Resolved> {
        let mut inputs = inputs.into_iter();
        let Some(first) = inputs.next() else { return Err(Error::internal("a union of nothing")) };
        inputs.try_fold(first, |left, right| self.union_two(left, right, by_name, allow_missing))
    }

    fn union_two(&self, left: Resolved, right: Resolved, by_name: bool, allow_missing: bool) -> Result<Resolved> {
        let pairs = if by_name {
            let missing = if allow_missing { MissingField::Null } else { MissingField::Refused };
            self.pairs_by_name(&left, &right, missing)?
        } else {
            pairs(&left, &right, "UNION")?
        };
        let mixed = left.is_streaming() != right.is_streaming();
        let mut resolved = self.aligned(left, right, pairs, "UNION", |left, right| self.united(left, right))?;
        if mixed {
            resolved.note(StreamOperation::UnionWithBatch);
        }
        Ok(resolved)
    }

    /// The left's rows, then the right's. A union on the left takes the right as one more input: a
    /// loop of `union` is one operator.
    fn united(&self, left: LogicalPlan, right: LogicalPlan) -> Result<LogicalPlan> {
        let known = match &left {
            LogicalPlan::Projection(same) => same.input.as_ref(),
            other => other,
        };
        let LogicalPlan::Union(union) = known else { return union_of(vec![Arc::new(left), Arc::new(right)]) };
        // A projection between that changes nothing is left out.
        let same = left.schema().fields() == union.schema.fields();
        let fits = union.schema.fields().iter().zip(right.schema().fields()).all(|(field, other)| {
            field.data_type() == other.data_type() && (field.is_nullable() || !other.is_nullable())
        });
        if !same || !fits || !is_identity(&left) {
            return union_of(vec![Arc::new(left), Arc::new(right)]);
        }
        self.gauge.join();
        let mut inputs = union.inputs.clone();
        inputs.push(Arc::new(right));
        Ok(LogicalPlan::Union(Union { inputs, schema: Arc::clone(&union.schema) }))
    }

    /// Columns matched by name: the left's in order, then those that only the right has. The fields
    /// of structs are matched so, too.
    fn pairs_by_name(&self, left: &Resolved, right: &Resolved, missing: MissingField) -> Result<Vec<Pair>> {
        let names = self.conf().name_case();
        for side in [left, right] {
            names.refuse_repeated(side.output.iter().map(|attribute| attribute.name.as_str()))?;
        }
        let by = FieldMatch { names, missing };
        let allow_missing = missing == MissingField::Null;
        let mut pairs = Vec::new();
        for attribute in &left.output {
            let found = right.output.iter().find(|other| self.same(&attribute.name, &other.name));
            if found.is_none() && !allow_missing {
                return Err(not_among(&attribute.name, &right.output));
            }
            let mut pair = Pair::of(attribute, found);
            if let Pair { left: Some(l), right: Some(r), .. } = &mut pair {
                *r = reshaped(r.clone(), &l.data_type, by)?;
                if allow_missing {
                    *l = reshaped(l.clone(), &r.data_type, by)?;
                }
            }
            pairs.push(pair);
        }
        for attribute in &right.output {
            if left.output.iter().any(|other| self.same(&attribute.name, &other.name)) {
                continue;
            }
            if !allow_missing {
                return Err(Error::of(condition::NUM_COLUMNS_MISMATCH)
                    .with("operator", "UNION")
                    .with("firstNumColumns", left.output.len())
                    .with("invalidOrdinalNum", "second")
                    .with("invalidNumColumns", right.output.len()));
            }
            pairs.push(Pair::only_right(attribute));
        }
        Ok(pairs)
    }

    /// Both inputs with columns of common types under the same ids, put together by `combine`.
    fn aligned(
        &self,
        left: Resolved,
        right: Resolved,
        pairs: Vec<Pair>,
        operation: &str,
        combine: impl FnOnce(LogicalPlan, LogicalPlan) -> Result<LogicalPlan>,
    ) -> Result<Resolved> {
        let conf = self.conf();
        let (mut output, mut lefts, mut rights) = (Vec::new(), Vec::new(), Vec::new());
        for (i, Pair { shown, left: l, right: r }) in pairs.into_iter().enumerate() {
            let null = || literal(ScalarValue::Null);
            let (l_typed, r_typed) = (l.unwrap_or_else(null), r.unwrap_or_else(null));
            let Some(data_type) = coerce::structural(&l_typed.data_type, &r_typed.data_type, conf.ansi()) else {
                return Err(Error::of(condition::INCOMPATIBLE_COLUMN_TYPE)
                    .with("operator", operation)
                    .with("columnOrdinalNumber", ordinal(i))
                    .with("tableOrdinalNumber", "second")
                    .with("dataType1", format!("\"{}\"", sql_name(&r_typed.data_type)))
                    .with("dataType2", format!("\"{}\"", sql_name(&l_typed.data_type)))
                    .with("hint", ""));
            };
            let nullable = l_typed.nullable || r_typed.nullable;
            let unchanged = l_typed.expr == column(shown.id) && l_typed.data_type == data_type;
            let id = if unchanged { shown.id } else { AttrId::fresh() };
            let attribute = Attribute { id, data_type: data_type.clone(), nullable, qualifier: Vec::new(), ..shown };
            lefts.push(named(cast::cast(l_typed, &data_type, conf)?.expr, id));
            rights.push(named(cast::cast(r_typed, &data_type, conf)?.expr, id));
            output.push(attribute);
        }
        let right_plan = shifted(right.plan.clone(), left.watermarks.len())?;
        let left_plan = LogicalPlan::Projection(Projection::try_new(lefts, Arc::new(left.plan.clone()))?);
        let right_plan = LogicalPlan::Projection(Projection::try_new(rights, Arc::new(right_plan))?);
        let plan = combine(left_plan, right_plan)?;
        Ok(both(left, right, plan, output))
    }

    /// INTERSECT and EXCEPT: rows of the left that are, or are not, among the right's; nulls are
    /// equal. With ALL each row of the right takes one of the left.
    pub fn set_operation(&self, left: Resolved, right: Resolved, except: bool, all: bool) -> Result<Resolved> {
        let name = if except { "EXCEPT" } else { "INTERSECT" };
        // With ALL equal rows are counted, those of all batches.
        let stream = right.is_streaming() || !except || all;
        let pairs = pairs(&left, &right, name)?;
        if let Some(attribute) = left.output.iter().find(|attribute| operators::holds_map(&attribute.data_type)) {
            return Err(Error::of(condition::UNSUPPORTED_FEATURE_SET_OPERATION_ON_MAP_TYPE)
                .with("colName", format!("`{}`", attribute.name))
                .with("dataType", format!("\"{}\"", sql_name(&attribute.data_type))));
        }
        let mut resolved = self.aligned(left, right, pairs, name, |left, right| matched(left, right, except, all))?;
        let output = resolved.output.clone();
        resolved.plan = keep(resolved.plan, &output)?;
        if !all {
            resolved = match resolved.is_streaming() {
                true => {
                    // Spark's check of streams does not see that it groups.
                    let operations = resolved.operations.clone();
                    Resolved { operations, ..self.groups_of(resolved)? }
                }
                false => self.first_of_each(resolved, &output)?,
            };
        }
        if stream {
            resolved.note(if except { StreamOperation::Except } else { StreamOperation::Intersect });
        }
        Ok(resolved)
    }

    /// `groupBy(keys).pivot(column, values).agg(outputs)`: a conditional aggregation for each
    /// value.
    pub fn pivot(
        &self,
        input: Resolved,
        keys: Option<&[Expr]>,
        column: &Expr,
        values: Option<&[Expr]>,
        outputs: &[Expr],
    ) -> Result<Resolved> {
        let keys = match keys {
            Some(keys) => keys.to_vec(),
            None => self.unnamed(&input, outputs.iter().chain([column]))?,
        };
        let Some(values) = values else {
            return Err(Error::internal("the values of a pivot are collected before it is resolved"));
        };
        let attributes = input.output.clone();
        let mut expressions = Expressions::new(self, &attributes, ExpressionPlace::Row);
        let mut list = Vec::new();
        for value in values {
            let (constant, alias) = match value {
                Expr::Alias { input, names, .. } => (input.as_ref(), names.first().cloned()),
                other => (other, None),
            };
            let name = match alias {
                Some(alias) => alias,
                None => {
                    let typed = expressions.value(constant)?.typed;
                    match cast::cast(typed, &DataType::Utf8, self.conf())?.expr {
                        DfExpr::Literal(ScalarValue::Utf8(Some(text)), _) => text,
                        _ => "null".to_owned(),
                    }
                }
            };
            let matches = Expr::operator("<=>", vec![column.clone(), constant.clone()]);
            for output in outputs {
                let (aggregate, given) = match output {
                    Expr::Alias { input, names, .. } => (input.as_ref(), names.first().cloned()),
                    other => (other, None),
                };
                let shown = match (outputs.len(), given) {
                    (1, _) => name.clone(),
                    (_, Some(given)) => format!("{name}_{given}"),
                    (_, None) => format!("{name}_{}", self.aggregate_name(&input, aggregate)?),
                };
                // A group without rows of this value has null, even for count.
                let mut any = Call {
                    name: "count".into(),
                    arguments: vec![Expr::Literal(ScalarValue::Int32(Some(1)))],
                    distinct: false,
                    filter: None,
                    within_group: Vec::new(),
                    ignore_nulls: false,
                    operator: false,
                };
                any.filter = Some(Box::new(matches.clone()));
                let some = Expr::operator(">", vec![Expr::Call(any), Expr::Literal(ScalarValue::Int32(Some(0)))]);
                let guarded = Expr::Case {
                    operand: None,
                    branches: vec![Arc::new((some, only_where(aggregate, &matches)))],
                    otherwise: None,
                };
                list.push(guarded.alias(shown));
            }
        }
        drop(expressions);
        let keys = Grouping::By(keys);
        let request = AggregateRequest { keys: &keys, outputs: &list, with_keys: true, having: None, order: &[] };
        let mut resolved = self.aggregate(input, &request)?.resolved;
        // Spark makes two aggregations of it, which a stream may not have in every mode.
        if let Some(aggregation) = resolved.operations.last().cloned() {
            resolved.note(aggregation);
        }
        Ok(resolved)
    }

    /// The columns that none of the expressions names.
    fn unnamed<'e>(&self, input: &Resolved, exprs: impl Iterator<Item = &'e Expr>) -> Result<Vec<Expr>> {
        let scope = Scope { attributes: &input.output, names: self.conf().name_case() };
        let mut names = Vec::new();
        for expr in exprs {
            let _ = expr.clone().map(&mut |expr| {
                if let Expr::Column(parts) = &expr {
                    names.push(parts.clone());
                }
                expr
            });
        }
        let mut named = Vec::new();
        for parts in &names {
            named.extend(scope.find(parts)?.map(|found| found.attribute.id));
        }
        let others = input.output.iter().filter(|attribute| !named.contains(&attribute.id));
        Ok(others.map(|attribute| Expr::Attribute(attribute.id, attribute.name.clone())).collect())
    }

    fn aggregate_name(&self, input: &Resolved, aggregate: &Expr) -> Result<String> {
        let keys = Grouping::By(Vec::new());
        let list = [aggregate.clone()];
        let request = AggregateRequest { keys: &keys, outputs: &list, with_keys: false, having: None, order: &[] };
        let grouped = self.aggregate(input.clone(), &request)?;
        Ok(grouped.resolved.output.first().map(|attribute| attribute.name.clone()).unwrap_or_default())
    }
}

/// Two columns that become one. A side that lacks it has nulls.
struct Pair {
    /// The column as it is called.
    shown: Attribute,
    left: Option<Typed>,
    right: Option<Typed>,
}

impl Pair {
    fn of(left: &Attribute, right: Option<&Attribute>) -> Self {
        Self { shown: left.clone(), left: Some(left.typed()), right: right.map(Attribute::typed) }
    }

    fn only_right(right: &Attribute) -> Self {
        Self { shown: right.clone(), left: None, right: Some(right.typed()) }
    }
}

fn pairs(left: &Resolved, right: &Resolved, operation: &str) -> Result<Vec<Pair>> {
    if left.output.len() != right.output.len() {
        return Err(Error::of(condition::NUM_COLUMNS_MISMATCH)
            .with("operator", operation)
            .with("firstNumColumns", left.output.len())
            .with("invalidOrdinalNum", "second")
            .with("invalidNumColumns", right.output.len()));
    }
    Ok(left.output.iter().zip(&right.output).map(|(left, right)| Pair::of(left, Some(right))).collect())
}

/// Whether a projection passes every column on as it is.
fn is_identity(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => {
            let fields = projection.input.schema().fields();
            projection.expr.len() == fields.len()
                && projection
                    .expr
                    .iter()
                    .zip(fields)
                    .all(|(expr, field)| matches!(expr, DfExpr::Column(column) if column.name == *field.name()))
        }
        _ => true,
    }
}

/// Rows of the left that match, or do not match, a row of the right.
fn matched(left: LogicalPlan, right: LogicalPlan, except: bool, all: bool) -> Result<LogicalPlan> {
    let columns = left.schema().columns().into_iter().map(DfExpr::Column).collect();
    let (mut left, mut left_keys) = keyed(left, columns)?;
    let (mut right, mut right_keys) = keyed(right, Vec::new())?;
    if all {
        for (plan, keys) in [(&mut left, &mut left_keys), (&mut right, &mut right_keys)] {
            let number = AttrId::fresh();
            *plan = numbered(plan.clone(), keys, number)?;
            keys.push(number);
        }
    } else {
        // Of rows that are equal one is enough: a match with each of many is work for nothing.
        right = LogicalPlanBuilder::from(right).distinct()?.build()?;
    }
    let kind = if except { JoinType::LeftAnti } else { JoinType::LeftSemi };
    let names = |keys: Vec<AttrId>| keys.into_iter().map(|key| Column::from_name(key.to_string())).collect::<Vec<_>>();
    Ok(LogicalPlanBuilder::from(left)
        .join_detailed(right, kind, (names(left_keys), names(right_keys)), None, NullEquality::NullEqualsNull)?
        .build()?)
}

/// The plan's columns once more, as keys that are equal where Spark's values are, behind `kept`.
fn keyed(plan: LogicalPlan, mut kept: Vec<DfExpr>) -> Result<(LogicalPlan, Vec<AttrId>)> {
    let mut keys = Vec::new();
    for (qualifier, field) in plan.schema().iter() {
        let expr = DfExpr::Column(Column::new(qualifier.cloned(), field.name()));
        let value = Typed { expr, data_type: field.data_type().clone(), nullable: field.is_nullable() };
        let key = AttrId::fresh();
        kept.push(normalized(value).expr.alias(key.to_string()));
        keys.push(key);
    }
    Ok((LogicalPlan::Projection(Projection::try_new(kept, Arc::new(plan))?), keys))
}

/// Rows of equal keys counted from 1.
fn numbered(plan: LogicalPlan, keys: &[AttrId], id: AttrId) -> Result<LogicalPlan> {
    let window = WindowFunction {
        fun: WindowFunctionDefinition::WindowUDF(row_number_udwf()),
        params: WindowFunctionParams {
            args: Vec::new(),
            partition_by: keys.iter().map(|key| column(*key)).collect(),
            order_by: Vec::new(),
            window_frame: WindowFrame::new(None),
            filter: None,
            null_treatment: None,
            distinct: false,
        },
    };
    let mut pending = Pending::default();
    pending.windows.push((id, DfExpr::WindowFunction(Box::new(window))));
    pending.place(plan)
}

/// An aggregation's expression whose aggregate functions see only the rows where `condition` holds.
fn only_where(expr: &Expr, condition: &Expr) -> Expr {
    match expr {
        Expr::Call(call) if super::aggregate::has_aggregate(&Expr::call(call.name.clone(), Vec::new())) => {
            let filter = match &call.filter {
                Some(filter) => Expr::operator("and", vec![filter.as_ref().clone(), condition.clone()]),
                None => condition.clone(),
            };
            Expr::Call(Call { filter: Some(Box::new(filter)), ..call.clone() })
        }
        Expr::Call(call) => Expr::Call(Call {
            arguments: call.arguments.iter().map(|argument| only_where(argument, condition)).collect(),
            ..call.clone()
        }),
        Expr::Alias { input, names, metadata } => Expr::Alias {
            input: Box::new(only_where(input, condition)),
            names: names.clone(),
            metadata: metadata.clone(),
        },
        Expr::Cast { input, to, try_cast } => {
            Expr::Cast { input: Box::new(only_where(input, condition)), to: to.clone(), try_cast: *try_cast }
        }
        other => other.clone(),
    }
}
