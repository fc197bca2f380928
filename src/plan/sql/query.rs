//! Queries: SELECT and what stands around it.

use datafusion::common::ScalarValue;
use sqlparser::ast::{
    self, GroupByExpr, GroupByWithModifier, JoinConstraint, JoinOperator, SelectItem, SetExpr, SetOperator,
    SetQuantifier, TableFactor,
};

use super::{Sql, dotted, ident, names, unsupported};
use crate::error::{Error, Result, condition};
use crate::function::row::fresh_seed;
use crate::plan::tree::{Expr, Grouping, JoinKind, JoinOn, Relation, SampleShare, WindowSpec};
use crate::runtime::stack;

impl Sql {
    pub(super) fn query(&self, query: ast::Query) -> Result<Relation> {
        stack::step(|| self.whole_query(query))
    }

    fn whole_query(&self, query: ast::Query) -> Result<Relation> {
        if query.fetch.is_some() || !query.locks.is_empty() || !query.pipe_operators.is_empty() {
            return Err(unsupported("FETCH, a lock or a pipe", &query));
        }
        let mut relation = self.set_expr(*query.body)?;
        if let Some(order_by) = query.order_by {
            let ast::OrderByKind::Expressions(order) = order_by.kind else {
                return Err(unsupported("ORDER BY ALL", &order_by));
            };
            relation = Relation::Sort { input: Box::new(relation), order: self.order(order)?, global: true };
        }
        if let Some(limit) = query.limit_clause {
            relation = self.limit(relation, limit)?;
        }
        let Some(with) = query.with else { return Ok(relation) };
        if with.recursive {
            return Err(unsupported("WITH RECURSIVE", &with));
        }
        let tables = with
            .cte_tables
            .into_iter()
            .map(|table| {
                let name = ident(&table.alias.name);
                Ok((name, renamed(self.query(*table.query)?, &table.alias)))
            })
            .collect::<Result<_>>()?;
        Ok(Relation::With { tables, input: Box::new(relation) })
    }

    fn limit(&self, input: Relation, limit: ast::LimitClause) -> Result<Relation> {
        let (limit, offset) = match limit {
            ast::LimitClause::LimitOffset { limit, offset, limit_by } if limit_by.is_empty() => {
                (limit, offset.map(|offset| offset.value))
            }
            ast::LimitClause::OffsetCommaLimit { offset, limit } => (Some(limit), Some(offset)),
            other => return Err(unsupported("this limit", &other)),
        };
        let mut relation = input;
        if let Some(offset) = offset {
            relation = Relation::Offset { rows: self.count("OFFSET", offset)?, input: Box::new(relation) };
        }
        if let Some(limit) = limit {
            relation = Relation::Limit { rows: self.count("LIMIT", limit)?, input: Box::new(relation) };
        }
        Ok(relation)
    }

    fn count(&self, clause: &str, expr: ast::Expr) -> Result<u64> {
        let shown = expr.to_string();
        let expr = self.expr(expr)?;
        let Some(number) = whole(&expr) else {
            let condition = match &expr {
                Expr::Literal(_) => condition::INVALID_LIMIT_LIKE_EXPRESSION_DATA_TYPE,
                _ => condition::INVALID_LIMIT_LIKE_EXPRESSION_IS_UNFOLDABLE,
            };
            return Err(Error::of(condition).with("name", clause).with("expr", shown));
        };
        u64::try_from(number).map_err(|_| {
            Error::of(condition::INVALID_LIMIT_LIKE_EXPRESSION_IS_NEGATIVE).with("name", clause).with("v", number)
        })
    }

    fn set_expr(&self, body: SetExpr) -> Result<Relation> {
        stack::step(|| self.set_operation(body))
    }

    fn set_operation(&self, body: SetExpr) -> Result<Relation> {
        match body {
            SetExpr::Select(select) => self.select(*select),
            SetExpr::Query(query) => self.query(*query),
            SetExpr::Values(values) => self.values(values),
            SetExpr::Table(table) => {
                let parts = table.schema_name.into_iter().chain(table.table_name).collect();
                Ok(Relation::Table(parts))
            }
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                let (left, right) = (self.set_expr(*left)?, self.set_expr(*right)?);
                let all = matches!(set_quantifier, SetQuantifier::All | SetQuantifier::AllByName);
                let by_name = matches!(
                    set_quantifier,
                    SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName
                );
                match op {
                    SetOperator::Union => {
                        let union = Relation::Union { inputs: vec![left, right], by_name, allow_missing: false };
                        Ok(if all { union } else { Relation::Distinct { input: Box::new(union), subset: None } })
                    }
                    SetOperator::Intersect | SetOperator::Except | SetOperator::Minus => Ok(Relation::SetOperation {
                        left: Box::new(left),
                        right: Box::new(right),
                        except: op != SetOperator::Intersect,
                        all,
                    }),
                }
            }
            other => Err(unsupported("this query", &other)),
        }
    }

    fn values(&self, values: ast::Values) -> Result<Relation> {
        let rows = values.rows.into_iter().map(|row| self.exprs(row.content)).collect::<Result<_>>()?;
        Ok(Relation::Values(rows))
    }

    fn select(&self, select: ast::Select) -> Result<Relation> {
        let shown = select.to_string();
        if select.top.is_some() || select.into.is_some() || !select.connect_by.is_empty() {
            return Err(unsupported("TOP, INTO or CONNECT BY", &shown));
        }
        if !select.cluster_by.is_empty() {
            return Err(unsupported("CLUSTER BY", &shown));
        }
        let windows = self.named_windows(select.named_window)?;
        let mut relation = self.from(select.from)?;
        for view in select.lateral_views {
            relation = self.lateral_view(relation, view)?;
        }
        if let Some(predicate) = select.selection {
            relation = Relation::Filter { input: Box::new(relation), predicate: self.expr(predicate)? };
        }
        let mut outputs = Vec::new();
        for item in select.projection {
            outputs.push(with_windows(self.select_item(item)?, &windows)?);
        }
        if outputs.is_empty() {
            // `FROM t` alone.
            outputs.push(Expr::Star(Vec::new()));
        }
        let qualify = select.qualify.map(|qualify| with_windows(self.expr(qualify)?, &windows)).transpose()?;
        let qualified = qualify.is_some();
        outputs.extend(qualify.map(|condition| condition.alias(QUALIFY)));
        let having = select.having.map(|having| self.expr(having)).transpose()?;
        relation = match self.grouping(select.group_by, having.is_some())? {
            Some(keys) => Relation::Aggregate { input: Box::new(relation), keys, outputs, with_keys: false, having },
            None => Relation::Project { input: Box::new(relation), expressions: outputs },
        };
        if qualified {
            let condition = || Expr::column([QUALIFY]);
            let kept = Relation::Filter { input: Box::new(relation), predicate: condition() };
            relation = Relation::Drop { input: Box::new(kept), columns: vec![condition()] };
        }
        match select.distinct {
            None | Some(ast::Distinct::All) => {}
            Some(ast::Distinct::Distinct) => relation = Relation::Distinct { input: Box::new(relation), subset: None },
            Some(ast::Distinct::On(_)) => return Err(unsupported("DISTINCT ON", &shown)),
        }
        if !select.distribute_by.is_empty() {
            let by = self.exprs(select.distribute_by)?;
            relation = Relation::Repartition { input: Box::new(relation), partitions: None, by };
        }
        if !select.sort_by.is_empty() {
            relation = Relation::Sort { input: Box::new(relation), order: self.order(select.sort_by)?, global: false };
        }
        for hint in &select.optimizer_hints {
            check_hints(&hint.text)?;
            relation = Relation::Hint { input: Box::new(relation), name: hint.text.trim().to_owned() };
        }
        Ok(relation)
    }

    fn grouping(&self, group_by: GroupByExpr, having: bool) -> Result<Option<Grouping>> {
        let (keys, modifiers) = match group_by {
            GroupByExpr::All(modifiers) if modifiers.is_empty() => return Ok(Some(Grouping::All)),
            GroupByExpr::All(_) => return Err(unsupported("GROUP BY ALL with a modifier", &"")),
            GroupByExpr::Expressions(keys, modifiers) => (keys, modifiers),
        };
        if keys.is_empty() {
            return Ok(having.then(|| Grouping::By(Vec::new())));
        }
        if keys.len() == 1 {
            match keys[0].clone() {
                ast::Expr::Rollup(parts) => {
                    let parts = self.parts(parts)?;
                    let some = |n: usize| parts[..n].concat();
                    return Ok(Some(match single(&parts) {
                        Some(keys) => Grouping::Rollup(keys),
                        None => Grouping::Sets { sets: (0..=parts.len()).rev().map(some).collect() },
                    }));
                }
                ast::Expr::Cube(parts) => {
                    let parts = self.parts(parts)?;
                    // The last part is left out first, as in Spark.
                    let left_out = |mask: usize, at: usize| mask & (1 << (parts.len() - 1 - at)) != 0;
                    let some = |mask| {
                        let kept = parts.iter().enumerate().filter(|(at, _)| !left_out(mask, *at));
                        kept.flat_map(|(_, part)| part.clone()).collect()
                    };
                    return Ok(Some(match single(&parts) {
                        Some(keys) => Grouping::Cube(keys),
                        None => Grouping::Sets { sets: (0..1_usize << parts.len()).map(some).collect() },
                    }));
                }
                ast::Expr::GroupingSets(sets) => {
                    let sets = sets.into_iter().map(|set| self.exprs(set)).collect::<Result<_>>()?;
                    return Ok(Some(Grouping::Sets { sets }));
                }
                _ => {}
            }
        }
        let keys = self.exprs(keys)?;
        Ok(Some(match modifiers.as_slice() {
            [] => Grouping::By(keys),
            [GroupByWithModifier::Rollup] => Grouping::Rollup(keys),
            [GroupByWithModifier::Cube] => Grouping::Cube(keys),
            [other, ..] => return Err(unsupported("this GROUP BY", other)),
        }))
    }

    /// What a ROLLUP or CUBE is over: keys, and several in parentheses that stay together.
    fn parts(&self, parts: Vec<Vec<ast::Expr>>) -> Result<Vec<Vec<Expr>>> {
        parts.into_iter().map(|part| self.exprs(part)).collect()
    }

    pub(super) fn select_item(&self, item: SelectItem) -> Result<Expr> {
        Ok(match item {
            SelectItem::UnnamedExpr(expr) => self.expr(expr)?,
            SelectItem::ExprWithAlias { expr, alias } => self.expr(expr)?.alias(ident(&alias)),
            SelectItem::ExprWithAliases { expr, aliases } => Expr::Alias {
                input: Box::new(self.expr(expr)?),
                names: aliases.iter().map(ident).collect(),
                metadata: None,
            },
            SelectItem::Wildcard(options) => star(Vec::new(), options)?,
            SelectItem::QualifiedWildcard(ast::SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                star(names(&name), options)?
            }
            SelectItem::QualifiedWildcard(kind, _) => return Err(unsupported("this *", &kind)),
        })
    }

    /// `WINDOW w AS (…)`, by name.
    fn named_windows(&self, windows: Vec<ast::NamedWindowDefinition>) -> Result<Vec<(String, WindowSpec)>> {
        let mut named: Vec<(String, WindowSpec)> = Vec::new();
        for ast::NamedWindowDefinition(name, definition) in windows {
            let spec = match definition {
                ast::NamedWindowExpr::WindowSpec(spec) => self.window(spec)?,
                ast::NamedWindowExpr::NamedWindow(other) => window_of(&named, &ident(&other))?.clone(),
            };
            named.push((ident(&name), spec));
        }
        Ok(named)
    }

    fn from(&self, tables: Vec<ast::TableWithJoins>) -> Result<Relation> {
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
            TableFactor::Table { name, alias, args: None, sample, version: None, .. } => {
                let parts = names(&name);
                let own = parts.last().cloned().unwrap_or_default();
                let table = match alias {
                    Some(alias) => renamed(Relation::Table(parts), &alias),
                    None => Relation::Alias { input: Box::new(Relation::Table(parts)), name: own },
                };
                match sample {
                    Some(
                        ast::TableSampleKind::BeforeTableAlias(sample) | ast::TableSampleKind::AfterTableAlias(sample),
                    ) => self.sample(table, *sample)?,
                    None => table,
                }
            }
            TableFactor::Pivot {
                table,
                aggregate_functions,
                value_column,
                value_source,
                default_on_null: None,
                alias,
            } => {
                let [column] = value_column.as_slice() else {
                    return Err(unsupported("a PIVOT over several columns", &shown));
                };
                let ast::PivotValueSource::List(values) = value_source else {
                    return Err(unsupported("a PIVOT without a list of values", &shown));
                };
                let pivot = Relation::Pivot {
                    input: Box::new(self.table(*table)?),
                    keys: None,
                    column: self.expr(column.clone())?,
                    values: Some(self.with_aliases(values)?),
                    outputs: self.with_aliases(aggregate_functions)?,
                };
                with_alias(pivot, alias)
            }
            TableFactor::Table { name, alias, args: Some(args), .. } => {
                let arguments =
                    args.args.into_iter().map(|argument| self.table_argument(argument)).collect::<Result<_>>()?;
                with_alias(Relation::TableFunction { name: dotted(&name).to_lowercase(), arguments }, alias)
            }
            TableFactor::Function { lateral: false, name, args, alias, .. } => {
                let arguments =
                    args.into_iter().map(|argument| self.table_argument(argument)).collect::<Result<_>>()?;
                with_alias(Relation::TableFunction { name: dotted(&name).to_lowercase(), arguments }, alias)
            }
            TableFactor::Derived { lateral: false, subquery, alias, sample } => {
                let query = self.query(*subquery)?;
                let query = match sample {
                    Some(
                        ast::TableSampleKind::BeforeTableAlias(sample) | ast::TableSampleKind::AfterTableAlias(sample),
                    ) => self.sample(query, *sample)?,
                    None => query,
                };
                with_alias(query, alias)
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                with_alias(self.from(vec![*table_with_joins])?, alias)
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

    fn lateral_view(&self, input: Relation, view: ast::LateralView) -> Result<Relation> {
        Ok(Relation::LateralView {
            input: Box::new(input),
            generator: self.expr(view.lateral_view)?,
            outer: view.outer,
            table: dotted(&view.lateral_view_name),
            columns: view.lateral_col_alias.iter().map(ident).collect(),
        })
    }
}

/// The keys, where each part is one.
fn single(parts: &[Vec<Expr>]) -> Option<Vec<Expr>> {
    parts.iter().all(|part| part.len() == 1).then(|| parts.concat())
}

/// The whole number that literals and their sums, differences and products make.
fn whole(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Literal(ScalarValue::Int32(Some(rows))) => Some(i64::from(*rows)),
        Expr::Literal(ScalarValue::Int64(Some(rows))) => Some(*rows),
        Expr::Call(call) => match (call.name.as_str(), call.arguments.as_slice()) {
            ("+", [left, right]) => whole(left)?.checked_add(whole(right)?),
            ("-", [left, right]) => whole(left)?.checked_sub(whole(right)?),
            ("*", [left, right]) => whole(left)?.checked_mul(whole(right)?),
            ("-", [value]) => whole(value)?.checked_neg(),
            _ => None,
        },
        _ => None,
    }
}

/// The column that holds QUALIFY's condition on its way to the filter.
const QUALIFY: &str = "__firesteel_qualify";

pub(super) fn star(qualifier: Vec<String>, options: ast::WildcardAdditionalOptions) -> Result<Expr> {
    if options.opt_ilike.is_some()
        || options.opt_exclude.is_some()
        || options.opt_replace.is_some()
        || options.opt_rename.is_some()
    {
        return Err(unsupported("this *", &options));
    }
    Ok(match options.opt_except {
        None => Expr::Star(qualifier),
        Some(except) => {
            let except = std::iter::once(&except.first_element).chain(&except.additional_elements).map(ident).collect();
            Expr::StarExcept { qualifier, except }
        }
    })
}

fn window_of<'w>(windows: &'w [(String, WindowSpec)], name: &str) -> Result<&'w WindowSpec> {
    let found = windows.iter().find(|(known, _)| known == name);
    found
        .map(|(_, spec)| spec)
        .ok_or_else(|| Error::of(condition::MISSING_WINDOW_SPECIFICATION).with("windowName", format!("`{name}`")))
}

/// The expression with the definition of each window that it names.
fn with_windows(expr: Expr, windows: &[(String, WindowSpec)]) -> Result<Expr> {
    let mut missing = None;
    let expr = expr.map(&mut |expr| match expr {
        Expr::Window { function, spec } => {
            let spec = match &spec.named {
                None => spec,
                Some(name) => match window_of(windows, name) {
                    Ok(found) => Box::new(found.clone()),
                    Err(error) => {
                        missing = Some(error);
                        spec
                    }
                },
            };
            Expr::Window { function, spec }
        }
        other => other,
    });
    missing.map_or(Ok(expr), Err)
}

fn with_alias(relation: Relation, alias: Option<ast::TableAlias>) -> Relation {
    match alias {
        Some(alias) => renamed(relation, &alias),
        None => relation,
    }
}

/// `AS t(a, b)`.
fn renamed(relation: Relation, alias: &ast::TableAlias) -> Relation {
    let relation = if alias.columns.is_empty() {
        relation
    } else {
        Relation::RenameAll {
            input: Box::new(relation),
            names: alias.columns.iter().map(|column| ident(&column.name)).collect(),
        }
    };
    Relation::Alias { input: Box::new(relation), name: ident(&alias.name) }
}

/// Hints about partitions are refused, since they would have to be carried out; those that say how to join mean nothing in one process.
fn check_hints(text: &str) -> Result<()> {
    let mut depth = 0_usize;
    let names: String = text
        .chars()
        .map(|c| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ if depth == 0 => return c,
                _ => {}
            }
            ' '
        })
        .collect();
    let partitions = |name: &&str| {
        ["COALESCE", "REPARTITION", "REPARTITION_BY_RANGE"].iter().any(|hint| hint.eq_ignore_ascii_case(name))
    };
    match names.split([',', ' ']).find(partitions) {
        Some(name) => {
            Err(unsupported("a hint about partitions (the DataFrame's coalesce and repartition work)", &name))
        }
        None => Ok(()),
    }
}
