//! The handle behind `Column`: an expression as it was written, built by generic constructors.

use std::mem;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use pyo3::prelude::*;
use pyo3::types::PyList;

use super::column_text;
use super::error::raise;
use super::literal::operand;
use super::types::type_of;
use crate::error::Error;
use crate::plan::limits::ExpressionExtent;
use crate::plan::tree::{self, Call, FrameBound, FrameSpec, WindowSpec};
use crate::runtime::stack;

/// An unresolved expression. Immutable: every method makes a new one. Operands are `Expr`,
/// `Column`, or values, which are literals.
#[pyclass(frozen, name = "Expr", module = "firesteel._native")]
pub struct ExprHandle {
    expr: tree::Expr,
    extent: ExpressionExtent,
}

impl Drop for ExprHandle {
    fn drop(&mut self) {
        if self.extent.is_deep() {
            let deep = mem::replace(&mut self.expr, tree::Expr::Star(Vec::new()));
            stack::walk(true, || drop(deep));
        }
    }
}

impl ExprHandle {
    /// A handle of an expression, or the error for one that is too deep or too large.
    pub fn of(py: Python<'_>, expr: tree::Expr) -> PyResult<Self> {
        let extent = expr.extent();
        Self::measured(py, expr, extent)
    }

    fn measured(py: Python<'_>, expr: tree::Expr, extent: ExpressionExtent) -> PyResult<Self> {
        match extent.checked() {
            Ok(extent) => Ok(Self { expr, extent }),
            Err(error) => {
                stack::walk(true, || drop(expr));
                Err(raise(py, &error))
            }
        }
    }

    /// A copy of the expression.
    pub fn expr(&self) -> tree::Expr {
        stack::walk(self.extent.is_deep(), || self.expr.clone())
    }
}

/// Whether the expression of a SQL text may be deep: each thing in another takes a character.
pub fn may_be_deep(text: &str) -> bool {
    text.len() > 100
}

/// The operands of a list.
pub fn operands(values: &Bound<'_, PyList>) -> PyResult<Vec<tree::Expr>> {
    values.iter().map(|value| operand(&value)).collect()
}

#[pymethods]
impl ExprHandle {
    /// A column by name: dots part it, backquotes keep it whole, `*` and `t.*` stand for all.
    #[staticmethod]
    fn column(py: Python<'_>, name: &str) -> PyResult<Self> {
        if name == "*" {
            return Self::of(py, tree::Expr::Star(Vec::new()));
        }
        let (body, star) = match name.strip_suffix(".*") {
            Some(qualifier) => (qualifier, true),
            None => (name, false),
        };
        let parts = name_parts(body).ok_or_else(|| {
            raise(py, &Error::of(crate::error::condition::INVALID_ATTRIBUTE_NAME_SYNTAX).with("name", name))
        })?;
        Self::of(py, if star { tree::Expr::Star(parts) } else { tree::Expr::Column(parts) })
    }

    /// The expression of a SQL text, times in UTC: for code that has no session yet.
    #[staticmethod]
    fn sql(py: Python<'_>, text: &str) -> PyResult<Self> {
        let zone = crate::types::zone::Zone::of("UTC").map_err(|error| raise(py, &error))?;
        Self::of(
            py,
            super::door::quick_over(py, may_be_deep(text), || crate::plan::sql::Sql { zone }.expression(text))?,
        )
    }

    /// The literal of a Python value; an `Expr` or a `Column` stays as it is.
    #[staticmethod]
    fn literal(value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::of(value.py(), operand(value)?)
    }

    /// A call by Spark's name.
    #[staticmethod]
    #[pyo3(signature = (name, arguments, distinct=false, ignore_nulls=false))]
    fn call(name: String, arguments: &Bound<'_, PyList>, distinct: bool, ignore_nulls: bool) -> PyResult<Self> {
        let py = arguments.py();
        let arguments = operands(arguments)?;
        let (filter, within_group) = (None, Vec::new());
        let call = Call { name, arguments, distinct, filter, within_group, ignore_nulls, operator: false };
        Self::of(py, tree::Expr::Call(call))
    }

    /// An operator by its symbol.
    #[staticmethod]
    fn operator(symbol: &str, arguments: &Bound<'_, PyList>) -> PyResult<Self> {
        Self::of(arguments.py(), tree::Expr::operator(symbol, operands(arguments)?))
    }

    /// `CASE WHEN … END` from pairs of condition and value.
    #[staticmethod]
    fn case(py: Python<'_>, branches: Vec<(Bound<'_, PyAny>, Bound<'_, PyAny>)>) -> PyResult<Self> {
        let branches: PyResult<Vec<_>> =
            branches.iter().map(|(when, then)| Ok(Arc::new((operand(when)?, operand(then)?)))).collect();
        Self::of(py, tree::Expr::Case { operand: None, branches: branches?, otherwise: None })
    }

    /// One more branch; `None` where this is not an open `CASE`.
    fn when(&self, condition: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let tree::Expr::Case { operand: None, branches, otherwise: None } = &self.expr else { return Ok(None) };
        let mut branches = branches.clone();
        let branch = (operand(condition)?, operand(value)?);
        // The other branches are measured already, and there may be thousands of them.
        let added = branch.0.extent().with(branch.1.extent());
        let extent = self.extent.with(ExpressionExtent { depth: added.depth + 1, ..added });
        branches.push(Arc::new(branch));
        let case = tree::Expr::Case { operand: None, branches, otherwise: None };
        Self::measured(value.py(), case, extent).map(Some)
    }

    /// The last branch; `None` where this is not an open `CASE`.
    fn otherwise(&self, value: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let tree::Expr::Case { operand: None, branches, otherwise: None } = &self.expr else { return Ok(None) };
        let otherwise = Some(Box::new(operand(value)?));
        Self::of(value.py(), tree::Expr::Case { operand: None, branches: branches.clone(), otherwise }).map(Some)
    }

    /// A lambda; its body names its parameters with `lambda_variable`.
    #[staticmethod]
    fn function(parameters: Vec<String>, body: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::of(body.py(), tree::Expr::Lambda { parameters, body: Box::new(operand(body)?) })
    }

    #[staticmethod]
    fn lambda_variable(py: Python<'_>, name: String) -> PyResult<Self> {
        Self::of(py, tree::Expr::LambdaVariable(name))
    }

    #[pyo3(signature = (names, metadata=None))]
    fn alias(&self, py: Python<'_>, names: Vec<String>, metadata: Option<String>) -> PyResult<Self> {
        Self::of(py, tree::Expr::Alias { input: Box::new(self.expr()), names, metadata })
    }

    /// A cast; the type is DDL or Spark's JSON.
    #[pyo3(signature = (to, try_cast=false))]
    fn cast(&self, py: Python<'_>, to: &str, try_cast: bool) -> PyResult<Self> {
        let to: DataType = type_of(py, to)?;
        Self::of(py, tree::Expr::Cast { input: Box::new(self.expr()), to, try_cast })
    }

    /// The struct with the field at a path, e.g. `a.b`, set to a value, or left out where there is
    /// none.
    #[pyo3(signature = (path, value=None))]
    fn update_field(&self, py: Python<'_>, path: &str, value: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let parts = name_parts(path).unwrap_or_else(|| vec![path.to_owned()]);
        let mut arguments = vec![self.expr()];
        arguments.extend(parts.into_iter().map(|part| tree::Expr::Literal(ScalarValue::Utf8(Some(part)))));
        let Some(value) = value else { return Self::of(py, tree::Expr::call("firesteel_drop_field", arguments)) };
        arguments.push(operand(value)?);
        Self::of(py, tree::Expr::call("firesteel_update_field", arguments))
    }

    /// `x[key]`.
    fn extract(&self, key: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::of(key.py(), tree::Expr::Extract { input: Box::new(self.expr()), key: Box::new(operand(key)?) })
    }

    #[pyo3(signature = (ascending, nulls_first=None))]
    fn sort(&self, py: Python<'_>, ascending: bool, nulls_first: Option<bool>) -> PyResult<Self> {
        Self::of(py, tree::Expr::Sort { input: Box::new(self.expr()), ascending, nulls_first })
    }

    /// `f OVER (…)`. `frame` is `(rows, start, end)`: `None` is unbounded, 0 the current row, a
    /// number an offset.
    fn over(
        &self,
        partition_by: &Bound<'_, PyList>,
        order_by: &Bound<'_, PyList>,
        frame: Option<(bool, Option<i64>, Option<i64>)>,
    ) -> PyResult<Self> {
        let frame = frame.map(|(rows, start, end)| FrameSpec {
            rows,
            start: start.map_or(FrameBound::UnboundedPreceding, bound),
            end: end.map_or(FrameBound::UnboundedFollowing, bound),
        });
        let spec =
            WindowSpec { named: None, partition_by: operands(partition_by)?, order_by: operands(order_by)?, frame };
        let window = tree::Expr::Window { function: Box::new(self.expr()), spec: Box::new(spec) };
        Self::of(order_by.py(), window)
    }

    /// The dotted name of a plain column, else `None`.
    fn name(&self) -> Option<String> {
        match &self.expr {
            tree::Expr::Column(parts) => Some(parts.join(".")),
            tree::Expr::Attribute(_, name) => Some(name.clone()),
            _ => None,
        }
    }

    /// Whether this is an order already, `x DESC`.
    fn is_sort(&self) -> bool {
        matches!(self.expr, tree::Expr::Sort { .. })
    }

    fn __repr__(&self) -> String {
        stack::walk(self.extent.is_deep(), || column_text::text(&self.expr))
    }
}

fn bound(offset: i64) -> FrameBound {
    match offset {
        0 => FrameBound::CurrentRow,
        offset => {
            FrameBound::Offset(Box::new(tree::Expr::Literal(datafusion::common::ScalarValue::Int64(Some(offset)))))
        }
    }
}

/// The parts of a dotted name; `None` where a backquote is out of place.
pub fn name_parts(name: &str) -> Option<Vec<String>> {
    let (mut parts, mut part, mut quoted, mut closed) = (Vec::new(), String::new(), false, false);
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quoted) {
            ('`', true) if chars.peek() == Some(&'`') => {
                chars.next();
                part.push('`');
            }
            ('`', true) => (quoted, closed) = (false, true),
            ('`', false) if part.is_empty() && !closed => quoted = true,
            ('`', false) => return None,
            ('.', false) => {
                if part.is_empty() {
                    return None;
                }
                parts.push(std::mem::take(&mut part));
                closed = false;
            }
            (_, false) if closed => return None,
            (c, _) => part.push(c),
        }
    }
    if quoted || (part.is_empty() && (!parts.is_empty() || closed)) {
        return None;
    }
    parts.push(part);
    Some(parts)
}
