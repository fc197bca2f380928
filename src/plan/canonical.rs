//! A plan as a text in which equal plans are equal: `sameSemantics` and `semanticHash`. Columns are
//! numbered anew, aliases and projections that change nothing are left out, and operands whose
//! order does not matter are sorted.

use std::collections::HashMap;

use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator};

use super::operators::call::FunctionNode;
use super::{Leaf, Resolved};

/// The text of a resolved plan.
pub fn canonical(resolved: &Resolved) -> String {
    let mut writer = CanonicalWriter { leaves: &resolved.leaves, names: HashMap::new(), next: 0 };
    let plan = writer.plan(&resolved.plan);
    // The outputs in their order: a projection that changes nothing but that was left out.
    let outputs: Vec<_> = resolved.output.iter().map(|attribute| writer.name(&attribute.id.to_string())).collect();
    format!("{plan} -> {}", outputs.join(", "))
}

struct CanonicalWriter<'a> {
    leaves: &'a [Leaf],
    /// What the columns of the plan, by their ids, are called here.
    names: HashMap<String, String>,
    next: usize,
}

impl CanonicalWriter<'_> {
    fn plan(&mut self, plan: &LogicalPlan) -> String {
        match plan {
            LogicalPlan::Projection(projection) => {
                let input = self.plan(&projection.input);
                let below: Vec<_> =
                    projection.input.schema().columns().iter().map(|column| self.name(&column.name)).collect();
                let texts: Vec<_> = projection.expr.iter().map(|expr| self.expr(expr)).collect();
                let changes = texts != below;
                for (expr, text) in projection.expr.iter().zip(&texts) {
                    if let Expr::Alias(alias) = expr {
                        let plain = matches!(alias.expr.as_ref(), Expr::Column(_));
                        let name = if plain { text.clone() } else { self.fresh() };
                        self.names.insert(alias.name.clone(), name);
                    }
                }
                if changes { format!("Project[{}]({input})", texts.join(", ")) } else { input }
            }
            LogicalPlan::Filter(filter) => {
                let input = self.plan(&filter.input);
                format!("Filter[{}]({input})", self.expr(&filter.predicate))
            }
            LogicalPlan::SubqueryAlias(alias) => self.plan(&alias.input),
            LogicalPlan::TableScan(scan) => {
                let table = scan.table_name.table();
                let leaf = self.leaves.iter().find(|leaf| format!("leaf{}", leaf.id.0) == table);
                self.name_outputs(plan);
                leaf.map_or_else(|| table.to_owned(), |leaf| format!("Scan[{}]", leaf.source.identity()))
            }
            LogicalPlan::Values(values) => {
                self.name_outputs(plan);
                format!("Values{:?}", values.values)
            }
            other => {
                let inputs: Vec<_> = other.inputs().into_iter().map(|input| self.plan(input)).collect();
                let shown = match other {
                    LogicalPlan::Extension(node) if node.node.as_any().is::<FunctionNode>() => {
                        let calls = node.node.as_any().downcast_ref::<FunctionNode>().map(FunctionNode::calls);
                        let calls = calls.unwrap_or_default().iter().map(|call| {
                            let arguments: Vec<_> = call.arguments.iter().map(|argument| self.expr(argument)).collect();
                            format!("{}({})", call.function.key().0, arguments.join(", "))
                        });
                        calls.collect::<Vec<_>>().join(", ")
                    }
                    _ => String::new(),
                };
                self.name_outputs(other);
                let shown = if shown.is_empty() { self.renamed(&other.display().to_string()) } else { shown };
                format!("{shown}({})", inputs.join(", "))
            }
        }
    }

    fn name_outputs(&mut self, plan: &LogicalPlan) {
        for column in plan.schema().columns() {
            self.name(&column.name);
        }
    }

    fn fresh(&mut self) -> String {
        self.next += 1;
        format!("${}", self.next)
    }

    fn name(&mut self, id: &str) -> String {
        if let Some(name) = self.names.get(id) {
            return name.clone();
        }
        let name = self.fresh();
        self.names.insert(id.to_owned(), name.clone());
        name
    }

    /// A text with the ids of columns replaced.
    fn renamed(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('#') {
            let digits = rest[at + 1..].chars().take_while(char::is_ascii_digit).count();
            out.push_str(&rest[..at]);
            let (id, after) = rest[at..].split_at(1 + digits);
            out.push_str(&if digits == 0 { id.to_owned() } else { self.name(id) });
            rest = after;
        }
        out + rest
    }

    fn expr(&mut self, expr: &Expr) -> String {
        match expr {
            Expr::Alias(alias) => self.expr(&alias.expr),
            Expr::Column(column) => self.name(&column.name),
            Expr::BinaryExpr(binary) => self.binary(binary, false),
            Expr::Not(inner) => match inner.as_ref() {
                Expr::BinaryExpr(binary) if binary.op.negate().is_some() => self.binary(binary, true),
                inner => format!("NOT({})", self.expr(inner)),
            },
            Expr::InList(InList { expr, list, negated }) => {
                let mut list: Vec<_> = list.iter().map(|item| self.expr(item)).collect();
                list.sort();
                format!("{} IN[{negated}]({})", self.expr(expr), list.join(", "))
            }
            Expr::ScalarFunction(call) => {
                let mut arguments: Vec<_> = call.args.iter().map(|argument| self.expr(argument)).collect();
                if call.name().starts_with(['+', '*']) {
                    arguments.sort();
                }
                format!("{}({})", call.name(), arguments.join(", "))
            }
            Expr::Cast(cast) => format!("CAST({} AS {})", self.expr(&cast.expr), cast.field.data_type()),
            other => self.renamed(&other.to_string()),
        }
    }

    /// A comparison or a chain of AND or OR; `negated`, its opposite.
    fn binary(&mut self, binary: &BinaryExpr, negated: bool) -> String {
        let op = if negated { binary.op.negate().unwrap_or(binary.op) } else { binary.op };
        if matches!(op, Operator::And | Operator::Or) {
            let mut parts = Vec::new();
            self.chain(&Expr::BinaryExpr(binary.clone()), op, &mut parts);
            parts.sort();
            return format!("({})", parts.join(&format!(" {op} ")));
        }
        let (left, right) = (self.expr(&binary.left), self.expr(&binary.right));
        // A comparison written the other way round, with the operands exchanged.
        let (left, op, right) = match op {
            Operator::Gt => (right, Operator::Lt, left),
            Operator::GtEq => (right, Operator::LtEq, left),
            Operator::Eq | Operator::NotEq | Operator::IsNotDistinctFrom | Operator::Plus | Operator::Multiply
                if left > right =>
            {
                (right, op, left)
            }
            op => (left, op, right),
        };
        format!("({left} {op} {right})")
    }

    fn chain(&mut self, expr: &Expr, op: Operator, parts: &mut Vec<String>) {
        match expr {
            Expr::BinaryExpr(binary) if binary.op == op => {
                self.chain(&binary.left, op, parts);
                self.chain(&binary.right, op, parts);
            }
            other => parts.push(self.expr(other)),
        }
    }
}
