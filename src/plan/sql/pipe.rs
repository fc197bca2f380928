//! Pipes: `FROM t |> WHERE a > 1 |> SELECT b`.
//!
//! The parser knows `|>` with another dialect's operators. One of those is a call, whose arguments
//! may be queries. So each of Spark's operators is written as a call of its name before the parser
//! sees it. `|> WHERE a` becomes `|> CALL WHERE((SELECT * WHERE a))`. `|> JOIN t` becomes
//! `|> CALL JOIN((SELECT * FROM piped JOIN t))`.

use sqlparser::ast::{self, FunctionArg, FunctionArgExpr, FunctionArguments, PipeOperator, SetExpr};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Span, Token, TokenWithSpan, Word};

use super::{Sql, dotted, syntax_at_token, unsupported};
use crate::error::{Error, Result, condition};
use crate::plan::tree::{Expr, PipedOperator, Relation};

/// The tokens with each operator as a call.
pub(super) fn as_calls(tokens: Vec<TokenWithSpan>) -> Result<Vec<TokenWithSpan>> {
    if !tokens.iter().any(|token| token.token == Token::VerticalBarRightAngleBracket) {
        return Ok(tokens);
    }
    let mut written = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].token != Token::VerticalBarRightAngleBracket {
            written.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let end = at + 1 + extent(&tokens[at + 1..], |token| *token == Token::VerticalBarRightAngleBracket);
        let operator: Vec<_> =
            tokens[at + 1..end].iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).cloned().collect();
        if let Some(first) = operator.first() {
            let writer = Writer { span: first.span };
            written.push(tokens[at].clone());
            writer.call(first, &operator[1..], &mut written)?;
        }
        at = end;
    }
    Ok(written)
}

/// How many tokens there are before one that ends them, outside of parentheses.
fn extent(tokens: &[TokenWithSpan], ends: impl Fn(&Token) -> bool) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen if depth == 0 => return at,
            Token::RParen => depth -= 1,
            Token::SemiColon if depth == 0 => return at,
            token if depth == 0 && ends(token) => return at,
            _ => {}
        }
    }
    tokens.len()
}

fn is_keyword(token: &Token, keyword: Keyword) -> bool {
    matches!(token, Token::Word(word) if word.keyword == keyword)
}

/// Writes tokens that stand where the operator does.
struct Writer {
    span: Span,
}

impl Writer {
    fn token(&self, token: Token) -> TokenWithSpan {
        TokenWithSpan { token, span: self.span }
    }

    fn words(&self, text: &str) -> Vec<TokenWithSpan> {
        let word = |word: &str| match word {
            "*" => Token::Mul,
            word => Token::make_word(word, None),
        };
        text.split(' ').map(|part| self.token(word(part))).collect()
    }

    /// `CALL operator((query), (query))`.
    fn call(&self, operator: &TokenWithSpan, rest: &[TokenWithSpan], written: &mut Vec<TokenWithSpan>) -> Result<()> {
        let queries = self.queries(operator, rest)?;
        written.extend(self.words("CALL"));
        let Token::Word(Word { value, .. }) = &operator.token else { return Err(syntax_at_token(operator)) };
        written.push(self.token(Token::make_word(value, Some('`'))));
        written.push(self.token(Token::LParen));
        for (i, query) in queries.into_iter().enumerate() {
            if i > 0 {
                written.push(self.token(Token::Comma));
            }
            written.push(self.token(Token::LParen));
            written.extend(as_calls(query)?);
            written.push(self.token(Token::RParen));
        }
        written.push(self.token(Token::RParen));
        Ok(())
    }

    fn queries(&self, operator: &TokenWithSpan, rest: &[TokenWithSpan]) -> Result<Vec<Vec<TokenWithSpan>>> {
        let Token::Word(word) = &operator.token else { return Err(syntax_at_token(operator)) };
        let whole = || std::iter::once(operator).chain(rest).cloned();
        let begun = |head: &str, tokens: &mut dyn Iterator<Item = TokenWithSpan>| {
            self.words(head).into_iter().chain(tokens).collect::<Vec<_>>()
        };
        let one = match word.keyword {
            Keyword::SELECT => whole().collect(),
            Keyword::EXTEND | Keyword::DROP => begun("SELECT", &mut rest.iter().cloned()),
            Keyword::SET => begun("SELECT", &mut self.assignments(rest)?.into_iter()),
            Keyword::WHERE
            | Keyword::ORDER
            | Keyword::SORT
            | Keyword::CLUSTER
            | Keyword::DISTRIBUTE
            | Keyword::LIMIT
            | Keyword::OFFSET => begun("SELECT *", &mut whole()),
            Keyword::AS
            | Keyword::JOIN
            | Keyword::INNER
            | Keyword::LEFT
            | Keyword::RIGHT
            | Keyword::FULL
            | Keyword::CROSS
            | Keyword::NATURAL
            | Keyword::SEMI
            | Keyword::ANTI
            | Keyword::TABLESAMPLE
            | Keyword::PIVOT
            | Keyword::UNPIVOT
            | Keyword::UNION
            | Keyword::INTERSECT
            | Keyword::EXCEPT => begun("SELECT * FROM piped", &mut whole()),
            Keyword::MINUS => begun("SELECT * FROM piped EXCEPT", &mut rest.iter().cloned()),
            Keyword::AGGREGATE => return self.aggregation(rest),
            Keyword::WINDOW => {
                return Err(Error::of(condition::CLAUSE_WITH_PIPE_OPERATORS).with("clauses", "the WINDOW clause"));
            }
            _ => return Err(syntax_at_token(operator)),
        };
        Ok(vec![one])
    }

    /// `a = 1, b = 2` as `1 AS a, 2 AS b`.
    fn assignments(&self, tokens: &[TokenWithSpan]) -> Result<Vec<TokenWithSpan>> {
        let mut items = Vec::new();
        let mut rest = tokens;
        loop {
            let end = extent(rest, |token| *token == Token::Comma || is_keyword(token, Keyword::WINDOW));
            let (item, after) = rest.split_at(end);
            match item {
                [name, equals, value @ ..] if equals.token == Token::Eq && !value.is_empty() => {
                    items.extend(value.iter().cloned());
                    items.extend(self.words("AS"));
                    items.push(name.clone());
                }
                [_, point, ..] if point.token == Token::Period => {
                    return Err(Error::of(condition::OPERATION_NOT_ALLOWED)
                        .with("message", "SQL pipe syntax |> SET operator with multi-part assignment key (only single-part keys are allowed)"));
                }
                [] => return Err(syntax_at_token(after.first().unwrap_or(&self.token(Token::EOF)))),
                [name, ..] => return Err(syntax_at_token(item.get(1).unwrap_or(name))),
            }
            match after.split_first() {
                Some((comma, more)) if comma.token == Token::Comma => {
                    items.push(comma.clone());
                    rest = more;
                }
                _ => {
                    items.extend(after.iter().cloned());
                    return Ok(items);
                }
            }
        }
    }

    /// The aggregates, then the keys: each a select list, since keys may have names.
    fn aggregation(&self, rest: &[TokenWithSpan]) -> Result<Vec<Vec<TokenWithSpan>>> {
        let (outputs, keys) = rest.split_at(extent(rest, |token| is_keyword(token, Keyword::GROUP)));
        let keys = match keys {
            [] => keys,
            [_, by, keys @ ..] if is_keyword(&by.token, Keyword::BY) => keys,
            [group, ..] => return Err(syntax_at_token(group)),
        };
        let unsupported =
            |case: &str| Err(Error::of(condition::PIPE_OPERATOR_AGGREGATE_UNSUPPORTED_CASE).with("case", case));
        if let [all] = keys
            && is_keyword(&all.token, Keyword::ALL)
        {
            return unsupported("GROUP BY ALL");
        }
        let words = [
            (Keyword::ROLLUP, "GROUP BY ROLLUP"),
            (Keyword::CUBE, "GROUP BY CUBE"),
            (Keyword::GROUPING, "GROUPING SETS"),
        ];
        for (keyword, shown) in words {
            let modifier = |at: usize| at == 0 || is_keyword(&keys[at - 1].token, Keyword::WITH);
            if keys.iter().enumerate().any(|(at, token)| is_keyword(&token.token, keyword) && modifier(at)) {
                return unsupported(shown);
            }
        }
        if outputs.is_empty() && keys.is_empty() {
            return Err(Error::of(condition::OPERATION_NOT_ALLOWED)
                .with("message", "The AGGREGATE clause requires a list of aggregate expressions or a list of grouping expressions, or both"));
        }
        // A list may be empty, and a SELECT may not.
        let query = |list: &[TokenWithSpan]| {
            let mut query = self.words("SELECT");
            if list.is_empty() {
                query.extend(self.words("NULL WHERE FALSE"))
            } else {
                query.extend(list.iter().cloned())
            }
            query
        };
        Ok(vec![query(outputs), query(keys)])
    }
}

impl Sql {
    /// The rows of an operator that [`as_calls`] wrote.
    pub(super) fn piped(&self, input: Relation, operator: PipeOperator) -> Result<Relation> {
        let shown = operator.to_string();
        let PipeOperator::Call { function, .. } = operator else { return Err(unsupported("this pipe", &shown)) };
        let mut queries = queries(function.args);
        let Some(query) = queries.next() else { return Err(unsupported("this pipe", &shown)) };
        let name = dotted(&function.name).to_uppercase();
        let input = Box::new(Relation::Piped { input: Box::new(input), operator: PipedOperator::Rows });
        let operator = match name.as_str() {
            "UNION" | "INTERSECT" | "EXCEPT" | "MINUS" => return self.set_expr_over(*query.body, *input),
            "ORDER" | "SORT" | "CLUSTER" | "DISTRIBUTE" | "LIMIT" | "OFFSET" => return self.arranged(*input, query),
            "WHERE" => {
                let predicate = select(query)?.selection.ok_or_else(|| unsupported("this pipe", &shown))?;
                return Ok(Relation::Filter { input, predicate: self.expr(predicate)? });
            }
            "SELECT" => {
                let select = select(query)?;
                check_bare(&select)?;
                return self.select_over(*input, select);
            }
            "EXTEND" => PipedOperator::Extend(self.list(select(query)?)?),
            "DROP" => PipedOperator::Drop(self.list(select(query)?)?),
            "SET" => PipedOperator::Set(self.list(select(query)?)?),
            "AGGREGATE" => {
                let keys = queries.next().map(select).transpose()?;
                let outputs = self.list_if_any(select(query)?)?;
                PipedOperator::Aggregate {
                    keys: keys.map(|keys| self.list_if_any(keys)).transpose()?.unwrap_or_default(),
                    outputs,
                }
            }
            _ => return self.from_over(*input, select(query)?),
        };
        Ok(Relation::Piped { input, operator })
    }

    fn list(&self, mut select: ast::Select) -> Result<Vec<Expr>> {
        check_bare(&select)?;
        let windows = self.named_windows(std::mem::take(&mut select.named_window))?;
        self.select_list(select.projection, &windows)
    }

    /// The list of an aggregation, which has a condition where there is none.
    fn list_if_any(&self, select: ast::Select) -> Result<Vec<Expr>> {
        if select.selection.is_some() { Ok(Vec::new()) } else { self.list(select) }
    }
}

fn queries(arguments: FunctionArguments) -> impl Iterator<Item = ast::Query> {
    let arguments = match arguments {
        FunctionArguments::List(list) => list.args,
        _ => Vec::new(),
    };
    arguments.into_iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(ast::Expr::Subquery(query))) => Some(*query),
        _ => None,
    })
}

/// The SELECT that a query is, with nothing around it.
fn select(query: ast::Query) -> Result<ast::Select> {
    if query.order_by.is_some() || query.limit_clause.is_some() || query.with.is_some() {
        let clauses = "ORDER BY, LIMIT or OFFSET beside another clause";
        return Err(Error::of(condition::CLAUSE_WITH_PIPE_OPERATORS).with("clauses", clauses));
    }
    match *query.body {
        SetExpr::Select(select) => Ok(*select),
        other => Err(unsupported("this pipe", &other)),
    }
}

/// An error for a list with clauses that are operators of their own.
fn check_bare(select: &ast::Select) -> Result<()> {
    let grouped = !matches!(&select.group_by, ast::GroupByExpr::Expressions(keys, _) if keys.is_empty());
    let clauses = [
        ("the FROM clause", !select.from.is_empty()),
        ("the LATERAL VIEW clause", !select.lateral_views.is_empty()),
        ("the WHERE clause", select.selection.is_some()),
        ("the GROUP BY clause", grouped),
        ("the HAVING clause", select.having.is_some()),
        ("the QUALIFY clause", select.qualify.is_some()),
    ];
    match clauses.iter().find(|(_, there)| *there) {
        Some((clause, _)) => Err(Error::of(condition::CLAUSE_WITH_PIPE_OPERATORS).with("clauses", clause)),
        None => Ok(()),
    }
}
