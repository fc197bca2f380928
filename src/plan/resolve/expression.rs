//! Expressions: names found, types settled, calls taken out.

use std::rc::Rc;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr as DfExpr;

use super::aggregate::Aggregates;
use super::cast::explicit;
use super::hidden::is_using_key;
use super::lambda::LambdaParameter;
use super::pending::Pending;
use super::scope::{Scope, column};
use super::select::SelectOutput;
use super::star::misplaced_star;
use super::subquery::ResolvedQuery;
use super::{Resolver, cast, date_arithmetic, naming, nested, operators, window};
use crate::error::{Error, Result, condition};
use crate::plan::limits::{ExpressionExtent, Nesting};
use crate::plan::tree::Expr;
use crate::plan::typed::{Typed, literal};
use crate::plan::{AttrId, Attribute};
use crate::runtime::stack;
use crate::types::zone::Zone;
use crate::types::{METADATA_KEY, sql_name};

/// A resolved expression with what Spark knows of it beside its type.
#[derive(Clone, Debug)]
pub struct ResolvedValue {
    pub typed: Typed,
    /// As errors quote it, and as an unnamed column is called.
    pub pretty: String,
    /// The name of an expression that has one.
    pub name: Option<String>,
    /// The attribute, when the expression is nothing else.
    pub attribute: Option<Attribute>,
    /// Spark's column metadata, as JSON, of an expression that makes some: a window of time.
    pub metadata: Option<String>,
    pub extent: ExpressionExtent,
}

impl ResolvedValue {
    pub fn new(typed: Typed, pretty: impl Into<String>) -> Self {
        Self {
            typed,
            pretty: pretty.into(),
            name: None,
            attribute: None,
            metadata: None,
            extent: ExpressionExtent::default(),
        }
    }

    /// Spark's column metadata, as JSON.
    pub fn metadata(&self) -> Option<&String> {
        self.attribute.as_ref().map_or(self.metadata.as_ref(), |attribute| attribute.metadata.get(METADATA_KEY))
    }

    /// What the column is called when nobody names it.
    pub fn output_name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.pretty.clone())
    }
}

/// Where an expression stands, which says what it may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpressionPlace {
    /// A condition of WHERE, which may be a query.
    Filter,
    /// A join condition, a generator's argument: one row at a time.
    Row,
    /// A select list or an order: windows too.
    Select,
    /// The outputs, order or condition of an aggregation.
    Group,
    /// The argument of an aggregate function, or a grouping key.
    BelowGroup,
    /// The arguments of a window function.
    BelowWindow,
}

/// Where a condition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clause {
    Where,
    Having,
    Join,
    /// `FILTER (WHERE …)` behind an aggregate function.
    Filter,
}

/// Resolves the expressions of one node.
pub struct Expressions<'a> {
    pub resolver: &'a Resolver<'a>,
    pub scope: Scope<'a>,
    /// Attributes that a later operator may still name:
    /// [`Resolved::hidden`](crate::plan::Resolved).
    pub hidden: &'a [Attribute],
    /// Names given earlier in the same select list, or a group's outputs where they may be named.
    pub aliases: Vec<(String, ResolvedValue)>,
    /// Which output each of some aliases is the name of.
    pub given: Vec<(usize, usize)>,
    /// Aliases win over attributes: `HAVING` and `ORDER BY` over a group.
    pub aliases_first: bool,
    pub place: ExpressionPlace,
    pub pending: Pending,
    pub aggregates: Option<Aggregates>,
    pub lambdas: Vec<LambdaParameter>,
    pub nesting: Nesting,
    /// Hidden attributes that were named.
    pub used_hidden: Vec<AttrId>,
    /// Queries in keys, and below and above the group: one that is written again is the same value.
    pub(super) queries: Vec<ResolvedQuery>,
    /// The outputs of a group that queries in HAVING may name, by the ids that they have there.
    pub(super) outputs: Vec<(AttrId, DfExpr)>,
}

impl<'a> Expressions<'a> {
    pub fn new(resolver: &'a Resolver<'a>, attributes: &'a [Attribute], place: ExpressionPlace) -> Self {
        Self {
            resolver,
            scope: Scope { attributes, names: resolver.conf().name_case() },
            hidden: &[],
            aliases: Vec::new(),
            given: Vec::new(),
            aliases_first: false,
            place,
            pending: Pending::default(),
            aggregates: None,
            lambdas: Vec::new(),
            nesting: Nesting::default(),
            used_hidden: Vec::new(),
            queries: Vec::new(),
            outputs: Vec::new(),
        }
    }

    pub fn value(&mut self, expr: &Expr) -> Result<ResolvedValue> {
        let gauge = Rc::clone(&self.resolver.gauge);
        let (value, extent) = gauge.expression(|| stack::step(|| self.node(expr)))?;
        let value = match &self.aggregates {
            Some(aggregates) if self.place == ExpressionPlace::Group => aggregates.above(value),
            _ => value,
        };
        Ok(ResolvedValue { extent, ..value })
    }

    /// A value inside of an expression that is counted.
    pub fn nested(&mut self, nesting: Nesting, expr: &Expr) -> Result<ResolvedValue> {
        let around = std::mem::replace(&mut self.nesting, nesting);
        let value = self.value(expr);
        self.nesting = around;
        value
    }

    fn node(&mut self, expr: &Expr) -> Result<ResolvedValue> {
        match expr {
            Expr::Column(parts) => self.column(parts),
            Expr::Attribute(id, name) => self.attribute(*id, name),
            Expr::Subquery { kind, query } => self.subquery(kind, query, false),
            Expr::Star(_) | Expr::StarExcept { .. } | Expr::AllOf(_) | Expr::Several(_) => {
                Err(misplaced_star("an expression"))
            }
            Expr::Literal(value) => {
                let pretty = naming::literal(value, self.zone()?);
                Ok(ResolvedValue::new(literal(value.clone()), pretty))
            }
            Expr::Interval(value, fields) => {
                let pretty = match value {
                    ScalarValue::DurationMicrosecond(Some(micros)) => fields.show(*micros),
                    ScalarValue::IntervalYearMonth(Some(months)) => fields.show(i64::from(*months)),
                    other => naming::literal(other, self.zone()?),
                };
                Ok(ResolvedValue::new(date_arithmetic::constant(value.clone(), *fields), pretty))
            }
            Expr::Call(call) => {
                let inside = self.nesting.in_call()?;
                let around = std::mem::replace(&mut self.nesting, inside);
                let value = self.call(call);
                self.nesting = around;
                value
            }
            Expr::Function { function, arguments } => self.function(function, arguments),
            Expr::Alias { input, names, .. } => {
                let mut value = self.value(input)?;
                value.name = names.first().cloned();
                if let [name] = names.as_slice() {
                    value.pretty = format!("{} AS {name}", value.pretty);
                }
                value.attribute = None;
                Ok(value)
            }
            Expr::Cast { input, to, try_cast } => {
                let value = self.value(input)?;
                let pretty =
                    format!("{}({} AS {})", if *try_cast { "TRY_CAST" } else { "CAST" }, value.pretty, sql_name(to));
                let typed = explicit(value.typed, to, *try_cast, self.resolver.conf(), &pretty)?;
                // Spark shows no cast to a nested type.
                let pretty = if to.is_nested() { value.pretty } else { pretty };
                Ok(ResolvedValue { name: value.name, ..ResolvedValue::new(typed, pretty) })
            }
            Expr::Case { operand, branches, otherwise } => {
                self.case(operand.as_deref(), branches, otherwise.as_deref())
            }
            Expr::Extract { input, key } => self.extract(input, key),
            Expr::Window { function, spec } => window::resolve(self, function, spec),
            Expr::Sort { input, .. } => self.value(input),
            Expr::Lambda { .. } => Err(Error::of(condition::UNEXPECTED_LAMBDA)),
            Expr::LambdaVariable(name) => {
                self.variable(name).ok_or_else(|| self.scope.unresolved(std::slice::from_ref(name)))
            }
        }
    }

    pub fn zone(&self) -> Result<Zone> {
        Zone::of(self.resolver.conf().time_zone())
    }

    /// An expression that must be boolean. Null is one, though it has another type, where it is a
    /// part of a condition.
    pub fn condition(&mut self, expr: &Expr, clause: Clause, part: bool) -> Result<ResolvedValue> {
        let mut value = self.value(expr)?;
        let conf = self.resolver.conf();
        let is_boolean = match &value.typed.data_type {
            DataType::Boolean => true,
            DataType::Null => part || clause == Clause::Having,
            // Spark casts what HAVING asks for.
            _ => clause == Clause::Having,
        };
        if is_boolean {
            value.typed = cast::cast(value.typed, &DataType::Boolean, conf)?;
            return Ok(value);
        }
        let (found, data_type) = (format!("\"{}\"", value.pretty), format!("\"{}\"", sql_name(&value.typed.data_type)));
        Err(match clause {
            Clause::Where | Clause::Having => Error::of(condition::FILTER_NOT_BOOLEAN)
                .with("sqlExpr", found.clone())
                .with("filter", found)
                .with("type", data_type),
            Clause::Join => Error::of(condition::JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE)
                .with("joinCondition", found)
                .with("conditionType", data_type),
            Clause::Filter => {
                Error::of(condition::AGGREGATE_FILTER_NOT_BOOLEAN).with("filterExpr", found).with("type", data_type)
            }
        })
    }

    fn column(&mut self, parts: &[String]) -> Result<ResolvedValue> {
        if let [name, fields @ ..] = parts
            && let Some(variable) = self.variable(name)
        {
            return self.fields(variable, fields);
        }
        let may_alias = !matches!(self.place, ExpressionPlace::BelowGroup | ExpressionPlace::BelowWindow);
        if self.aliases_first
            && may_alias
            && let Some(value) = self.alias(parts)?
        {
            return Ok(value);
        }
        if let Some(found) = self.scope.find(parts)? {
            let written = parts[parts.len() - found.fields.len() - 1].clone();
            let value = attribute_value(&found.attribute, &written);
            return self.fields(value, found.fields);
        }
        if let [name] = parts
            && CONSTANTS.contains(&name.to_lowercase().as_str())
        {
            return self.value(&Expr::call(name.to_lowercase(), Vec::new()));
        }
        if may_alias && let Some(value) = self.alias(parts)? {
            return Ok(value);
        }
        // A name alone is not that of the other side's key.
        let own: Vec<_> = self.hidden.iter().filter(|it| parts.len() > 1 || !is_using_key(it)).cloned().collect();
        let hidden = Scope { attributes: &own, names: self.scope.names };
        if let Some(found) = hidden.find(parts)? {
            self.used_hidden.push(found.attribute.id);
            let written = parts[parts.len() - found.fields.len() - 1].clone();
            let value = attribute_value(&found.attribute, &written);
            return self.fields(value, found.fields);
        }
        if let Some((value, fields)) = self.outer_column(parts)? {
            return self.fields(value, &parts[parts.len() - fields..]);
        }
        if let [name, ..] = parts
            && self.aliases.iter().any(|(alias, _)| self.scope.names.same(alias, name))
        {
            let condition = match self.place {
                ExpressionPlace::BelowWindow => condition::UNSUPPORTED_FEATURE_LATERAL_COLUMN_ALIAS_IN_WINDOW,
                _ => condition::UNSUPPORTED_FEATURE_LATERAL_COLUMN_ALIAS_IN_AGGREGATE_FUNC,
            };
            return Err(Error::of(condition).with("lca", naming::quoted(parts)));
        }
        Err(self.scope.unresolved(parts))
    }

    /// A name that was given in the same select list.
    fn alias(&mut self, parts: &[String]) -> Result<Option<ResolvedValue>> {
        let [name, fields @ ..] = parts else { return Ok(None) };
        let names = self.scope.names;
        let found = self.aliases.iter().enumerate().filter(|(_, (alias, _))| names.same(alias, name));
        match found.map(|(at, _)| at).collect::<Vec<_>>().as_slice() {
            [] => Ok(None),
            [at] => {
                self.share(*at);
                let value = &self.aliases[*at].1;
                self.resolver.gauge.again(value.extent)?;
                let value = ResolvedValue { pretty: name.clone(), name: Some(name.clone()), ..value.clone() };
                self.fields(value, fields).map(Some)
            }
            several => Err(Error::of(condition::AMBIGUOUS_LATERAL_COLUMN_ALIAS)
                .with("name", format!("`{name}`"))
                .with("n", several.len())),
        }
    }

    /// What was computed once for those that read its name is not computed again for its own column.
    pub fn settle(&mut self, outputs: &mut [SelectOutput]) {
        for (output, alias) in self.given.drain(..) {
            outputs[output].value.typed = self.aliases[alias].1.typed.clone();
        }
    }

    /// What a name stands for becomes a column that is computed once, if it is more than a few
    /// expressions: names that stand for one another would else grow with each. What differs from
    /// call to call is one value, too.
    fn share(&mut self, at: usize) {
        const FEW: usize = 8;
        let value = &mut self.aliases[at].1;
        if self.aliases_first || value.extent.nodes <= FEW && !value.typed.expr.is_volatile() {
            return;
        }
        value.typed.expr = column(self.pending.share(value.typed.expr.clone()));
        value.extent = ExpressionExtent { depth: 1, nodes: 1 };
        self.resolver.gauge.more();
    }

    fn fields(&mut self, mut value: ResolvedValue, fields: &[String]) -> Result<ResolvedValue> {
        for name in fields {
            let map = matches!(value.typed.data_type, DataType::Map(..));
            let typed = nested::field(value.typed, name, self.resolver.conf(), &value.pretty)?;
            let pretty = if map { format!("{}[{name}]", value.pretty) } else { format!("{}.{name}", value.pretty) };
            value = ResolvedValue { name: Some(name.clone()), ..ResolvedValue::new(typed, pretty) };
        }
        Ok(value)
    }

    fn attribute(&mut self, id: AttrId, name: &str) -> Result<ResolvedValue> {
        if let Some(attribute) = self.scope.attributes.iter().find(|attribute| attribute.id == id) {
            return Ok(attribute_value(attribute, name));
        }
        if let Some(attribute) = self.hidden.iter().find(|attribute| attribute.id == id) {
            self.used_hidden.push(id);
            return Ok(attribute_value(attribute, name));
        }
        let input: Vec<_> = self.scope.attributes.iter().map(|attribute| format!("\"{}\"", attribute.name)).collect();
        let again = self.scope.attributes.iter().any(|attribute| self.scope.names.same(&attribute.name, name));
        let condition = if again {
            condition::MISSING_ATTRIBUTES_APPEAR_IN_OPERATION
        } else {
            condition::MISSING_ATTRIBUTES_MISSING_FROM_INPUT
        };
        Err(Error::of(condition)
            .with("missingAttributes", format!("\"{name}\""))
            .with("input", input.join(", "))
            .with("operation", format!("\"{name}\"")))
    }

    fn variable(&self, name: &str) -> Option<ResolvedValue> {
        let bound = self.lambdas.iter().rev().find(|bound| self.scope.names.same(&bound.name, name))?;
        Some(ResolvedValue::new(bound.typed.clone(), "namedlambdavariable()"))
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        branches: &[Arc<(Expr, Expr)>],
        otherwise: Option<&Expr>,
    ) -> Result<ResolvedValue> {
        let (mut typed, mut pretty) = (Vec::new(), String::from("CASE"));
        let conf = self.resolver.conf();
        let operand = operand.map(|operand| self.value(operand)).transpose()?;
        let mut conditions = Vec::new();
        for (when, then) in branches.iter().map(AsRef::as_ref) {
            let mut when = self.value(when)?;
            if let Some(operand) = &operand {
                let text = format!("({} = {})", operand.pretty, when.pretty);
                when =
                    ResolvedValue::new(operators::compare("=", operand.typed.clone(), when.typed, conf, &text)?, text);
            }
            let then = self.nested(self.nesting.in_choice(), then)?;
            pretty.push_str(&format!(" WHEN {} THEN {}", when.pretty, then.pretty));
            conditions.push((when.pretty.clone(), when.typed.data_type.clone()));
            typed.push((when.typed, then.typed));
        }
        let otherwise = otherwise.map(|value| self.value(value)).transpose()?;
        if let Some(value) = &otherwise {
            pretty.push_str(&format!(" ELSE {}", value.pretty));
        }
        pretty.push_str(" END");
        for (i, (text, data_type)) in conditions.iter().enumerate() {
            if *data_type != DataType::Boolean {
                const ORDINALS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];
                let position = ORDINALS.get(2 * i).copied().unwrap_or("next");
                return Err(operators::unexpected_type(&pretty, position, "\"BOOLEAN\"", text, data_type));
            }
        }
        Ok(ResolvedValue::new(operators::case(typed, otherwise.map(|value| value.typed), conf, &pretty)?, pretty))
    }

    fn extract(&mut self, input: &Expr, key: &Expr) -> Result<ResolvedValue> {
        let value = self.value(input)?;
        let key = self.value(key)?;
        let conf = self.resolver.conf();
        if let (DataType::Struct(_), DfExpr::Literal(ScalarValue::Utf8(Some(name)), _)) =
            (&value.typed.data_type, &key.typed.expr)
        {
            let pretty = format!("{}.{name}", value.pretty);
            return Ok(ResolvedValue::new(nested::field(value.typed, name, conf, &value.pretty)?, pretty));
        }
        if let (DataType::List(element), DfExpr::Literal(ScalarValue::Utf8(Some(name)), _)) =
            (&value.typed.data_type, &key.typed.expr)
            && matches!(element.data_type(), DataType::Struct(_))
        {
            let pretty = format!("{}.{name}", value.pretty);
            return Ok(ResolvedValue::new(nested::field(value.typed, name, conf, &value.pretty)?, pretty));
        }
        let pretty = format!("{}[{}]", value.pretty, key.pretty);
        Ok(ResolvedValue::new(nested::item(value.typed, key.typed, conf, &pretty)?, pretty))
    }

    /// Arguments, with `*` spelled out.
    pub fn arguments(&mut self, arguments: &[Expr]) -> Result<Vec<ResolvedValue>> {
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            match self.spread(argument)? {
                Some(columns) => values.extend(columns),
                None => values.push(self.value(argument)?),
            }
        }
        Ok(values)
    }

    /// Arguments, with `*` spelled out, and which of those that were written each comes from.
    pub(super) fn numbered(&mut self, arguments: &[Expr]) -> Result<(Vec<ResolvedValue>, Vec<usize>)> {
        let (mut values, mut numbers) = (Vec::new(), Vec::new());
        for (at, argument) in arguments.iter().enumerate() {
            values.extend(self.arguments(std::slice::from_ref(argument))?);
            numbers.resize(values.len(), at + 1);
        }
        Ok((values, numbers))
    }
}

/// Functions that may stand without parentheses.
const CONSTANTS: [&str; 7] =
    ["current_date", "current_timestamp", "localtimestamp", "current_user", "current_time", "user", "session_user"];

/// An attribute as it was written.
pub fn attribute_value(attribute: &Attribute, written: &str) -> ResolvedValue {
    ResolvedValue {
        name: Some(written.to_owned()),
        attribute: Some(attribute.clone()),
        ..ResolvedValue::new(attribute.typed(), written)
    }
}

/// What errors show of arguments, and the arguments.
pub fn texts_and_values(arguments: Vec<ResolvedValue>) -> (Vec<String>, Vec<Typed>) {
    arguments.into_iter().map(|value| (value.pretty, value.typed)).unzip()
}
