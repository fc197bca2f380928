//! NOT over conditions with an `IN` of a query in them. Such an IN is false where null would be
//! told, so it makes a difference where the negation stands: it stands at the IN, as in Spark.
//! `condition = false` is a negation, too.

use datafusion::common::ScalarValue;

use super::expression::{Expressions, ResolvedValue};
use super::operators;
use crate::error::Result;
use crate::plan::tree::{Call, Expr, SubqueryKind};
use crate::runtime::stack;

impl Expressions<'_> {
    /// The negation of a condition with an `IN` of a query in it; `None` for another call.
    pub(super) fn negation(&mut self, call: &Call) -> Result<Option<ResolvedValue>> {
        let Some(asked) = Asked::of(call).filter(|asked| !asked.wanted && holds_in(asked.condition)) else {
            return Ok(None);
        };
        let value = self.inverse(asked.condition)?;
        let pretty = asked.shown(&value.pretty);
        Ok(Some(ResolvedValue { pretty, ..value }))
    }

    /// The opposite of a condition, which is shown as the condition.
    fn inverse(&mut self, condition: &Expr) -> Result<ResolvedValue> {
        stack::step(|| match condition {
            Expr::Subquery { kind: kind @ SubqueryKind::In(_), query } => self.subquery(kind, query, true),
            Expr::Call(call) if holds_in(condition) => match (Asked::of(call), call.arguments.as_slice()) {
                (Some(asked), _) => {
                    let value = if asked.wanted { self.inverse(asked.condition) } else { self.value(asked.condition) }?;
                    let pretty = asked.shown(&value.pretty);
                    Ok(ResolvedValue { pretty, ..value })
                }
                (None, [left, right]) if call.name == "or" => self.inverses("and", "OR", left, right),
                (None, [left, right]) => self.inverses("or", "AND", left, right),
                (None, _) => self.opposite(condition),
            },
            _ => self.opposite(condition),
        })
    }

    fn inverses(&mut self, operator: &str, shown: &str, left: &Expr, right: &Expr) -> Result<ResolvedValue> {
        let (left, right) = (self.inverse(left)?, self.inverse(right)?);
        let pretty = format!("({} {shown} {})", left.pretty, right.pretty);
        let typed = operators::logic(operator, left.typed, right.typed, self.resolver.conf(), &pretty)?;
        Ok(ResolvedValue::new(typed, pretty))
    }

    fn opposite(&mut self, condition: &Expr) -> Result<ResolvedValue> {
        let value = self.value(condition)?;
        let negation = format!("(NOT {})", value.pretty);
        let typed = operators::not(value.typed, self.resolver.conf(), &negation, &value.pretty)?;
        Ok(ResolvedValue::new(typed, value.pretty))
    }
}

/// What a NOT negates.
pub(super) fn negated(call: &Call) -> Option<&Expr> {
    match (call.name.as_str(), call.arguments.as_slice()) {
        ("not" | "!", [condition]) => Some(condition),
        _ => None,
    }
}

/// A call that asks whether a condition is true, or false.
struct Asked<'e> {
    condition: &'e Expr,
    wanted: bool,
    call: &'e Call,
}

impl<'e> Asked<'e> {
    fn of(call: &'e Call) -> Option<Self> {
        if let Some(condition) = negated(call) {
            return Some(Self { condition, wanted: false, call });
        }
        let equal = match call.name.as_str() {
            "=" | "==" => true,
            "!=" | "<>" => false,
            _ => return None,
        };
        match call.arguments.as_slice() {
            [Expr::Literal(ScalarValue::Boolean(Some(value))), condition]
            | [condition, Expr::Literal(ScalarValue::Boolean(Some(value)))] => {
                Some(Self { condition, wanted: *value == equal, call })
            }
            _ => None,
        }
    }

    /// The call as it is shown, over a condition that is shown so.
    fn shown(&self, condition: &str) -> String {
        let equality = match self.call.arguments.as_slice() {
            [Expr::Literal(value), _] => format!("({value} = {condition})"),
            [_, Expr::Literal(value)] => format!("({condition} = {value})"),
            _ => return format!("(NOT {condition})"),
        };
        if matches!(self.call.name.as_str(), "!=" | "<>") { format!("(NOT {equality})") } else { equality }
    }
}

/// Whether AND, OR and NOT lead to an `IN` of a query.
fn holds_in(expr: &Expr) -> bool {
    match expr {
        Expr::Subquery { kind: SubqueryKind::In(_), .. } => true,
        Expr::Call(call) => match (call.name.as_str(), call.arguments.as_slice()) {
            ("and" | "&&" | "or", [left, right]) => holds_in(left) || holds_in(right),
            _ => Asked::of(call).is_some_and(|asked| holds_in(asked.condition)),
        },
        _ => false,
    }
}
