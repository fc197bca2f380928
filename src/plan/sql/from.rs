//! FROM: tables, joins, samples, pivots, and names that are spelled as texts.

use datafusion::common::ScalarValue;
use sqlparser::ast::{self, JoinConstraint, JoinOperator, TableFactor};

use super::query::{check_names, is_text};
use super::{Sql, dotted, ident, names, syntax, syntax_at, unsupported};
use crate::error::{Error, Result, condition};
use crate::function::row::fresh_seed;
use crate::plan::tree::{Expr, JoinKind, JoinOn, Relation, SampleShare, UnpivotColumns, UnpivotGroup, UnpivotNulls};

/// The name of a query in FROM that has none, as Spark has it.
const UNNAMED: &str = "__auto_generated_subquery_name";

impl Sql {
    pub(super) fn from(&self, tables: Vec<ast::TableWithJoins>) -> Result<Relation> {
        let mut from: Option<Relation> = None;
        for table in tables {
            let mut relation = self.table(table.relation)?;
            for join in table.joins {
                relation = self.join(relation, join)?;
            }
            from = Some(match from {
                None => relation,
                Some(left) => Relation::Join {
                    left: Box::new(left),
                    right: Box::new(relation),
                    kind: JoinKind::Inner,
                    on: JoinOn::None,
                },
            });
        }
        Ok(from.unwrap_or(Relation::OneRow))
    }

    /// The FROM of a pipe, whose first table is given: joins, a sample, a pivot, a name.
    pub(super) fn from_over(&self, input: Relation, from: Vec<ast::TableWithJoins>) -> Result<Relation> {
        let Ok([table]) = <[ast::TableWithJoins; 1]>::try_from(from) else {
            return Err(syntax_at("','", ": a pipe |> has one input"));
        };
        if table.joins.len() > usize::from(is_plain(&table.relation)) {
            return Err(syntax_at("'JOIN'", ": write it as a pipe |> of its own"));
        }
        let relation = self.table_over(input, table.relation)?;
        table.joins.into_iter().try_fold(relation, |left, join| self.join(left, join))
    }

    fn table_over(&self, input: Relation, factor: TableFactor) -> Result<Relation> {
        match factor {
            TableFactor::Table { alias: Some(alias), sample: Some(_), .. } => {
                Err(syntax_at(&format!("'{}'", alias.name), ": write AS as a pipe |> of its own"))
            }
            TableFactor::Table { alias, sample, .. } => {
                if let Some(column) = alias.as_ref().and_then(|alias| alias.columns.first()) {
                    return Err(syntax_at("'('", &format!(": a pipe's name takes no columns, found {column}")));
                }
                self.sampled(with_alias(input, alias)?, sample)
            }
            TableFactor::Pivot { ref table, .. } | TableFactor::Unpivot { ref table, .. } if is_plain(table) => {
                self.turned(input, factor)
            }
            TableFactor::Pivot { .. } => Err(syntax_at("'PIVOT'", ": write it as a pipe |> of its own")),
            TableFactor::Unpivot { .. } => Err(syntax_at("'UNPIVOT'", ": write it as a pipe |> of its own")),
            other => Err(unsupported("this pipe", &other)),
        }
    }

    fn sampled(&self, input: Relation, sample: Option<ast::TableSampleKind>) -> Result<Relation> {
        match sample {
            Some(ast::TableSampleKind::BeforeTableAlias(sample) | ast::TableSampleKind::AfterTableAlias(sample)) => {
                self.sample(input, *sample)
            }
            None => Ok(input),
        }
    }

    /// The rows of a PIVOT or UNPIVOT.
    fn turned(&self, input: Relation, factor: TableFactor) -> Result<Relation> {
        let shown = factor.to_string();
        match factor {
            TableFactor::Pivot {
                aggregate_functions,
                value_column,
                value_source,
                default_on_null: None,
                alias,
                ..
            } => {
                let [column] = value_column.as_slice() else {
                    return Err(unsupported("a PIVOT over several columns", &shown));
                };
                let ast::PivotValueSource::List(values) = value_source else {
                    return Err(unsupported("a PIVOT without a list of values", &shown));
                };
                let pivot = Relation::Pivot {
                    input: Box::new(input),
                    keys: None,
                    column: self.expr(column.clone())?,
                    values: Some(self.with_aliases(values)?),
                    outputs: self.with_aliases(aggregate_functions)?,
                };
                with_alias(pivot, alias)
            }
            TableFactor::Unpivot { value, null_inclusion, name, columns, alias, .. } => {
                if let Some(column) = alias.as_ref().and_then(|alias| alias.columns.first()) {
                    return Err(syntax_at(
                        "'('",
                        &format!(": the name of an UNPIVOT takes no columns, found {column}"),
                    ));
                }
                let alone = |value: &ast::Expr| match value {
                    ast::Expr::Identifier(name) => Ok(ident(name)),
                    other => Err(syntax_at(&format!("'{other}'"), ": UNPIVOT takes new names of columns")),
                };
                let values = several(value).iter().map(alone).collect::<Result<Vec<_>>>()?;
                let groups = columns
                    .into_iter()
                    .map(|item| {
                        let columns = several(item.expr);
                        columns.iter().try_for_each(check_column)?;
                        if let Some(text) = item.alias.as_ref().filter(|alias| is_text(alias)) {
                            return Err(syntax_at(&format!("'{text}'"), ": a name goes without quotes"));
                        }
                        Ok(UnpivotGroup { columns: self.exprs(columns)?, label: item.alias.as_ref().map(ident) })
                    })
                    .collect::<Result<Vec<_>>>()?;
                let nulls = match null_inclusion {
                    Some(ast::NullInclusion::IncludeNulls) => UnpivotNulls::Included,
                    _ => UnpivotNulls::Excluded,
                };
                let columns = UnpivotColumns { ids: None, groups: Some(groups), label: ident(&name), values, nulls };
                with_alias(Relation::Unpivot { input: Box::new(input), columns }, alias)
            }
            _ => Err(unsupported("this table", &shown)),
        }
    }

    fn join(&self, left: Relation, join: ast::Join) -> Result<Relation> {
        let shown = join.to_string();
        let right = self.table(join.relation)?;
        let (kind, constraint) = match join.join_operator {
            JoinOperator::Join(on) | JoinOperator::Inner(on) => (JoinKind::Inner, on),
            JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (JoinKind::Left, on),
            JoinOperator::Right(on) | JoinOperator::RightOuter(on) => (JoinKind::Right, on),
            JoinOperator::FullOuter(on) => (JoinKind::Full, on),
            JoinOperator::CrossJoin(on) => (JoinKind::Cross, on),
            JoinOperator::Semi(on) | JoinOperator::LeftSemi(on) => (JoinKind::LeftSemi, on),
            JoinOperator::Anti(on) | JoinOperator::LeftAnti(on) => (JoinKind::LeftAnti, on),
            _ => return Err(unsupported("this join", &shown)),
        };
        let on = match constraint {
            JoinConstraint::On(expr) => JoinOn::Expr(self.expr(expr)?),
            JoinConstraint::Using(columns) => JoinOn::Using(columns.iter().map(dotted).collect()),
            JoinConstraint::Natural => JoinOn::Natural,
            JoinConstraint::None => JoinOn::None,
        };
        Ok(Relation::Join { left: Box::new(left), right: Box::new(right), kind, on })
    }

    fn table(&self, factor: TableFactor) -> Result<Relation> {
        let shown = factor.to_string();
        Ok(match factor {
            TableFactor::Table { name, version: Some(_), .. } => {
                return Err(
                    Error::of(condition::TIME_TRAVEL).with("relationId", format!("`{}`", names(&name).join("`.`")))
                );
            }
            TableFactor::Table { ref name, ref args, alias: Some(ref alias), .. }
                if !alias.explicit && args.is_none() && is_word(name, "stream") =>
            {
                return Err(unsupported("a stream in SQL (spark.readStream reads one)", &shown));
            }
            TableFactor::Table { ref name, args: Some(_), .. } if is_word(name, "stream") => {
                return Err(unsupported("a stream in SQL (spark.readStream reads one)", &shown));
            }
            TableFactor::Table { name, alias, args: Some(args), .. } if is_word(&name, "identifier") => {
                let arguments = args.args.into_iter().map(|argument| self.table_argument(argument));
                let parts = identifier(arguments.collect::<Result<_>>()?)?;
                with_alias(Relation::Table(parts), alias)?
            }
            TableFactor::Table { with_ordinality: true, .. } => {
                return Err(syntax_at("'ORDINALITY'", ": posexplode() of an array gives the places"));
            }
            TableFactor::Table { with_hints, .. } if !with_hints.is_empty() => {
                return Err(unsupported("a table's options, WITH (…)", &shown));
            }
            TableFactor::Table { name, alias, args: None, sample, .. } => {
                check_names(name.0.iter().filter_map(|part| part.as_ident()))?;
                let parts = names(&name);
                let own = parts.last().cloned().unwrap_or_default();
                let table = match alias {
                    Some(alias) => renamed(Relation::Table(parts), &alias)?,
                    None => Relation::Alias { input: Box::new(Relation::Table(parts)), name: own },
                };
                self.sampled(table, sample)?
            }
            TableFactor::Pivot { ref table, .. } | TableFactor::Unpivot { ref table, .. } => {
                let input = self.table(table.as_ref().clone())?;
                self.turned(input, factor)?
            }
            TableFactor::Table { name, alias, args: Some(args), .. } => {
                let arguments =
                    args.args.into_iter().map(|argument| self.table_argument(argument)).collect::<Result<_>>()?;
                with_alias(Relation::TableFunction { name: dotted(&name).to_lowercase(), arguments }, alias)?
            }
            TableFactor::Function { lateral: false, name, args, alias, .. } => {
                let arguments =
                    args.into_iter().map(|argument| self.table_argument(argument)).collect::<Result<_>>()?;
                with_alias(Relation::TableFunction { name: dotted(&name).to_lowercase(), arguments }, alias)?
            }
            TableFactor::Derived { lateral: false, subquery, alias, sample } => {
                let query = self.sampled(self.query(*subquery)?, sample)?;
                match alias {
                    // Nobody can say it, and what the query leaves out ends there, too.
                    None => Relation::Alias { input: Box::new(query), name: UNNAMED.to_owned() },
                    alias => with_alias(query, alias)?,
                }
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                with_alias(self.from(vec![*table_with_joins])?, alias)?
            }
            _ => return Err(unsupported("this table", &shown)),
        })
    }

    fn with_aliases(&self, exprs: Vec<ast::ExprWithAlias>) -> Result<Vec<Expr>> {
        let one = |item: ast::ExprWithAlias| -> Result<Expr> {
            let expr = self.expr(item.expr)?;
            Ok(match item.alias {
                Some(alias) => expr.alias(ident(&alias)),
                None => expr,
            })
        };
        exprs.into_iter().map(one).collect()
    }

    /// `TABLESAMPLE (10 PERCENT)`, `TABLESAMPLE (5 ROWS)`, `TABLESAMPLE (BUCKET 1 OUT OF 4)`.
    fn sample(&self, input: Relation, sample: ast::TableSample) -> Result<Relation> {
        let shown = sample.to_string();
        let ast::TableSample { name: None, quantity, seed, bucket, offset: None, .. } = sample else {
            return Err(unsupported("this sample", &shown));
        };
        let seed = match seed {
            Some(seed) => seed.value.to_string().parse().map_err(|_| unsupported("this sample's seed", &shown))?,
            None => fresh_seed(),
        };
        let input = Box::new(input);
        let number = |value: &dyn std::fmt::Display| -> Result<f64> {
            value.to_string().parse().map_err(|_| unsupported("this sample", &shown))
        };
        let fraction = match (quantity, bucket) {
            (Some(ast::TableSampleQuantity { unit: Some(ast::TableSampleUnit::Rows), value, .. }), None) => {
                return Ok(Relation::Limit { rows: self.count("ROWS", value)?, input });
            }
            (Some(ast::TableSampleQuantity { unit: Some(ast::TableSampleUnit::Percent), value, .. }), None) => {
                number(&value)? / 100.0
            }
            (None, Some(ast::TableSampleBucket { bucket, total, on: None })) => number(&bucket)? / number(&total)?,
            _ => return Err(unsupported("this sample", &shown)),
        };
        if !(0.0..=1.0).contains(&fraction) {
            return Err(Error::of(condition::INVALID_TABLESAMPLE_FRACTION).with("fraction", fraction));
        }
        Ok(Relation::Sample { input, share: SampleShare::Between(0.0, fraction), seed })
    }

    fn table_argument(&self, argument: ast::FunctionArg) -> Result<Expr> {
        match argument {
            ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => self.expr(expr),
            other => Err(unsupported("this argument", &other)),
        }
    }

    pub(super) fn lateral_view(&self, input: Relation, view: ast::LateralView) -> Result<Relation> {
        Ok(Relation::LateralView {
            input: Box::new(input),
            generator: self.expr(view.lateral_view)?,
            outer: view.outer,
            table: dotted(&view.lateral_view_name),
            columns: view.lateral_col_alias.iter().map(ident).collect(),
        })
    }
}

/// Whether a name is this word alone, without quotes.
fn is_word(name: &ast::ObjectName, word: &str) -> bool {
    let [part] = name.0.as_slice() else { return false };
    part.as_ident().is_some_and(|part| part.quote_style.is_none() && part.value.eq_ignore_ascii_case(word))
}

/// The parts of the name that `IDENTIFIER('a.b')` says.
pub(super) fn identifier(mut arguments: Vec<Expr>) -> Result<Vec<String>> {
    let text = match (arguments.pop(), arguments.is_empty()) {
        (Some(expr), true) => constant_text(&expr),
        _ => None,
    };
    let text = text.ok_or_else(|| unsupported("IDENTIFIER of other than constant texts", &""))?;
    let mut parser = super::parser(&text)?;
    let name = parser.parse_object_name(false).map_err(|error| syntax(&error))?;
    super::end(&mut parser)?;
    Ok(names(&name))
}

/// The text that literals and `||` between them make.
fn constant_text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Literal(ScalarValue::Utf8(Some(text))) => Some(text.clone()),
        Expr::Call(call) if call.name == "||" => call.arguments.iter().map(constant_text).collect(),
        _ => None,
    }
}

/// `a`, `(a)`, `(a, b)`: what stands for one value or for several.
fn several(expr: ast::Expr) -> Vec<ast::Expr> {
    match expr {
        ast::Expr::Tuple(items) => items,
        ast::Expr::Nested(item) => vec![*item],
        one => vec![one],
    }
}

/// An error for what is no column of an UNPIVOT.
fn check_column(expr: &ast::Expr) -> Result<()> {
    match expr {
        ast::Expr::Identifier(_) | ast::Expr::CompoundIdentifier(_) => Ok(()),
        other => Err(syntax_at(&format!("'{other}'"), ": UNPIVOT takes names of columns")),
    }
}

fn with_alias(relation: Relation, alias: Option<ast::TableAlias>) -> Result<Relation> {
    match alias {
        Some(alias) => renamed(relation, &alias),
        None => Ok(relation),
    }
}

/// `AS t(a, b)`.
pub(super) fn renamed(relation: Relation, alias: &ast::TableAlias) -> Result<Relation> {
    check_names(std::iter::once(&alias.name).chain(alias.columns.iter().map(|column| &column.name)))?;
    let relation = if alias.columns.is_empty() {
        relation
    } else {
        Relation::RenameAll {
            input: Box::new(relation),
            names: alias.columns.iter().map(|column| ident(&column.name)).collect(),
        }
    };
    Ok(Relation::Alias { input: Box::new(relation), name: ident(&alias.name) })
}

/// Whether a pipe's input stands there as it is.
fn is_plain(factor: &TableFactor) -> bool {
    matches!(factor, TableFactor::Table { alias: None, sample: None, .. })
}
