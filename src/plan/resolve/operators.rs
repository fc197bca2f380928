//! Spark's operators over typed expressions: arithmetic that checks, comparisons that know NaN,
//! logic with three values.

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::{BinaryExpr, Case, InList};
use datafusion::logical_expr::{Expr, Operator};

use super::cast::{cast, mode};
use super::coerce::{common_of, comparable, decimal_of, is_float, is_integral, is_numeric, structural};
use super::{date_arithmetic, decimals};
use crate::config::Conf;
use crate::error::{Error, Result, condition};
use crate::plan::kernels;
use crate::plan::kernels::arithmetic::{divide, floating, integral};
use crate::plan::kernels::normalize::normalized;
use crate::plan::kernels::{Kernel, is_fallible};
use crate::plan::typed::{Typed, literal};
use crate::types::parse::EvalMode;
use crate::types::sql_name;

/// `left symbol right` for `+ - * / % div pmod` with the session's mode. `text` is the whole
/// expression, for errors.
pub fn arithmetic(symbol: &str, left: Typed, right: Typed, conf: &Conf, text: &str) -> Result<Typed> {
    arithmetic_as(symbol, left, right, mode(conf), conf, text)
}

/// [`arithmetic`] with a mode of its own: `try_add` and its kin.
pub fn arithmetic_as(
    symbol: &str,
    left: Typed,
    right: Typed,
    mode: EvalMode,
    conf: &Conf,
    text: &str,
) -> Result<Typed> {
    if let Some(found) = date_arithmetic::arithmetic(symbol, &left, &right, mode, conf)? {
        return Ok(found);
    }
    let (left, right) = numbers(left, right, conf, symbol, text)?;
    match symbol {
        "/" if !matches!(left.data_type, DataType::Decimal128(..)) => {
            let (left, right) = (cast(left, &DataType::Float64, conf)?, cast(right, &DataType::Float64, conf)?);
            Ok(divide(left, right, mode))
        }
        "div" if is_integral(&left.data_type) => {
            let (left, right) = (cast(left, &DataType::Int64, conf)?, cast(right, &DataType::Int64, conf)?);
            Ok(integral("div", left, right, mode))
        }
        "div" if is_float(&left.data_type) => Err(wrong_type(
            text,
            "(\"BIGINT\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\")",
            &left.data_type,
        )),
        _ if matches!(left.data_type, DataType::Decimal128(..)) => {
            decimals::arithmetic(symbol, left, right, mode, conf)
        }
        _ if is_integral(&left.data_type) => Ok(integral(symbol, left, right, mode)),
        _ => Ok(floating(symbol, left, right, mode)),
    }
}

/// Two numbers of one type, or two decimals of their own precisions.
fn numbers(left: Typed, right: Typed, conf: &Conf, symbol: &str, text: &str) -> Result<(Typed, Typed)> {
    let double = DataType::Float64;
    let ansi = conf.ansi();
    let target = match (&left.data_type, &right.data_type) {
        (DataType::Null, DataType::Null) => {
            if symbol == "/" {
                double
            } else {
                DataType::Int32
            }
        }
        (l, r) if (is_numeric(l) || *l == DataType::Null) && (is_numeric(r) || *r == DataType::Null) => match (l, r) {
            (DataType::Decimal128(..), r) if !is_float(r) => return Ok((left.clone(), as_decimal(right, conf)?)),
            (l, DataType::Decimal128(..)) if !is_float(l) => return Ok((as_decimal(left, conf)?, right)),
            (l, r) => comparable(l, r, ansi).unwrap_or(double),
        },
        (DataType::Utf8, DataType::Utf8) if ansi => {
            let wanted = match symbol {
                "/" => "(\"DOUBLE\" or \"DECIMAL\")",
                "%" | "pmod" => "\"NUMERIC\"",
                "div" => "(\"BIGINT\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\")",
                _ => "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")",
            };
            return Err(wrong_type(text, wanted, &DataType::Utf8));
        }
        (DataType::Utf8, r) if is_numeric(r) || *r == DataType::Utf8 || *r == DataType::Null => text_as_number(r, ansi),
        (l, DataType::Utf8) if is_numeric(l) || *l == DataType::Null => text_as_number(l, ansi),
        (l, r) if l == r => {
            return Err(wrong_type(
                text,
                "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")",
                l,
            ));
        }
        (l, r) => return Err(different_types(text, l, r)),
    };
    Ok((cast(left, &target, conf)?, cast(right, &target, conf)?))
}

fn text_as_number(beside: &DataType, ansi: bool) -> DataType {
    if ansi && is_integral(beside) { DataType::Int64 } else { DataType::Float64 }
}

/// A whole number beside a decimal: as few digits as a constant has, else as many as its type can.
fn as_decimal(value: Typed, conf: &Conf) -> Result<Typed> {
    if matches!(value.data_type, DataType::Decimal128(..)) {
        return Ok(value);
    }
    let digits = match &value.expr {
        Expr::Literal(constant, _) if is_integral(&value.data_type) && !constant.is_null() => {
            let text = constant.to_string();
            u8::try_from(text.trim_start_matches('-').len()).ok()
        }
        _ => None,
    };
    let (precision, scale) = match digits {
        Some(digits) => (digits, 0),
        None => decimal_of(&value.data_type).unwrap_or((10, 0)),
    };
    cast(value, &DataType::Decimal128(precision, scale), conf)
}

/// Spark's error for operands of types that do not meet.
pub fn different_types(text: &str, left: &DataType, right: &DataType) -> Error {
    Error::of(condition::BINARY_OP_DIFF_TYPES)
        .with("sqlExpr", format!("\"{text}\""))
        .with("left", format!("\"{}\"", sql_name(left)))
        .with("right", format!("\"{}\"", sql_name(right)))
}

/// Spark's error for two operands of one type that the operator does not take.
pub fn wrong_type(text: &str, wanted: &str, found: &DataType) -> Error {
    Error::of(condition::BINARY_OP_WRONG_TYPE)
        .with("sqlExpr", format!("\"{text}\""))
        .with("inputType", wanted)
        .with("actualDataType", format!("\"{}\"", sql_name(found)))
}

/// Spark's error for an argument of a type that is not the one required.
pub fn unexpected_type(text: &str, position: &str, required: &str, argument: &str, found: &DataType) -> Error {
    Error::of(condition::UNEXPECTED_INPUT_TYPE)
        .with("sqlExpr", format!("\"{text}\""))
        .with("paramIndex", position)
        .with("requiredType", required)
        .with("inputSql", format!("\"{argument}\""))
        .with("inputType", format!("\"{}\"", sql_name(found)))
}

/// `+x`.
pub fn unsigned(value: Typed, conf: &Conf, text: &str) -> Result<Typed> {
    match &value.data_type {
        DataType::Utf8 | DataType::Null => cast(value, &DataType::Float64, conf),
        data_type if is_numeric(data_type) || date_arithmetic::is_interval(data_type) => Ok(value),
        other => Err(unexpected_type(
            text,
            "first",
            "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")",
            text,
            other,
        )),
    }
}

/// `-x`.
pub fn negate(value: Typed, conf: &Conf, text: &str) -> Result<Typed> {
    let value = unsigned(value, conf, text)?;
    if let Expr::Literal(constant, _) = &value.expr
        && let Ok(negated) = constant.arithmetic_negate()
    {
        return Ok(literal(negated));
    }
    Ok(kernels::arithmetic::negate(value, mode(conf)))
}

/// `& | ^` and shifts.
pub fn bits(symbol: &str, left: Typed, right: Typed, conf: &Conf, text: &str) -> Result<Typed> {
    let shift = matches!(symbol, "<<" | ">>" | ">>>");
    if (!is_integral(&left.data_type) && left.data_type != DataType::Null)
        || (!is_integral(&right.data_type) && right.data_type != DataType::Null)
    {
        let found = if is_integral(&left.data_type) { &right.data_type } else { &left.data_type };
        return Err(if left.data_type == right.data_type {
            wrong_type(text, "\"INTEGRAL\"", found)
        } else {
            different_types(text, &left.data_type, &right.data_type)
        });
    }
    let wide = |data_type: &DataType| if *data_type == DataType::Int64 { DataType::Int64 } else { DataType::Int32 };
    let (left, right) = if shift {
        let target = wide(&left.data_type);
        (cast(left, &target, conf)?, cast(cast(right, &DataType::Int32, conf)?, &target, conf)?)
    } else {
        let target = common_of([&left.data_type, &right.data_type], true)
            .filter(|t| *t != DataType::Null)
            .unwrap_or(DataType::Int32);
        (cast(left, &target, conf)?, cast(right, &target, conf)?)
    };
    Ok(kernels::bits::bits(symbol, left, right))
}

/// `~x`.
pub fn bit_not(value: Typed, conf: &Conf, text: &str) -> Result<Typed> {
    let value = if value.data_type == DataType::Null { cast(value, &DataType::Int32, conf)? } else { value };
    let minus_one = match &value.data_type {
        DataType::Int8 => ScalarValue::Int8(Some(-1)),
        DataType::Int16 => ScalarValue::Int16(Some(-1)),
        DataType::Int32 => ScalarValue::Int32(Some(-1)),
        DataType::Int64 => ScalarValue::Int64(Some(-1)),
        other => return Err(unexpected_type(text, "first", "\"INTEGRAL\"", text, other)),
    };
    bits("^", value, literal(minus_one), conf, text)
}

/// `= <=> < <= > >=`; floats compare with NaN equal to itself and above all else, and -0.0 equal to
/// 0.0.
pub fn compare(symbol: &str, left: Typed, right: Typed, conf: &Conf, text: &str) -> Result<Typed> {
    let Some(target) = comparable(&left.data_type, &right.data_type, conf.ansi()) else {
        return Err(different_types(text, &left.data_type, &right.data_type));
    };
    if holds_map(&target) {
        return Err(unordered(text, symbol, &target));
    }
    let target = if target == DataType::Null { DataType::Boolean } else { target };
    let nullable = symbol != "<=>" && (left.nullable || right.nullable);
    let left = normalized(cast(left, &target, conf)?);
    let right = normalized(cast(right, &target, conf)?);
    let operator = match symbol {
        "=" => Operator::Eq,
        "<=>" => Operator::IsNotDistinctFrom,
        "<" => Operator::Lt,
        "<=" => Operator::LtEq,
        ">" => Operator::Gt,
        _ => Operator::GtEq,
    };
    let expr = Expr::BinaryExpr(BinaryExpr::new(Box::new(left.expr), operator, Box::new(right.expr)));
    Ok(Typed { expr, data_type: DataType::Boolean, nullable })
}

/// Spark's error for a type whose values have no order.
pub fn unordered(text: &str, function: &str, data_type: &DataType) -> Error {
    Error::of(condition::INVALID_ORDERING_TYPE)
        .with("sqlExpr", format!("\"{text}\""))
        .with("functionName", format!("`{function}`"))
        .with("dataType", format!("\"{}\"", sql_name(data_type)))
}

/// Whether a type is or holds a map, which Spark does not compare, order or group by.
pub fn holds_map(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(..) => true,
        DataType::List(element) => holds_map(element.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| holds_map(field.data_type())),
        _ => false,
    }
}

/// Whether Spark has an order for the type's values.
pub fn is_orderable(data_type: &DataType) -> bool {
    use arrow::datatypes::IntervalUnit;
    match data_type {
        DataType::Map(..) | DataType::Interval(IntervalUnit::MonthDayNano) => false,
        DataType::List(element) => is_orderable(element.data_type()),
        DataType::Struct(fields) => fields.iter().all(|field| is_orderable(field.data_type())),
        _ => true,
    }
}

/// A condition: void becomes a null boolean; anything else that is not boolean is an error.
pub fn condition(value: Typed, conf: &Conf, wrong: impl FnOnce(&DataType) -> Error) -> Result<Typed> {
    match &value.data_type {
        DataType::Boolean => Ok(value),
        DataType::Null => cast(value, &DataType::Boolean, conf),
        other => Err(wrong(other)),
    }
}

/// `AND` and `OR`. Spark looks at the right side only where the left does not decide; so do we when
/// the right side can raise. That takes a CASE with one side in it twice: the smaller one, so that
/// a chain of many grows by its terms, whichever side it grows on.
pub fn logic(symbol: &str, left: Typed, right: Typed, conf: &Conf, text: &str) -> Result<Typed> {
    if left.data_type != right.data_type
        && left.data_type != DataType::Null
        && right.data_type != DataType::Null
        && !(left.data_type == DataType::Utf8 || right.data_type == DataType::Utf8)
    {
        return Err(different_types(text, &left.data_type, &right.data_type));
    }
    let side = |value: Typed| {
        let value = if value.data_type == DataType::Utf8 { cast(value, &DataType::Boolean, conf)? } else { value };
        condition(value, conf, |found| wrong_type(text, "\"BOOLEAN\"", found))
    };
    let (left, right) = (side(left)?, side(right)?);
    let nullable = left.nullable || right.nullable;
    let (operator, decided) = if symbol == "and" { (Operator::And, false) } else { (Operator::Or, true) };
    let constant = |value| Box::new(Expr::Literal(ScalarValue::Boolean(value), None));
    let with = |left: Box<Expr>, right: Box<Expr>| Expr::BinaryExpr(BinaryExpr::new(left, operator, right));
    let (left, right) = (Box::new(left.expr), Box::new(right.expr));
    if !can_raise(&right) {
        return Ok(Typed { expr: with(left, right), data_type: DataType::Boolean, nullable });
    }
    let (operand, branches, otherwise) = if size(&left) < size(&right) {
        let decides = if decided { Expr::IsTrue(left.clone()) } else { Expr::IsFalse(left.clone()) };
        (None, vec![(Box::new(decides), constant(Some(decided)))], with(left, right))
    } else {
        let branches =
            vec![(constant(Some(decided)), constant(Some(decided))), (constant(Some(!decided)), right.clone())];
        (Some(left), branches, with(constant(None), right))
    };
    Ok(lazy_case(operand, branches, Some(Box::new(otherwise)), DataType::Boolean, nullable))
}

/// How many nodes there are.
fn size(expr: &Expr) -> usize {
    let mut nodes = 0;
    let _ = expr.apply(|_| {
        nodes += 1;
        Ok(TreeNodeRecursion::Continue)
    });
    nodes
}

/// Terms joined by `AND` or `OR`, none of them looked at where one before it decides: where one can
/// raise, from the right, others by halves, since a program may write thousands.
pub fn joined(symbol: &str, mut terms: Vec<Typed>, conf: &Conf, text: &str) -> Result<Option<Typed>> {
    if terms.iter().skip(1).any(|term| can_raise(&term.expr)) {
        let mut terms = terms.into_iter().rev();
        let Some(last) = terms.next() else { return Ok(None) };
        return terms.try_fold(last, |rest, term| logic(symbol, term, rest, conf, text)).map(Some);
    }
    while terms.len() > 1 {
        let (mut halved, mut left) = (Vec::with_capacity(terms.len().div_ceil(2)), terms.into_iter());
        while let Some(term) = left.next() {
            halved.push(match left.next() {
                Some(next) => logic(symbol, term, next, conf, text)?,
                None => term,
            });
        }
        terms = halved;
    }
    Ok(terms.pop())
}

/// A CASE that stays one: DataFusion rewrites a boolean CASE to AND and OR, which look at rows that
/// the CASE left out. Behind a kernel on each branch it cannot.
fn lazy_case(
    operand: Option<Box<Expr>>,
    branches: Vec<(Box<Expr>, Box<Expr>)>,
    otherwise: Option<Box<Expr>>,
    data_type: DataType,
    nullable: bool,
) -> Typed {
    let values = branches.iter().map(|(_, value)| value.as_ref()).chain(otherwise.as_deref());
    if data_type != DataType::Boolean || !values.clone().any(can_raise) {
        return Typed { expr: Expr::Case(Case::new(operand, branches, otherwise)), data_type, nullable };
    }
    let hide = |value: Box<Expr>| {
        let value = Typed { expr: *value, data_type: DataType::Boolean, nullable: true };
        Box::new(convert_boolean("hide_boolean", DataType::Int8, value).expr)
    };
    let branches = branches.into_iter().map(|(condition, value)| (condition, hide(value))).collect();
    let case = Expr::Case(Case::new(operand, branches, otherwise.map(hide)));
    let shown = Typed { expr: case, data_type: DataType::Int8, nullable };
    convert_boolean("show_boolean", DataType::Boolean, shown)
}

fn convert_boolean(name: &str, to: DataType, value: Typed) -> Typed {
    let (target, nullable) = (to.clone(), value.nullable);
    Kernel::arrays(name, to, nullable, move |arrays| Ok(arrow::compute::cast(&arrays[0], &target)?))
        .infallible()
        .call(vec![value])
}

/// Whether evaluating an expression on a row can raise.
pub fn can_raise(expr: &Expr) -> bool {
    expr.exists(|node| Ok(matches!(node, Expr::ScalarFunction(function) if is_fallible(&function.func))))
        .unwrap_or(true)
}

/// `NOT x`.
pub fn not(value: Typed, conf: &Conf, text: &str, argument: &str) -> Result<Typed> {
    let value = if value.data_type == DataType::Utf8 { cast(value, &DataType::Boolean, conf)? } else { value };
    let value = condition(value, conf, |found| unexpected_type(text, "first", "\"BOOLEAN\"", argument, found))?;
    Ok(Typed { expr: Expr::Not(Box::new(value.expr)), data_type: DataType::Boolean, nullable: value.nullable })
}

/// `value IN (a, b, …)`.
pub fn is_in(mut values: Vec<Typed>, conf: &Conf, text: &str) -> Result<Typed> {
    let types: Vec<_> = values.iter().map(|value| value.data_type.clone()).collect();
    let ansi = conf.ansi();
    let (first, others) = (types.first().unwrap_or(&DataType::Null), types.iter().skip(1));
    let Some(target) = others.clone().try_fold(first.clone(), |found, next| structural(&found, next, ansi)) else {
        let names: Vec<_> = types.iter().map(|data_type| format!("\"{}\"", sql_name(data_type))).collect();
        return Err(Error::of(condition::DATA_DIFF_TYPES)
            .with("sqlExpr", format!("\"{text}\""))
            .with("functionName", "`in`")
            .with("dataType", format!("[{}]", names.join(", "))));
    };
    let target = if target == DataType::Null { DataType::Boolean } else { target };
    if holds_map(&target) {
        return Err(unordered(text, "in", &target));
    }
    let nullable = values.iter().any(|value| value.nullable);
    let first = normalized(cast(values.remove(0), &target, conf)?);
    let list: Result<Vec<_>> =
        values.into_iter().map(|value| Ok(normalized(cast(value, &target, conf)?).expr)).collect();
    let expr = Expr::InList(InList::new(Box::new(first.expr), list?, false));
    Ok(Typed { expr, data_type: DataType::Boolean, nullable })
}

/// `x IS NULL`.
pub fn is_null(value: Typed) -> Typed {
    if value.data_type == DataType::Null {
        return literal(ScalarValue::Boolean(Some(true)));
    }
    Typed { expr: Expr::IsNull(Box::new(value.expr)), data_type: DataType::Boolean, nullable: false }
}

/// `x IS NOT NULL`.
pub fn is_not_null(value: Typed) -> Typed {
    if value.data_type == DataType::Null {
        return literal(ScalarValue::Boolean(Some(false)));
    }
    Typed { expr: Expr::IsNotNull(Box::new(value.expr)), data_type: DataType::Boolean, nullable: false }
}

/// `CASE WHEN c THEN v … ELSE e END`; branches are looked at in order, and only as far as needed.
pub fn case(branches: Vec<(Typed, Typed)>, otherwise: Option<Typed>, conf: &Conf, text: &str) -> Result<Typed> {
    let types: Vec<_> = branches
        .iter()
        .map(|(_, value)| &value.data_type)
        .chain(otherwise.iter().map(|value| &value.data_type))
        .collect();
    let target = common_of(types.iter().copied(), conf.ansi()).ok_or_else(|| {
        let names: Vec<_> = types.iter().map(|data_type| format!("\"{}\"", sql_name(data_type))).collect();
        Error::of(condition::DATA_DIFF_TYPES)
            .with("sqlExpr", format!("\"{text}\""))
            .with("functionName", "`casewhen`")
            .with("dataType", format!("[{}]", names.join(", ")))
    })?;
    let nullable =
        otherwise.as_ref().is_none_or(|value| value.nullable) || branches.iter().any(|(_, value)| value.nullable);
    let branches: Result<Vec<_>> = branches
        .into_iter()
        .map(|(condition, value)| Ok((Box::new(condition.expr), Box::new(cast(value, &target, conf)?.expr))))
        .collect();
    let otherwise = otherwise.map(|value| cast(value, &target, conf)).transpose()?.map(|value| Box::new(value.expr));
    Ok(lazy_case(None, branches?, otherwise, target, nullable))
}
