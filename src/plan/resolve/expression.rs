//! Expressions: names found, types settled, calls taken out.

use std::rc::Rc;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr as DfExpr;

use super::aggregate::Aggregates;
use super::cast::explicit;
use super::lambda::{self, LambdaParameter};
use super::pending::Pending;
use super::scope::Scope;
use super::{Resolver, date_arithmetic, is_using_key, naming, nested, operators, window};
use crate::error::{Error, Result, condition};
use crate::function::Function;
use crate::function::clock::ClockFunction;
use crate::function::row::RowFunction;
use crate::plan::functions::{CallContext, Definition, lookup, missing};
use crate::plan::kernels::nested::{field_at, structure};
use crate::plan::limits::{ExpressionExtent, Nesting};
use crate::plan::tree::{Call, Expr, SubqueryKind};
use crate::plan::typed::Typed;
use crate::plan::typed::literal;
use crate::plan::{AttrId, Attribute};
use crate::runtime::stack;
use crate::types::sql_name;
use crate::types::zone::Zone;

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
    pub extent: ExpressionExtent,
}

impl ResolvedValue {
    pub fn new(typed: Typed, pretty: impl Into<String>) -> Self {
        Self { typed, pretty: pretty.into(), name: None, attribute: None, extent: ExpressionExtent::default() }
    }

    /// What the column is called when nobody names it.
    pub fn output_name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.pretty.clone())
    }
}

/// Where an expression stands, which says what it may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpressionPlace {
    /// A filter, a join condition, a generator's argument: one row at a time.
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

/// Resolves the expressions of one node.
pub struct Expressions<'a> {
    pub resolver: &'a Resolver<'a>,
    pub scope: Scope<'a>,
    /// Attributes that a later operator may still name:
    /// [`Resolved::hidden`](crate::plan::Resolved).
    pub hidden: &'a [Attribute],
    /// Names given earlier in the same select list, or a group's outputs where they may be named.
    pub aliases: Vec<(String, ResolvedValue)>,
    /// Aliases win over attributes: `HAVING` and `ORDER BY` over a group.
    pub aliases_first: bool,
    pub place: ExpressionPlace,
    pub pending: Pending,
    pub aggregates: Option<Aggregates>,
    pub lambdas: Vec<LambdaParameter>,
    pub nesting: Nesting,
    /// Hidden attributes that were named.
    pub used_hidden: Vec<AttrId>,
}

impl<'a> Expressions<'a> {
    pub fn new(resolver: &'a Resolver<'a>, attributes: &'a [Attribute], place: ExpressionPlace) -> Self {
        Self {
            resolver,
            scope: Scope { attributes, names: resolver.conf().name_case() },
            hidden: &[],
            aliases: Vec::new(),
            aliases_first: false,
            place,
            pending: Pending::default(),
            aggregates: None,
            lambdas: Vec::new(),
            nesting: Nesting::default(),
            used_hidden: Vec::new(),
        }
    }

    pub fn value(&mut self, expr: &Expr) -> Result<ResolvedValue> {
        let gauge = Rc::clone(&self.resolver.gauge);
        let (value, extent) = gauge.expression(|| stack::step(|| self.node(expr)))?;
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
            Expr::Subquery { kind, query } => self.subquery(kind, query),
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

    /// An expression that must be boolean.
    pub fn condition(&mut self, expr: &Expr, operation: &str) -> Result<ResolvedValue> {
        let mut value = self.value(expr)?;
        let pretty = value.pretty.clone();
        value.typed = operators::condition(value.typed, self.resolver.conf(), |found| {
            Error::of(condition::FILTER_NOT_BOOLEAN)
                .with("sqlExpr", format!("\"{pretty}\""))
                .with("filter", format!("\"{operation}\""))
                .with("type", format!("\"{}\"", sql_name(found)))
        })?;
        Ok(value)
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
        if may_alias && let Some(value) = self.alias(parts)? {
            return Ok(value);
        }
        let hidden = Scope { attributes: self.hidden, names: self.scope.names };
        if let Some(found) = hidden.find(parts)? {
            self.used_hidden.push(found.attribute.id);
            let written = parts[parts.len() - found.fields.len() - 1].clone();
            let value = attribute_value(&found.attribute, &written);
            return self.fields(value, found.fields);
        }
        if let Some((value, fields)) = self.outer_column(parts)? {
            return self.fields(value, &parts[parts.len() - fields..]);
        }
        // `current_date` and its kin may stand without parentheses.
        if let [name] = parts
            && [
                "current_date",
                "current_timestamp",
                "localtimestamp",
                "current_user",
                "current_time",
                "user",
                "session_user",
            ]
            .contains(&name.to_lowercase().as_str())
        {
            return self.value(&Expr::call(name.to_lowercase(), Vec::new()));
        }
        Err(self.scope.unresolved(parts))
    }

    /// A name that was given in the same select list.
    fn alias(&mut self, parts: &[String]) -> Result<Option<ResolvedValue>> {
        let [name, fields @ ..] = parts else { return Ok(None) };
        let names = self.scope.names;
        let found: Vec<_> = self.aliases.iter().filter(|(alias, _)| names.same(alias, name)).collect();
        match found.as_slice() {
            [] => Ok(None),
            [(_, value)] => {
                self.resolver.gauge.again(value.extent)?;
                let value = ResolvedValue { pretty: name.clone(), name: Some(name.clone()), ..value.clone() };
                self.fields(value, fields).map(Some)
            }
            _ => Err(Error::of(condition::AMBIGUOUS_LATERAL_COLUMN_ALIAS)
                .with("name", format!("`{name}`"))
                .with("n", found.len())),
        }
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
    fn numbered(&mut self, arguments: &[Expr]) -> Result<(Vec<ResolvedValue>, Vec<usize>)> {
        let (mut values, mut numbers) = (Vec::new(), Vec::new());
        for (at, argument) in arguments.iter().enumerate() {
            values.extend(self.arguments(std::slice::from_ref(argument))?);
            numbers.resize(values.len(), at + 1);
        }
        Ok((values, numbers))
    }

    /// The columns that a star stands for; `None` for an expression that is no star.
    pub fn spread(&mut self, expr: &Expr) -> Result<Option<Vec<ResolvedValue>>> {
        let shown = |attribute: &Attribute| attribute_value(attribute, &attribute.name);
        Ok(Some(match expr {
            Expr::Star(qualifier) if self.is_struct(qualifier) => {
                let column = Expr::Column(qualifier.clone());
                let mut values = Vec::new();
                for name in self.struct_fields(&column)? {
                    let field = [qualifier.as_slice(), std::slice::from_ref(&name)].concat();
                    let value = self.value(&Expr::Column(field))?;
                    values.push(ResolvedValue { pretty: format!("{} AS {name}", value.pretty), ..value });
                }
                values
            }
            Expr::Star(qualifier) => self.star(qualifier)?.iter().map(shown).collect(),
            Expr::StarExcept { qualifier, except } => {
                let attributes = self.star(qualifier)?;
                let same = |attribute: &Attribute, name: &str| self.resolver.same(&attribute.name, name);
                for (at, name) in except.iter().enumerate() {
                    if except[..at].contains(name) {
                        return Err(Error::of(condition::EXCEPT_OVERLAPPING_COLUMNS).with("columns", except.join(", ")));
                    }
                    if !attributes.iter().any(|attribute| same(attribute, name)) {
                        return Err(super::scope::unresolved(std::slice::from_ref(name), &attributes));
                    }
                }
                let kept = |attribute: &&Attribute| !except.iter().any(|name| same(attribute, name));
                attributes.iter().filter(kept).map(shown).collect()
            }
            Expr::AllOf(columns) | Expr::Several(columns) => self.arguments(columns)?,
            _ => return Ok(None),
        }))
    }

    /// Whether `s.*` means the fields of a column: a relation of that name goes before it.
    pub fn is_struct(&mut self, qualifier: &[String]) -> bool {
        !qualifier.is_empty()
            && !self.scope.attributes.iter().any(|attribute| self.scope.qualifies(attribute, qualifier))
            && self.struct_fields(&Expr::Column(qualifier.to_vec())).is_ok_and(|fields| !fields.is_empty())
    }

    /// The names of a struct's fields; none where the expression is no struct.
    pub fn struct_fields(&mut self, expr: &Expr) -> Result<Vec<String>> {
        Ok(match self.value(expr)?.typed.data_type {
            DataType::Struct(fields) => fields.iter().map(|field| field.name().clone()).collect(),
            _ => Vec::new(),
        })
    }

    /// The attributes that `*` or `t.*` stands for. `t.*` has the key of a join by names, too, that
    /// only `t.key` names.
    pub fn star(&mut self, qualifier: &[String]) -> Result<Vec<Attribute>> {
        let qualified = |attribute: &&Attribute| self.scope.qualifies(attribute, qualifier);
        let keys = self.hidden.iter().filter(|attribute| !qualifier.is_empty() && is_using_key(attribute));
        let mut found: Vec<_> = keys.filter(qualified).cloned().collect();
        self.used_hidden.extend(found.iter().map(|attribute| attribute.id));
        found.extend(self.scope.attributes.iter().filter(qualified).cloned());
        if found.is_empty() && !qualifier.is_empty() {
            let names: Vec<_> = self.scope.attributes.iter().map(|attribute| attribute.name.clone()).collect();
            return Err(Error::of(condition::CANNOT_RESOLVE_STAR_EXPAND)
                .with("targetString", naming::quoted(qualifier))
                .with("columns", naming::quoted(&names).replace('.', ", ")));
        }
        Ok(found)
    }

    /// `count(*)` as the count of ones; `None` for any other call. `count(t.*)` is an error.
    pub fn counting_rows(&mut self, call: &Call) -> Result<Option<Call>> {
        if call.counts_rows() {
            return Ok(Some(Call { arguments: vec![Expr::Literal(ScalarValue::Int32(Some(1)))], ..call.clone() }));
        }
        if call.name.eq_ignore_ascii_case("count")
            && let [Expr::Star(qualifier)] = call.arguments.as_slice()
            && !qualifier.is_empty()
            && !self.is_struct(qualifier)
        {
            self.star(qualifier)?;
            return Err(Error::of(condition::INVALID_USAGE_OF_STAR_WITH_TABLE_IDENTIFIER_IN_COUNT)
                .with("tableName", naming::quoted(qualifier)));
        }
        Ok(None)
    }

    fn call(&mut self, call: &Call) -> Result<ResolvedValue> {
        let name = call.name.to_lowercase();
        if let Some(ones) = self.counting_rows(call)? {
            return self.call(&ones);
        }
        if name == "unix_timestamp" && call.arguments.is_empty() {
            let clock = Call { arguments: vec![Expr::call("current_timestamp", Vec::new())], ..call.clone() };
            return self.call(&clock);
        }
        if let Some(value) = self.operator(&name, call)? {
            return Ok(value);
        }
        if let Some(clock) = ClockFunction::named(&name, self.resolver.conf().time_zone()) {
            let clock: Arc<dyn Function> = Arc::new(clock?);
            return self.function(&clock, &call.arguments);
        }
        if let Some(to) = cast_function(&name)
            && let [argument] = call.arguments.as_slice()
        {
            // `int(x)` is a cast that is shown as what it casts.
            let value = self.value(argument)?;
            let text = format!("CAST({} AS {})", value.pretty, sql_name(&to));
            let typed = explicit(value.typed, &to, false, self.resolver.conf(), &text)?;
            return Ok(ResolvedValue { name: value.name, ..ResolvedValue::new(typed, value.pretty) });
        }
        if call.arguments.is_empty()
            && let Some(function) = RowFunction::named(&name)
        {
            let function: Arc<dyn Function> = Arc::new(function);
            let pretty = self.pretty(call, &[]);
            return Ok(ResolvedValue { pretty, ..self.function(&function, &[])? });
        }
        if let Some(value) = self.input_file(&name, call)? {
            return Ok(value);
        }
        if let Some(value) = super::random::call(self, &name, call)? {
            return Ok(value);
        }
        if let Some(value) = super::update_fields::call(self, &name, call)? {
            return Ok(value);
        }
        if matches!(name.as_str(), "grouping" | "grouping_id") {
            return super::aggregate::grouping(self, &name, &call.arguments);
        }
        match lookup(&name) {
            Some(Definition::Scalar(build)) => {
                let arguments = self.arguments(&call.arguments)?;
                let pretty = self.pretty(call, &arguments);
                let (texts, arguments) = texts_and_values(arguments);
                // A time window's column has a name of its own.
                let own = matches!(name.as_str(), "window" | "session_window" | "window_time").then(|| name.clone());
                let shown = own.clone().unwrap_or_else(|| pretty.clone());
                let named = |typed| ResolvedValue { name: own, ..ResolvedValue::new(typed, shown) };
                Ok(named(build(&self.call_context(call, &pretty, &texts), arguments)?))
            }
            Some(Definition::HigherOrder(definition)) => lambda::resolve(self, call, definition),
            Some(Definition::Aggregate(build)) => super::aggregate::call(self, call, build),
            Some(Definition::Window(_)) => {
                Err(Error::of(condition::WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE).with("funcName", format!("\"{name}()\"")))
            }
            None if super::generate::is_generator(&name) => {
                let text = format!("{name}(…)");
                if matches!(self.place, ExpressionPlace::Row | ExpressionPlace::BelowGroup) {
                    return Err(Error::of(condition::UNSUPPORTED_GENERATOR_OUTSIDE_SELECT).with("plan", text));
                }
                Err(Error::of(condition::UNSUPPORTED_GENERATOR_NESTED_IN_EXPRESSIONS)
                    .with("expression", format!("\"{text}\"")))
            }
            None => match self.resolver.context.names.function(&call.name) {
                Some(function) => self.function(&function, &call.arguments),
                None => Err(unknown_function(&call.name)),
            },
        }
    }

    /// `input_file_name()` and its kin: the file that the row is read from, where it is being read.
    fn input_file(&mut self, name: &str, call: &Call) -> Result<Option<ResolvedValue>> {
        let Some(index) = INPUT_FILE_FUNCTIONS.iter().position(|known| *known == name) else { return Ok(None) };
        let pretty = self.pretty(call, &[]);
        if !call.arguments.is_empty() {
            return Err(Error::of(condition::WRONG_NUM_ARGS)
                .with("functionName", format!("`{name}`"))
                .with("expectedNum", 0)
                .with("actualNum", call.arguments.len()));
        }
        let files: Vec<_> = self.hidden.iter().filter(|attribute| super::is_input_file(attribute)).collect();
        let typed = match files.as_slice() {
            [] if index == 0 => literal(ScalarValue::Utf8(Some(String::new()))),
            [] => literal(ScalarValue::Int64(Some(-1))),
            [file] => {
                let DataType::Struct(fields) = &file.data_type else { return Err(Error::internal("a file's column")) };
                let field = Arc::clone(&fields[index]);
                self.used_hidden.push(file.id);
                field_at(file.typed(), index, &field)
            }
            _ => {
                return Err(Error::of(condition::MULTI_SOURCES_UNSUPPORTED_FOR_EXPRESSION)
                    .with("expr", format!("\"{pretty}\"")));
            }
        };
        Ok(Some(ResolvedValue::new(typed, pretty)))
    }

    /// What a function's definition may ask about its call.
    pub fn call_context<'c>(&'c self, call: &'c Call, text: &'c str, arguments: &'c [String]) -> CallContext<'c> {
        CallContext {
            name: &call.name,
            conf: self.resolver.conf(),
            distinct: call.distinct,
            ignore_nulls: call.ignore_nulls,
            text,
            arguments,
        }
    }

    pub fn pretty(&self, call: &Call, arguments: &[ResolvedValue]) -> String {
        let texts: Vec<_> = arguments.iter().map(|value| value.pretty.clone()).collect();
        naming::call(&call.name, call.operator, call.distinct, &texts)
    }

    /// What is no function in the registry, because it needs more than typed arguments, or is an
    /// operator.
    fn operator(&mut self, name: &str, call: &Call) -> Result<Option<ResolvedValue>> {
        let known = matches!(
            name,
            "+" | "-"
                | "*"
                | "/"
                | "%"
                | "and"
                | "or"
                | "&&"
                | "not"
                | "!"
                | "="
                | "=="
                | "<=>"
                | "<"
                | "<="
                | ">"
                | ">="
                | "!="
                | "<>"
                | "&"
                | "|"
                | "^"
                | "~"
                | "<<"
                | ">>"
                | ">>>"
                | "shiftleft"
                | "shiftright"
                | "shiftrightunsigned"
                | "in"
                | "between"
                | "struct"
                | "named_struct"
                | "||"
        );
        // Words that are operators, and calls of the registry's functions, which count their
        // arguments.
        let known = known || call.operator && matches!(name, "div" | "isnull" | "isnotnull");
        if let ("not" | "!", [Expr::Subquery { kind: SubqueryKind::In(value), query }]) =
            (name, call.arguments.as_slice())
        {
            return self.is_in(value, query, true).map(Some);
        }
        if matches!(name, "likeany" | "likeall" | "notlikeany" | "notlikeall") && call.operator {
            return self.like_several(name, call).map(Some);
        }
        if !known {
            return Ok(None);
        }
        if matches!(name, "struct" | "named_struct") {
            return self.structure(name, call).map(Some);
        }
        if name == "||" {
            return self.call(&Call { name: "concat".into(), operator: false, ..call.clone() }).map(Some);
        }
        let arguments = self.arguments(&call.arguments)?;
        let mut pretty = self.pretty(call, &arguments);
        if let ("+" | "-", [left, right]) = (name, arguments.as_slice())
            && let Some(text) = date_arithmetic::shown(name, left, right)
        {
            pretty = text;
        }
        let texts: Vec<_> = arguments.iter().map(|value| value.pretty.clone()).collect();
        let conf = self.resolver.conf();
        let mut typed = arguments.into_iter().map(|value| value.typed);
        let arity = texts.len();
        let expected = match name {
            "not" | "!" | "~" | "isnull" | "isnotnull" => 1,
            "between" => 3,
            _ => 2,
        };
        let wrong = || {
            Error::of(condition::WRONG_NUM_ARGS)
                .with("functionName", format!("`{name}`"))
                .with("expectedNum", expected)
                .with("actualNum", arity)
        };
        if arity > expected && name != "in" {
            return Err(wrong());
        }
        let mut next = || typed.next().ok_or_else(wrong);
        let result = match name {
            "-" if arity == 1 => operators::negate(next()?, conf, &pretty)?,
            "+" if arity == 1 => operators::unsigned(next()?, conf, &pretty)?,
            "+" | "-" | "*" | "/" | "%" | "div" => operators::arithmetic(name, next()?, next()?, conf, &pretty)?,
            "and" | "&&" => operators::logic("and", next()?, next()?, conf, &pretty)?,
            "or" => operators::logic("or", next()?, next()?, conf, &pretty)?,
            "not" | "!" => operators::not(next()?, conf, &pretty, &texts[0])?,
            "=" | "==" => operators::compare("=", next()?, next()?, conf, &pretty)?,
            "!=" | "<>" => {
                let inner = format!("({})", texts.join(" = "));
                let equal = operators::compare("=", next()?, next()?, conf, &inner)?;
                operators::not(equal, conf, &pretty, &inner)?
            }
            "<=>" => operators::compare("<=>", next()?, next()?, conf, &pretty)?,
            "<" | "<=" | ">" | ">=" => operators::compare(name, next()?, next()?, conf, &pretty)?,
            "&" | "|" | "^" | "<<" | ">>" | ">>>" => operators::bits(name, next()?, next()?, conf, &pretty)?,
            "shiftleft" => operators::bits("<<", next()?, next()?, conf, &pretty)?,
            "shiftright" => operators::bits(">>", next()?, next()?, conf, &pretty)?,
            "shiftrightunsigned" => operators::bits(">>>", next()?, next()?, conf, &pretty)?,
            "~" => operators::bit_not(next()?, conf, &pretty)?,
            "in" => operators::is_in(typed.by_ref().collect(), conf, &pretty)?,
            "between" => {
                let (value, low, high) = (next()?, next()?, next()?);
                let above = operators::compare(">=", value.clone(), low, conf, &pretty)?;
                let below = operators::compare("<=", value, high, conf, &pretty)?;
                operators::logic("and", above, below, conf, &pretty)?
            }
            "isnull" => operators::is_null(next()?),
            _ => operators::is_not_null(next()?),
        };
        // `a BETWEEN …` from a Column is shown as two comparisons, from SQL as a function.
        Ok(Some(ResolvedValue::new(result, pretty)))
    }

    /// `x LIKE ANY (…)` and its kin.
    fn like_several(&mut self, name: &str, call: &Call) -> Result<ResolvedValue> {
        let mut arguments = self.arguments(&call.arguments)?.into_iter();
        let Some(value) = arguments.next() else { return Err(Error::internal("LIKE without a value")) };
        let pretty = format!("{name}({})", value.pretty);
        let Some(Definition::Scalar(like)) = lookup("like") else { return Err(Error::internal("there is no LIKE")) };
        let conf = self.resolver.conf();
        let logic = if name.ends_with("all") { "and" } else { "or" };
        let mut all = Vec::new();
        for pattern in arguments {
            let texts = [value.pretty.clone(), pattern.pretty];
            let mut matches =
                like(&self.call_context(call, &pretty, &texts), vec![value.typed.clone(), pattern.typed])?;
            if name.starts_with("not") {
                matches = operators::not(matches, conf, &pretty, &pretty)?;
            }
            all.push(matches);
        }
        let typed = operators::joined(logic, all, conf, &pretty)?
            .ok_or_else(|| Error::of(condition::PARSE_SYNTAX_ERROR).with("error", "')'").with("hint", ""))?;
        Ok(ResolvedValue::new(typed, pretty))
    }

    fn structure(&mut self, name: &str, call: &Call) -> Result<ResolvedValue> {
        let mut fields = Vec::new();
        let (arguments, numbers) = self.numbered(&call.arguments)?;
        let pretty = self.pretty(call, &arguments);
        if name == "struct" {
            for (value, number) in arguments.into_iter().zip(numbers) {
                let name = value.name.clone().unwrap_or_else(|| format!("col{number}"));
                fields.push((name, value.typed));
            }
        } else {
            let mut arguments = arguments.into_iter();
            while let Some(name) = arguments.next() {
                let DfExpr::Literal(ScalarValue::Utf8(Some(text)), _) = &name.typed.expr else {
                    return Err(Error::of(condition::CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING)
                        .with("sqlExpr", format!("\"{pretty}\""))
                        .with("inputExprs", format!("[\"{}\"]", name.pretty)));
                };
                let Some(value) = arguments.next() else {
                    return Err(Error::of(condition::WRONG_NUM_ARGS)
                        .with("functionName", "`named_struct`")
                        .with("expectedNum", "2n (n > 0)")
                        .with("actualNum", call.arguments.len()));
                };
                fields.push((text.clone(), value.typed));
            }
        }
        Ok(ResolvedValue::new(structure(fields), pretty))
    }

    /// A call of a Python function, a model or the clock: a column that `FunctionExec` makes.
    fn function(&mut self, function: &Arc<dyn Function>, arguments: &[Expr]) -> Result<ResolvedValue> {
        if !self.lambdas.is_empty() {
            return Err(Error::of(condition::UNSUPPORTED_LAMBDA_WITH_PYTHON_UDF)
                .with("funcName", format!("\"{}\"", function.name())));
        }
        let arguments = self.arguments(arguments)?;
        let pretty = format!(
            "{}({})",
            function.name(),
            arguments.iter().map(|value| value.pretty.clone()).collect::<Vec<_>>().join(", ")
        );
        let fields: Vec<_> = arguments
            .iter()
            .map(|value| {
                let metadata = value.attribute.as_ref().map(|attribute| attribute.metadata.clone()).unwrap_or_default();
                Arc::new(
                    Field::new(value.output_name(), value.typed.data_type.clone(), value.typed.nullable)
                        .with_metadata(metadata),
                )
            })
            .collect();
        let field = function.output(&fields)?;
        let expressions = arguments.into_iter().map(|value| value.typed.expr).collect();
        Ok(ResolvedValue::new(self.taken_out(function, expressions, field), pretty))
    }

    /// The column of a call, which is made below the operator.
    pub fn taken_out(&mut self, function: &Arc<dyn Function>, expressions: Vec<DfExpr>, field: FieldRef) -> Typed {
        let below = self.place == ExpressionPlace::BelowGroup;
        let id = match &mut self.aggregates {
            Some(aggregates) if below => aggregates.below.call(function, expressions, Arc::clone(&field)),
            aggregates => {
                // `SELECT f(x) … GROUP BY f(x)` means the key's own call.
                let key =
                    aggregates.as_ref().and_then(|aggregates| aggregates.below.equal_call(function, &expressions));
                key.unwrap_or_else(|| self.pending.call(function, expressions, Arc::clone(&field)))
            }
        };
        Typed { expr: super::scope::column(id), data_type: field.data_type().clone(), nullable: field.is_nullable() }
    }
}

/// In the order of the fields of a file's hidden column.
const INPUT_FILE_FUNCTIONS: [&str; 3] = ["input_file_name", "input_file_block_start", "input_file_block_length"];

/// An attribute as it was written.
pub fn attribute_value(attribute: &Attribute, written: &str) -> ResolvedValue {
    ResolvedValue {
        name: Some(written.to_owned()),
        attribute: Some(attribute.clone()),
        ..ResolvedValue::new(attribute.typed(), written)
    }
}

/// The type that a function of its name casts to.
fn cast_function(name: &str) -> Option<DataType> {
    Some(match name {
        "boolean" => DataType::Boolean,
        "tinyint" => DataType::Int8,
        "smallint" => DataType::Int16,
        "int" => DataType::Int32,
        "bigint" => DataType::Int64,
        "float" => DataType::Float32,
        "double" => DataType::Float64,
        "decimal" => DataType::Decimal128(10, 0),
        "date" => DataType::Date32,
        "timestamp" => crate::types::timestamp(),
        "string" => DataType::Utf8,
        "binary" => DataType::Binary,
        _ => return None,
    })
}

/// The error for a name that is no function here, or none in Spark either.
pub fn unknown_function(name: &str) -> Error {
    missing(name).unwrap_or_else(|| {
        Error::of(condition::UNRESOLVED_ROUTINE)
            .with("routineName", format!("`{name}`"))
            .with("searchPath", "[`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`]")
    })
}

/// The error for a star where one value must stand.
pub fn misplaced_star(place: &str) -> Error {
    Error::of(condition::INVALID_USAGE_OF_STAR).with("elem", "'*'").with("prettyName", place)
}

/// What errors show of arguments, and the arguments.
pub fn texts_and_values(arguments: Vec<ResolvedValue>) -> (Vec<String>, Vec<Typed>) {
    arguments.into_iter().map(|value| (value.pretty, value.typed)).unzip()
}
