//! Higher-order functions: a lambda's parameters are known once the arguments before it are.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::Field;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::Expr as DfExpr;
use datafusion::logical_expr::expr::{Lambda, LambdaVariable};

use super::expression::{Expressions, ResolvedValue};
use super::naming;
use crate::error::{Error, Result, condition};
use crate::plan::functions::HigherOrder;
use crate::plan::tree::{Call, Expr};
use crate::plan::typed::Typed;

/// A lambda's parameter while its body is resolved.
#[derive(Clone, Debug)]
pub struct LambdaParameter {
    pub name: String,
    pub typed: Typed,
}

/// A call with lambdas among its arguments.
pub fn resolve(expressions: &mut Expressions<'_>, call: &Call, definition: HigherOrder) -> Result<ResolvedValue> {
    let mut typed: Vec<Option<Typed>> = vec![None; call.arguments.len()];
    let mut texts = vec![String::new(); call.arguments.len()];
    for (i, argument) in call.arguments.iter().enumerate() {
        if let Expr::Lambda { parameters, .. } = argument {
            texts[i] = format!("lambda({})", parameters.join(", "));
            continue;
        }
        let value = expressions.value(argument)?;
        texts[i].clone_from(&value.pretty);
        typed[i] = Some(value.typed);
    }
    for (at, argument) in call.arguments.iter().enumerate() {
        let Expr::Lambda { parameters, body } = argument else { continue };
        let text = naming::call(&call.name, false, false, &texts);
        let context = expressions.call_context(call, &text, &texts);
        let types = (definition.parameters)(&context, &typed, at, parameters.len())?;
        if types.len() != parameters.len() {
            return Err(Error::of(condition::NUM_ARGS_MISMATCH)
                .with("expectedNumArgs", parameters.len())
                .with("actualNumArgs", types.len()));
        }
        let depth = expressions.lambdas.len();
        let names: Vec<_> = (depth..).take(parameters.len()).map(|at| format!("${at}")).collect();
        for ((parameter, name), (data_type, nullable)) in parameters.iter().zip(&names).zip(types) {
            let field = Arc::new(Field::new(name, data_type.clone(), nullable));
            let expr = DfExpr::LambdaVariable(LambdaVariable::new(name.clone(), Some(field)));
            expressions
                .lambdas
                .push(LambdaParameter { name: parameter.clone(), typed: Typed { expr, data_type, nullable } });
        }
        let body = expressions.nesting.deeper().and_then(|nesting| expressions.nested(nesting, body));
        expressions.lambdas.truncate(depth);
        let body = body?;
        let variables: String = parameters.iter().map(|_| ", namedlambdavariable()").collect();
        texts[at] = format!("lambdafunction({}{variables})", body.pretty);
        let Typed { expr, data_type, nullable } = body.typed;
        typed[at] = Some(Typed { expr: DfExpr::Lambda(named_by_body(&names, expr)?), data_type, nullable });
    }
    let mut shown = texts.clone();
    if matches!(call.name.to_lowercase().as_str(), "aggregate" | "reduce") && shown.len() == 3 {
        shown.push("lambdafunction(namedlambdavariable(), namedlambdavariable())".into());
    }
    let pretty = naming::call(&call.name, false, false, &shown);
    let arguments: Vec<_> = typed.into_iter().flatten().collect();
    let context = expressions.call_context(call, &pretty, &texts);
    Ok(ResolvedValue::new((definition.build)(&context, arguments)?, pretty))
}

/// A lambda whose parameters are named by its body, in which they have the numbers of their place:
/// lambdas that do the same are equal, whatever their parameters were called, and one inside of
/// another has names of its own.
fn named_by_body(numbers: &[String], body: DfExpr) -> Result<Lambda> {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let id = hasher.finish();
    let name = |at| format!("#{id}_{at}");
    let body = renamed(body, numbers, &name)?;
    Ok(Lambda::new((0..numbers.len()).map(name).collect(), body))
}

/// An expression with other names for some of its lambda variables.
fn renamed(expr: DfExpr, names: &[String], name: &dyn Fn(usize) -> String) -> Result<DfExpr> {
    let renamed = expr.transform_down(|node| match node {
        DfExpr::LambdaVariable(variable) => Ok(match names.iter().position(|name| *name == variable.name) {
            Some(at) => {
                let field = variable.field.map(|field| Arc::new(field.as_ref().clone().with_name(name(at))));
                Transformed::yes(DfExpr::LambdaVariable(LambdaVariable::new(name(at), field)))
            }
            None => Transformed::no(DfExpr::LambdaVariable(variable)),
        }),
        other => Ok(Transformed::no(other)),
    })?;
    Ok(renamed.data)
}
