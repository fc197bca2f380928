//! Expressions.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use sqlparser::ast::{
    self, AccessExpr, BinaryOperator, CastKind, FunctionArg, FunctionArgExpr, FunctionArguments, Subscript,
    UnaryOperator,
};

use super::super::tree::{Call, Expr, FrameBound, FrameSpec, SubqueryKind, WindowSpec};
use super::from::identifier;
use super::literal::data_type;
use super::query::{check_names, fields_of, star};
use super::time_unit::{by_unit, time_unit};
use super::{Sql, dotted, ident, names, syntax_at, unsupported};
use crate::error::{Error, Result, condition};
use crate::runtime::stack;

impl Sql {
    pub(super) fn exprs(&self, exprs: impl IntoIterator<Item = ast::Expr>) -> Result<Vec<Expr>> {
        exprs.into_iter().map(|expr| self.expr(expr)).collect()
    }

    pub(super) fn expr(&self, expr: ast::Expr) -> Result<Expr> {
        stack::step(|| self.node(expr))
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each form of expression")]
    fn node(&self, expr: ast::Expr) -> Result<Expr> {
        use ast::Expr as E;
        Ok(match expr {
            E::Identifier(name) => Expr::Column(vec![ident(&name)]),
            E::CompoundIdentifier(parts) => {
                check_names(parts.iter())?;
                Expr::Column(parts.iter().map(ident).collect())
            }
            E::CompoundFieldAccess { root, access_chain } => self.access(*root, access_chain)?,
            E::Nested(inner) => self.expr(*inner)?,
            E::Value(value) => self.value(value.value)?,
            E::TypedString(typed) => {
                let text = typed.value.value.into_string().unwrap_or_default();
                self.typed_string(&typed.data_type.to_string(), &text)?
            }
            E::Interval(interval) => self.interval(&interval)?,
            E::IsNull(inner) => Expr::operator("isnull", vec![self.expr(*inner)?]),
            E::IsNotNull(inner) => Expr::operator("isnotnull", vec![self.expr(*inner)?]),
            E::IsTrue(inner) => self.is_bool(*inner, true)?,
            E::IsFalse(inner) => self.is_bool(*inner, false)?,
            E::IsNotTrue(inner) => not(self.is_bool(*inner, true)?),
            E::IsNotFalse(inner) => not(self.is_bool(*inner, false)?),
            E::IsUnknown(inner) => Expr::operator("isnull", vec![self.expr(*inner)?]),
            E::IsNotUnknown(inner) => Expr::operator("isnotnull", vec![self.expr(*inner)?]),
            E::IsDistinctFrom(left, right) => not(Expr::operator("<=>", vec![self.expr(*left)?, self.expr(*right)?])),
            E::IsNotDistinctFrom(left, right) => Expr::operator("<=>", vec![self.expr(*left)?, self.expr(*right)?]),
            E::InList { expr, list, negated } => {
                let mut arguments = vec![self.expr(*expr)?];
                arguments.extend(self.exprs(list)?);
                negate(negated, Expr::operator("in", arguments))
            }
            E::Between { expr, negated, low, high } => {
                negate(negated, Expr::operator("between", vec![self.expr(*expr)?, self.expr(*low)?, self.expr(*high)?]))
            }
            E::BinaryOp { left, op: op @ (BinaryOperator::And | BinaryOperator::Or), right } => {
                self.logic(*left, &op, *right)?
            }
            E::BinaryOp { left, op, right } => self.binary(*left, &op, *right)?,
            E::UnaryOp { op, mut expr } => {
                if op == UnaryOperator::Minus && negate_number(&mut expr) {
                    return self.expr(*expr);
                }
                let inner = self.expr(*expr)?;
                match op {
                    UnaryOperator::Plus => Expr::operator("+", vec![inner]),
                    UnaryOperator::Minus => Expr::operator("-", vec![inner]),
                    UnaryOperator::Not | UnaryOperator::BangNot => not(inner),
                    UnaryOperator::BitwiseNot => Expr::operator("~", vec![inner]),
                    other => return Err(unsupported("the operator", &other)),
                }
            }
            E::Like { negated, any, expr, pattern, escape_char } => match patterns(&pattern, any) {
                Some((all, patterns)) => self.like_several("like", negated, all, *expr, patterns)?,
                None => self.like("like", negated, *expr, *pattern, escape_char)?,
            },
            E::ILike { negated, any, expr, pattern, escape_char } => match patterns(&pattern, any) {
                Some((all, patterns)) => self.like_several("ilike", negated, all, *expr, patterns)?,
                None => self.like("ilike", negated, *expr, *pattern, escape_char)?,
            },
            E::RLike { negated, expr, pattern, .. } => {
                negate(negated, Expr::operator("rlike", vec![self.expr(*expr)?, self.expr(*pattern)?]))
            }
            E::Cast { format: Some(format), .. } => {
                return Err(syntax_at("'FORMAT'", &format!(": a cast takes no format, found {format}")));
            }
            E::Cast { kind, expr, data_type: to, .. } => Expr::Cast {
                input: Box::new(self.expr(*expr)?),
                to: data_type(&to)?,
                try_cast: matches!(kind, CastKind::TryCast | CastKind::SafeCast),
            },
            E::Case { operand, conditions, else_result, .. } => Expr::Case {
                operand: operand.map(|operand| self.expr(*operand)).transpose()?.map(Box::new),
                branches: conditions
                    .into_iter()
                    .map(|when| Ok(Arc::new((self.expr(when.condition)?, self.expr(when.result)?))))
                    .collect::<Result<_>>()?,
                otherwise: else_result.map(|otherwise| self.expr(*otherwise)).transpose()?.map(Box::new),
            },
            E::Extract { field, expr, .. } => {
                Expr::call("extract", vec![Expr::Literal(ScalarValue::from(field.to_string())), self.expr(*expr)?])
            }
            E::Ceil { expr, field } => self.rounding("ceil", *expr, field)?,
            E::Floor { expr, field } => self.rounding("floor", *expr, field)?,
            E::Position { expr, r#in } => Expr::call("position", vec![self.expr(*expr)?, self.expr(*r#in)?]),
            E::Substring { expr, substring_from, substring_for, shorthand, .. } => {
                let mut arguments = vec![self.expr(*expr)?];
                if let Some(from) = substring_from {
                    arguments.push(self.expr(*from)?);
                } else if substring_for.is_some() {
                    arguments.push(Expr::Literal(ScalarValue::Int32(Some(1))));
                }
                if let Some(length) = substring_for {
                    arguments.push(self.expr(*length)?);
                }
                Expr::call(if shorthand { "substr" } else { "substring" }, arguments)
            }
            E::Trim { trim_where, trim_what, expr, trim_characters } => {
                let name = match trim_where {
                    Some(ast::TrimWhereField::Leading) => "ltrim",
                    Some(ast::TrimWhereField::Trailing) => "rtrim",
                    _ => "trim",
                };
                let mut arguments = vec![self.expr(*expr)?];
                if let Some(what) = trim_what {
                    let what = self.expr(*what)?;
                    // ltrim and rtrim take the characters first, as Spark's do.
                    if name == "trim" { arguments.push(what) } else { arguments.insert(0, what) }
                }
                arguments.extend(self.exprs(trim_characters.unwrap_or_default())?);
                Expr::call(name, arguments)
            }
            E::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                let mut arguments = self.exprs([*expr, *overlay_what, *overlay_from])?;
                if let Some(length) = overlay_for {
                    arguments.push(self.expr(*length)?);
                }
                Expr::call("overlay", arguments)
            }
            E::Function(function) => self.function(function)?,
            E::Tuple(items) => Expr::operator("struct", self.exprs(items)?),
            E::Struct { values, .. } => Expr::call("struct", self.exprs(values)?),
            E::Named { expr, name } => self.expr(*expr)?.alias(ident(&name)),
            E::Array(array) => Expr::call("array", self.exprs(array.elem)?),
            E::Lambda(lambda) => self.lambda(lambda)?,
            E::Wildcard(_) => Expr::Star(Vec::new()),
            E::QualifiedWildcard(name, _) => Expr::Star(names(&name)),
            E::Subquery(query) => self.subquery(SubqueryKind::Scalar, *query)?,
            E::Exists { subquery, negated } => negate(negated, self.subquery(SubqueryKind::Exists, *subquery)?),
            E::InSubquery { expr, subquery, negated } => {
                let values = fields_of(self.expr(*expr)?);
                negate(negated, self.subquery(SubqueryKind::In(values), *subquery)?)
            }
            other => return Err(unsupported("this expression", &other)),
        })
    }

    fn is_bool(&self, inner: ast::Expr, value: bool) -> Result<Expr> {
        Ok(Expr::operator("<=>", vec![self.expr(inner)?, Expr::Literal(ScalarValue::Boolean(Some(value)))]))
    }

    fn like(
        &self,
        name: &str,
        negated: bool,
        expr: ast::Expr,
        pattern: ast::Expr,
        escape: Option<ast::ValueWithSpan>,
    ) -> Result<Expr> {
        let mut arguments = vec![self.expr(expr)?, self.expr(pattern)?];
        if let Some(escape) = escape {
            arguments.push(self.value(escape.value)?);
        }
        Ok(negate(negated, Expr::operator(name, arguments)))
    }

    /// `LIKE ANY (…)`, `LIKE ALL (…)`: as a call, since Spark shows it as one.
    fn like_several(
        &self,
        name: &str,
        negated: bool,
        all: bool,
        expr: ast::Expr,
        patterns: Vec<ast::Expr>,
    ) -> Result<Expr> {
        if name == "ilike" {
            return Err(unsupported("ILIKE ANY and ILIKE ALL", &expr));
        }
        let mut arguments = vec![self.expr(expr)?];
        arguments.extend(self.exprs(patterns)?);
        let name = format!("{}{name}{}", if negated { "not" } else { "" }, if all { "all" } else { "any" });
        Ok(Expr::operator(name, arguments))
    }

    fn subquery(&self, kind: SubqueryKind, query: ast::Query) -> Result<Expr> {
        Ok(Expr::Subquery { kind, query: Box::new(self.query(query)?) })
    }

    fn rounding(&self, name: &str, expr: ast::Expr, field: ast::CeilFloorKind) -> Result<Expr> {
        let mut arguments = vec![self.expr(expr)?];
        match field {
            ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime) => {}
            ast::CeilFloorKind::DateTimeField(other) => return Err(unsupported("rounding to a unit of time", &other)),
            ast::CeilFloorKind::Scale(scale) => arguments.push(self.value(scale.value)?),
        }
        Ok(Expr::call(name, arguments))
    }

    fn binary(&self, left: ast::Expr, op: &BinaryOperator, right: ast::Expr) -> Result<Expr> {
        let symbol = match op {
            BinaryOperator::Plus => "+",
            BinaryOperator::Minus => "-",
            BinaryOperator::Multiply => "*",
            BinaryOperator::Divide => "/",
            BinaryOperator::Modulo => "%",
            BinaryOperator::MyIntegerDivide | BinaryOperator::DuckIntegerDivide => "div",
            BinaryOperator::StringConcat => "||",
            BinaryOperator::Gt => ">",
            BinaryOperator::Lt => "<",
            BinaryOperator::GtEq => ">=",
            BinaryOperator::LtEq => "<=",
            BinaryOperator::Eq => "=",
            BinaryOperator::Spaceship => "<=>",
            BinaryOperator::NotEq => {
                return Ok(not(Expr::operator("=", vec![self.expr(left)?, self.expr(right)?])));
            }
            BinaryOperator::BitwiseAnd => "&",
            BinaryOperator::BitwiseOr => "|",
            BinaryOperator::BitwiseXor => "^",
            BinaryOperator::PGBitwiseShiftLeft => "<<",
            BinaryOperator::PGBitwiseShiftRight => ">>",
            other => return Err(unsupported("the operator", other)),
        };
        Ok(Expr::operator(symbol, vec![self.expr(left)?, self.expr(right)?]))
    }

    /// `a AND b AND …` as a balanced tree, as Spark's parser makes it: conditions that programs
    /// write have thousands of terms.
    fn logic(&self, left: ast::Expr, op: &BinaryOperator, right: ast::Expr) -> Result<Expr> {
        let (mut terms, mut rest) = (vec![right], left);
        loop {
            match rest {
                ast::Expr::BinaryOp { left, op: same, right } if same == *op => {
                    terms.push(*right);
                    rest = *left;
                }
                first => {
                    terms.push(first);
                    break;
                }
            }
        }
        let terms = self.exprs(terms.into_iter().rev())?;
        Ok(balanced(if *op == BinaryOperator::And { "and" } else { "or" }, terms))
    }

    fn access(&self, root: ast::Expr, chain: Vec<AccessExpr>) -> Result<Expr> {
        let mut chain = chain.into_iter().peekable();
        let mut expr = match root {
            // Names with points between them are one: in `t.a[0]`, the column `t.a`.
            ast::Expr::Identifier(first) => {
                let mut parts = vec![first];
                while let Some(AccessExpr::Dot(ast::Expr::Identifier(name))) =
                    chain.next_if(|access| matches!(access, AccessExpr::Dot(ast::Expr::Identifier(_))))
                {
                    parts.push(name);
                }
                self.expr(ast::Expr::CompoundIdentifier(parts))?
            }
            other => self.expr(other)?,
        };
        for access in chain {
            let key = match access {
                AccessExpr::Dot(ast::Expr::Identifier(name)) => Expr::Literal(ScalarValue::Utf8(Some(ident(&name)))),
                AccessExpr::Dot(other) => return Err(syntax_at(&format!("'{other}'"), ": a field is a name")),
                AccessExpr::Subscript(Subscript::Index { index }) => self.expr(index)?,
                other => return Err(unsupported("this access", &other)),
            };
            expr = Expr::Extract { input: Box::new(expr), key: Box::new(key) };
        }
        Ok(expr)
    }

    fn lambda(&self, lambda: ast::LambdaFunction) -> Result<Expr> {
        let parameters: Vec<String> = match lambda.params {
            ast::OneOrManyWithParens::One(parameter) => vec![ident(&parameter.name)],
            ast::OneOrManyWithParens::Many(parameters) => {
                parameters.iter().map(|parameter| ident(&parameter.name)).collect()
            }
        };
        let body = Box::new(bind(self.expr(*lambda.body)?, &parameters));
        Ok(Expr::Lambda { parameters, body })
    }

    fn function(&self, function: ast::Function) -> Result<Expr> {
        let name = dotted(&function.name).to_lowercase();
        if name == "identifier" && function.over.is_none() {
            let FunctionArguments::List(list) = function.args else {
                return Err(unsupported("this IDENTIFIER", &function));
            };
            let arguments = list.args.into_iter().map(|argument| self.argument(argument)).collect::<Result<_>>()?;
            return Ok(Expr::Column(identifier(arguments)?));
        }
        let mut call = Call {
            name,
            arguments: Vec::new(),
            distinct: false,
            filter: function.filter.map(|filter| self.expr(*filter)).transpose()?.map(Box::new),
            within_group: self.order(function.within_group)?,
            ignore_nulls: function.null_treatment == Some(ast::NullTreatment::IgnoreNulls),
            operator: false,
        };
        match function.args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => call.arguments.push(self.subquery(SubqueryKind::Scalar, *query)?),
            FunctionArguments::List(mut list) => {
                call.distinct = list.duplicate_treatment == Some(ast::DuplicateTreatment::Distinct);
                for clause in list.clauses {
                    match clause {
                        ast::FunctionArgumentClause::IgnoreOrRespectNulls(treatment) => {
                            call.ignore_nulls = treatment == ast::NullTreatment::IgnoreNulls;
                        }
                        other => return Err(unsupported("in a call", &other)),
                    }
                }
                let mut by_word = false;
                if list.args.len() == 3
                    && let Some(shown) = by_unit(&call.name)
                    && let FunctionArg::Unnamed(FunctionArgExpr::Expr(first)) = &mut list.args[0]
                    && let Some(unit) = time_unit(first, &call.name)?
                {
                    *first = unit;
                    shown.clone_into(&mut call.name);
                    by_word = true;
                }
                // Without a unit there is no such function, where `date_add` is another one.
                if !by_word && matches!(call.name.as_str(), "timestampadd" | "timestampdiff") {
                    return Err(Error::of(condition::UNRESOLVED_ROUTINE)
                        .with("routineName", format!("`{}`", call.name))
                        .with("searchPath", "the functions that take a unit of time first, such as DAY"));
                }
                for argument in list.args {
                    call.arguments.push(self.argument(argument)?);
                }
            }
        }
        let expr = Expr::Call(call);
        match function.over {
            None => Ok(expr),
            Some(ast::WindowType::NamedWindow(name)) => {
                let spec = WindowSpec { named: Some(ident(&name)), ..WindowSpec::default() };
                Ok(Expr::Window { function: Box::new(expr), spec: Box::new(spec) })
            }
            Some(ast::WindowType::WindowSpec(spec)) => {
                Ok(Expr::Window { function: Box::new(expr), spec: Box::new(self.window(spec)?) })
            }
        }
    }

    fn argument(&self, argument: FunctionArg) -> Result<Expr> {
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.expr(expr),
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => Ok(Expr::Star(Vec::new())),
            FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(name)) => Ok(Expr::Star(names(&name))),
            FunctionArg::Unnamed(FunctionArgExpr::WildcardWithOptions(options)) => star(Vec::new(), options),
            other => Err(unsupported("a named argument", &other)),
        }
    }

    pub(super) fn window(&self, spec: ast::WindowSpec) -> Result<WindowSpec> {
        if spec.window_name.is_some()
            && (!spec.partition_by.is_empty() || !spec.order_by.is_empty() || spec.window_frame.is_some())
        {
            return Err(unsupported("a window that adds to a named one", &spec));
        }
        let named = spec.window_name.as_ref().map(ident);
        let frame = spec.window_frame.map(|frame| self.frame(frame)).transpose()?;
        Ok(WindowSpec {
            named,
            partition_by: self.exprs(spec.partition_by)?,
            order_by: self.order(spec.order_by)?,
            frame,
        })
    }

    fn frame(&self, frame: ast::WindowFrame) -> Result<FrameSpec> {
        let rows = match frame.units {
            ast::WindowFrameUnits::Rows => true,
            ast::WindowFrameUnits::Range => false,
            ast::WindowFrameUnits::Groups => return Err(unsupported("a window frame", &"GROUPS")),
        };
        let end = frame.end_bound.unwrap_or(ast::WindowFrameBound::CurrentRow);
        Ok(FrameSpec { rows, start: self.bound(frame.start_bound)?, end: self.bound(end)? })
    }

    fn bound(&self, bound: ast::WindowFrameBound) -> Result<FrameBound> {
        Ok(match bound {
            ast::WindowFrameBound::CurrentRow => FrameBound::CurrentRow,
            ast::WindowFrameBound::Preceding(None) => FrameBound::UnboundedPreceding,
            ast::WindowFrameBound::Following(None) => FrameBound::UnboundedFollowing,
            // Not folded: `1 PRECEDING` is shown as such.
            ast::WindowFrameBound::Preceding(Some(rows)) => {
                FrameBound::Offset(Box::new(Expr::operator("-", vec![self.expr(*rows)?])))
            }
            ast::WindowFrameBound::Following(Some(rows)) => FrameBound::Offset(Box::new(self.expr(*rows)?)),
        })
    }

    pub(super) fn order(&self, order: Vec<ast::OrderByExpr>) -> Result<Vec<Expr>> {
        order
            .into_iter()
            .map(|key| {
                Ok(Expr::Sort {
                    input: Box::new(self.expr(key.expr)?),
                    ascending: key.options.asc.unwrap_or(true),
                    nulls_first: key.options.nulls_first,
                })
            })
            .collect()
    }
}

/// The patterns of `LIKE ANY (…)` and `LIKE ALL (…)`, and whether all must match; none for a
/// plain LIKE.
fn patterns(pattern: &ast::Expr, any: bool) -> Option<(bool, Vec<ast::Expr>)> {
    match pattern {
        ast::Expr::Tuple(patterns) if any => Some((false, patterns.clone())),
        ast::Expr::Nested(pattern) if any => Some((false, vec![pattern.as_ref().clone()])),
        // The parser takes ALL and SOME for the names of functions.
        ast::Expr::Function(function) => {
            let name = dotted(&function.name).to_lowercase();
            let FunctionArguments::List(list) = &function.args else { return None };
            let patterns = list.args.iter().map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
                _ => None,
            });
            let all = match name.as_str() {
                "all" => true,
                "some" => false,
                _ => return None,
            };
            Some((all, patterns.collect::<Option<_>>()?))
        }
        _ => None,
    }
}

/// Terms joined by an operator, the first half of them on its left.
fn balanced(symbol: &str, mut terms: Vec<Expr>) -> Expr {
    let right = terms.split_off(terms.len().div_ceil(2));
    match (terms.pop(), right.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            terms.extend(last);
            Expr::operator(symbol, vec![balanced(symbol, terms), balanced(symbol, right)])
        }
    }
}

/// Takes a minus into the number that follows it, as Spark's grammar does: the least `int` is an
/// `int`, and `-5::string` is a text. Nothing else follows a minus so closely.
fn negate_number(expr: &mut ast::Expr) -> bool {
    match expr {
        ast::Expr::Value(ast::ValueWithSpan { value: ast::Value::Number(text, _), .. }) => {
            text.insert(0, '-');
            true
        }
        ast::Expr::Cast { kind: ast::CastKind::DoubleColon, expr, .. } => negate_number(expr),
        _ => false,
    }
}

fn not(expr: Expr) -> Expr {
    Expr::operator("not", vec![expr])
}

fn negate(negated: bool, expr: Expr) -> Expr {
    if negated { not(expr) } else { expr }
}

/// Names a lambda's own parameters in its body.
fn bind(expr: Expr, parameters: &[String]) -> Expr {
    expr.map(&mut |expr| match expr {
        Expr::Column(parts) if parameters.iter().any(|name| parts[0].eq_ignore_ascii_case(name)) => {
            let fields = parts[1..].iter();
            fields.fold(Expr::LambdaVariable(parts[0].clone()), |input, field| Expr::Extract {
                input: Box::new(input),
                key: Box::new(Expr::Literal(ScalarValue::Utf8(Some(field.clone())))),
            })
        }
        other => other,
    })
}
