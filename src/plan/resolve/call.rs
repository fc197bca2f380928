//! Calls by name: operators, functions of the registry, functions of the user.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr as DfExpr;

use super::cast::explicit;
use super::expression::{ExpressionPlace, Expressions, ResolvedValue, texts_and_values};
use super::hidden::is_input_file;
use super::scope::column;
use super::{aggregate, date_arithmetic, generate, grouping, lambda, naming, operators, random, update_fields};
use crate::error::{Error, Result, condition};
use crate::function::Function;
use crate::function::clock::ClockFunction;
use crate::function::row::RowFunction;
use crate::plan::event_time;
use crate::plan::functions::{CallContext, Definition, lookup, missing};
use crate::plan::kernels::nested::{field_at, structure};
use crate::plan::tree::{Call, Expr};
use crate::plan::typed::{Typed, literal};
use crate::types::{sql_name, timestamp};

impl Expressions<'_> {
    pub(super) fn call(&mut self, call: &Call) -> Result<ResolvedValue> {
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
        if let Some(value) = random::call(self, &name, call)? {
            return Ok(value);
        }
        if let Some(value) = update_fields::call(self, &name, call)? {
            return Ok(value);
        }
        if matches!(name.as_str(), "grouping" | "grouping_id") {
            return grouping::grouping(self, &name, &call.arguments);
        }
        match lookup(&name) {
            Some(Definition::Scalar(build)) => {
                let arguments = self.arguments(&call.arguments)?;
                let pretty = self.pretty(call, &arguments);
                let of = arguments.first().and_then(|argument| argument.metadata().cloned());
                let is_struct = |value: &ResolvedValue| matches!(value.typed.data_type, DataType::Struct(_));
                if name == "window_time"
                    && arguments.first().is_some_and(is_struct)
                    && !event_time::is_window(of.as_ref())
                {
                    return Err(Error::of(condition::NO_WINDOW_COLUMN).with("windowExpr", pretty));
                }
                let (texts, arguments) = texts_and_values(arguments);
                // A time window's column has a name of its own.
                let own = matches!(name.as_str(), "window" | "session_window").then(|| name.clone());
                let shown = own.clone().unwrap_or_else(|| pretty.clone());
                let metadata = match name.as_str() {
                    "window" => Some(event_time::of_window(of.as_ref())),
                    "session_window" => Some(event_time::of_session(of.as_ref())),
                    "window_time" => event_time::of_window_time(of.as_ref()),
                    _ => None,
                };
                // Rows that lie in no window are left out.
                let is_window = own.is_some();
                let named = |typed| ResolvedValue { name: own, metadata, ..ResolvedValue::new(typed, shown) };
                let typed = build(&self.call_context(call, &pretty, &texts), arguments)?;
                Ok(named(Typed { nullable: typed.nullable && !is_window, ..typed }))
            }
            Some(Definition::HigherOrder(definition)) => lambda::resolve(self, call, definition),
            Some(Definition::Aggregate(build)) => aggregate::call(self, call, build),
            Some(Definition::Window(_)) => {
                Err(Error::of(condition::WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE).with("funcName", format!("\"{name}()\"")))
            }
            None if generate::is_generator(&name) => {
                let text = format!("{name}(…)");
                if matches!(self.place, ExpressionPlace::Filter | ExpressionPlace::Row | ExpressionPlace::BelowGroup) {
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
        if let Some(negation) = self.negation(call)? {
            return Ok(Some(negation));
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
        let mut pretty = self.pretty(call, &arguments);
        if name == "struct" {
            let mut shown = Vec::new();
            for (value, number) in arguments.into_iter().zip(numbers) {
                let name = value.name.clone().unwrap_or_else(|| format!("col{number}"));
                shown.push(format!("{name}, {}", value.pretty));
                fields.push((name, value.typed));
            }
            // `(a, b)`, which Spark does not show as it is written.
            if call.operator {
                pretty = format!("named_struct({})", shown.join(", "));
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
        let files: Vec<_> = self.hidden.iter().filter(|attribute| is_input_file(attribute)).collect();
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

    /// A call of a Python function, a model or the clock: a column that `FunctionExec` makes.
    pub(super) fn function(&mut self, function: &Arc<dyn Function>, arguments: &[Expr]) -> Result<ResolvedValue> {
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
        Typed { expr: column(id), data_type: field.data_type().clone(), nullable: field.is_nullable() }
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
}

/// In the order of the fields of a file's hidden column.
const INPUT_FILE_FUNCTIONS: [&str; 3] = ["input_file_name", "input_file_block_start", "input_file_block_length"];

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
        "timestamp" => timestamp(),
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
