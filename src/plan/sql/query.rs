//! Queries: SELECT and what stands around it.

use datafusion::common::ScalarValue;
use sqlparser::ast::{self, SelectItem, SetExpr, SetOperator, SetQuantifier};

use super::from::renamed;
use super::literal::unsupported_typed_literal;
use super::{Sql, ident, names, syntax_at, unsupported};
use crate::error::{Error, Result, condition};
use crate::plan::tree::{DistinctBy, Expr, Relation, WindowSpec};
use crate::runtime::stack;
use crate::types::name_case::NameCase;

impl Sql {
    pub(super) fn query(&self, query: ast::Query) -> Result<Relation> {
        stack::step(|| self.whole_query(query))
    }

    fn whole_query(&self, query: ast::Query) -> Result<Relation> {
        if query.fetch.is_some() || !query.locks.is_empty() {
            return Err(unsupported("FETCH or a lock", &query));
        }
        if let Some(clause) = &query.for_clause {
            return Err(syntax_at(&format!("'{clause}'"), ""));
        }
        let arranged = query.order_by.is_some() || query.limit_clause.is_some();
        if arranged && !query.pipe_operators.is_empty() {
            return Err(syntax_at("'|>'", ": write ORDER BY, LIMIT and OFFSET before it as pipes of their own"));
        }
        let mut relation = self.set_expr(*query.body)?;
        if let Some(order_by) = query.order_by {
            relation = self.ordered(relation, order_by)?;
        }
        if let Some(limit) = query.limit_clause {
            relation = self.limit(relation, limit)?;
        }
        for operator in query.pipe_operators {
            relation = self.piped(relation, operator)?;
        }
        let Some(with) = query.with else { return Ok(relation) };
        if with.recursive {
            return Err(unsupported("WITH RECURSIVE", &with));
        }
        let names = with.cte_tables.iter().map(|table| table.alias.name.value.as_str());
        if let Some(twice) = NameCase::Ignored.repeated(names) {
            return Err(Error::of(condition::DUPLICATED_CTE_NAMES).with("duplicateNames", format!("`{twice}`")));
        }
        let tables = with
            .cte_tables
            .into_iter()
            .map(|table| {
                let name = ident(&table.alias.name);
                Ok((name, renamed(self.query(*table.query)?, &table.alias)?))
            })
            .collect::<Result<_>>()?;
        Ok(Relation::With { tables, input: Box::new(relation) })
    }

    fn ordered(&self, input: Relation, order_by: ast::OrderBy) -> Result<Relation> {
        let ast::OrderByKind::Expressions(order) = order_by.kind else {
            return Err(unsupported("this ORDER BY", &order_by));
        };
        Ok(Relation::Sort { input: Box::new(input), order: self.order(order)?, global: true })
    }

    /// The rows in another order, or some of them: the clauses of a query without its SELECT.
    pub(super) fn arranged(&self, input: Relation, query: ast::Query) -> Result<Relation> {
        let SetExpr::Select(select) = *query.body else { return Err(unsupported("this pipe", &query.body)) };
        let clauses = [
            ("ORDER BY", query.order_by.is_some()),
            ("SORT BY", !select.sort_by.is_empty()),
            ("DISTRIBUTE BY", !select.distribute_by.is_empty()),
            ("CLUSTER BY", !select.cluster_by.is_empty()),
            ("LIMIT", query.limit_clause.is_some()),
        ];
        let mut given = clauses.iter().filter(|(_, given)| *given).map(|(clause, _)| *clause);
        if let (Some(first), Some(second)) = (given.next(), given.next()) {
            return Err(Error::of(condition::MULTIPLE_QUERY_RESULT_CLAUSES)
                .with("clause1", first)
                .with("clause2", second));
        }
        if let Some(order_by) = query.order_by {
            return self.ordered(input, order_by);
        }
        match query.limit_clause {
            Some(limit) => self.limit(input, limit),
            None => self.spread(input, &select.cluster_by, select.distribute_by, select.sort_by),
        }
    }

    /// `CLUSTER BY`, `DISTRIBUTE BY`, `SORT BY`.
    fn spread(
        &self,
        input: Relation,
        cluster_by: &[ast::Expr],
        distribute_by: Vec<ast::Expr>,
        sort_by: Vec<ast::OrderByExpr>,
    ) -> Result<Relation> {
        if let Some(by) = cluster_by.first() {
            return Err(unsupported("CLUSTER BY", by));
        }
        let mut relation = input;
        if !distribute_by.is_empty() {
            let by = self.exprs(distribute_by)?;
            relation = Relation::Repartition { input: Box::new(relation), partitions: None, by };
        }
        if !sort_by.is_empty() {
            relation = Relation::Sort { input: Box::new(relation), order: self.order(sort_by)?, global: false };
        }
        Ok(relation)
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

    pub(super) fn count(&self, clause: &str, expr: ast::Expr) -> Result<u64> {
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

    /// A set operation whose leftmost input is given.
    pub(super) fn set_expr_over(&self, body: SetExpr, input: Relation) -> Result<Relation> {
        match body {
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                let left = self.set_expr_over(*left, input)?;
                combined(left, op, set_quantifier, self.set_expr(*right)?)
            }
            _ => Ok(input),
        }
    }

    fn set_operation(&self, body: SetExpr) -> Result<Relation> {
        match body {
            SetExpr::Select(select) => self.select(*select),
            SetExpr::Query(query) => self.query(*query),
            SetExpr::Values(values) => self.values(values),
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                let (left, right) = (self.set_expr(*left)?, self.set_expr(*right)?);
                combined(left, op, set_quantifier, right)
            }
            other => Err(unsupported("this query", &other)),
        }
    }

    fn values(&self, values: ast::Values) -> Result<Relation> {
        let rows = values.rows.into_iter().map(|row| Ok(unpacked(self.exprs(row.content)?)));
        Ok(Relation::Values(rows.collect::<Result<_>>()?))
    }

    fn select(&self, mut select: ast::Select) -> Result<Relation> {
        let input = self.from(std::mem::take(&mut select.from))?;
        self.select_over(input, select)
    }

    /// A SELECT of the rows that its FROM gave.
    pub(super) fn select_over(&self, input: Relation, select: ast::Select) -> Result<Relation> {
        let shown = select.to_string();
        if select.top.is_some() || select.into.is_some() || !select.connect_by.is_empty() {
            return Err(unsupported("TOP, INTO or CONNECT BY", &shown));
        }
        let windows = self.named_windows(select.named_window)?;
        let mut relation = input;
        for view in select.lateral_views {
            relation = self.lateral_view(relation, view)?;
        }
        if let Some(predicate) = select.selection {
            relation = Relation::Filter { input: Box::new(relation), predicate: self.expr(predicate)? };
        }
        let mut outputs = self.select_list(select.projection, &windows)?;
        if outputs.is_empty() {
            // `FROM t` alone.
            outputs.push(Expr::Star(Vec::new()));
        }
        let qualify = select.qualify.map(|qualify| with_windows(self.expr(qualify)?, &windows)).transpose()?;
        let qualified = qualify.is_some();
        if qualified && !outputs.iter().chain(&qualify).any(has_window) {
            return Err(Error::of(condition::QUALIFY_REQUIRES_WINDOW_FUNCTION));
        }
        outputs.extend(qualify.map(|condition| condition.alias(QUALIFY)));
        let having = select.having.map(|having| self.expr(having)).transpose()?;
        relation = match self.grouping(select.group_by, having.is_some())? {
            Some(keys) => Relation::Aggregate { input: Box::new(relation), keys, outputs, with_keys: false, having },
            None => Relation::Project { input: Box::new(relation), expressions: outputs },
        };
        if qualified {
            let condition = || Expr::column([QUALIFY]);
            // As a part, for QUALIFY takes NULL, which WHERE alone does not.
            let predicate = Expr::call("and", vec![condition(), Expr::Literal(ScalarValue::Boolean(Some(true)))]);
            let kept = Relation::Filter { input: Box::new(relation), predicate };
            relation = Relation::Drop { input: Box::new(kept), columns: vec![condition()] };
        }
        match select.distinct {
            None | Some(ast::Distinct::All) => {}
            Some(ast::Distinct::Distinct) => {
                relation = Relation::Distinct { input: Box::new(relation), subset: None, by: DistinctBy::Group }
            }
            Some(ast::Distinct::On(_)) => return Err(unsupported("DISTINCT ON", &shown)),
        }
        relation = self.spread(relation, &select.cluster_by, select.distribute_by, select.sort_by)?;
        for hint in &select.optimizer_hints {
            check_hints(&hint.text)?;
            relation = Relation::Hint { input: Box::new(relation), name: hint.text.trim().to_owned() };
        }
        Ok(relation)
    }

    pub(super) fn select_list(&self, items: Vec<SelectItem>, windows: &[(String, WindowSpec)]) -> Result<Vec<Expr>> {
        items.into_iter().map(|item| with_windows(self.select_item(item)?, windows)).collect()
    }

    pub(super) fn select_item(&self, item: SelectItem) -> Result<Expr> {
        Ok(match item {
            SelectItem::UnnamedExpr(expr) => self.expr(expr)?,
            SelectItem::ExprWithAlias { expr: ast::Expr::Identifier(word), alias } if is_text(&alias) => {
                return Err(unsupported_typed_literal(&word.value));
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                check_names(std::iter::once(&alias))?;
                self.expr(expr)?.alias(ident(&alias))
            }
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
    pub(super) fn named_windows(&self, windows: Vec<ast::NamedWindowDefinition>) -> Result<Vec<(String, WindowSpec)>> {
        let mut named: Vec<(String, WindowSpec)> = Vec::new();
        for ast::NamedWindowDefinition(name, definition) in windows {
            let spec = match definition {
                ast::NamedWindowExpr::WindowSpec(spec) => self.window(spec)?,
                ast::NamedWindowExpr::NamedWindow(other) => window_of(&named, &ident(&other))?.clone(),
            };
            if named.iter().any(|(other, _)| *other == name.value) {
                return Err(Error::of(condition::REPETITIVE_WINDOW_DEFINITION).with("windowName", &name.value));
            }
            named.push((ident(&name), spec));
        }
        Ok(named)
    }
}

/// Whether a window function is in an expression.
fn has_window(expr: &Expr) -> bool {
    let mut rest = vec![expr];
    while let Some(expr) = rest.pop() {
        if matches!(expr, Expr::Window { .. }) {
            return true;
        }
        expr.children(&mut |child| rest.push(child));
    }
    false
}

/// Two inputs by a set operation.
fn combined(left: Relation, op: SetOperator, quantifier: SetQuantifier, right: Relation) -> Result<Relation> {
    let all = match quantifier {
        SetQuantifier::All => true,
        SetQuantifier::Distinct | SetQuantifier::None => false,
        SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName => {
            return Err(syntax_at("'BY'", ": unionByName() of a DataFrame goes by name"));
        }
    };
    Ok(match op {
        SetOperator::Union => {
            let union = Relation::Union { inputs: vec![left, right], by_name: false, allow_missing: false };
            if all { union } else { Relation::Distinct { input: Box::new(union), subset: None, by: DistinctBy::Group } }
        }
        SetOperator::Intersect | SetOperator::Except | SetOperator::Minus => Relation::SetOperation {
            left: Box::new(left),
            right: Box::new(right),
            except: op != SetOperator::Intersect,
            all,
        },
    })
}

/// Whether the parser took a text for a name.
pub(super) fn is_text(name: &ast::Ident) -> bool {
    matches!(name.quote_style, Some('\'' | '"'))
}

/// An error for a text in the place of a name.
pub(super) fn check_names<'n>(mut names: impl Iterator<Item = &'n ast::Ident>) -> Result<()> {
    match names.find(|name| is_text(name)) {
        Some(text) => Err(syntax_at(&text.to_string(), ": a name goes without quotes, or in backquotes")),
        None => Ok(()),
    }
}

/// A row of VALUES: `struct(1, 2)` alone is one of two columns.
fn unpacked(mut row: Vec<Expr>) -> Vec<Expr> {
    match (row.pop(), row.is_empty()) {
        (Some(only), true) => fields_of(only),
        (last, _) => row.into_iter().chain(last).collect(),
    }
}

/// The values of `struct(…)` or `(…)`; another expression is one value.
pub(super) fn fields_of(expr: Expr) -> Vec<Expr> {
    match expr {
        Expr::Call(call) if call.name.eq_ignore_ascii_case("struct") => {
            let fields = call.arguments.into_iter();
            fields.map(|field| if let Expr::Alias { input, .. } = field { *input } else { field }).collect()
        }
        other => vec![other],
    }
}

/// The whole number that literals and their sums, differences and products make.
fn whole(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Literal(ScalarValue::Int32(Some(rows))) => Some(i64::from(*rows)),
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

/// Hints about partitions are refused, since they would have to be carried out; those that say how
/// to join mean nothing in one process.
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
