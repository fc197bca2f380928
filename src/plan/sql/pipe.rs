//! Pipes: `FROM t |> WHERE a > 1 |> SELECT b`.
//!
//! The parser knows `|>` with another dialect's operators. One of those is a call, whose arguments
//! may be queries. So each of Spark's operators is written as a call of its name before the parser
//! sees it. `|> WHERE a` becomes `|> CALL WHERE((SELECT * WHERE a))`. `|> JOIN t` becomes
//! `|> CALL JOIN((SELECT * FROM piped JOIN t))`.

use sqlparser::ast::{self, FunctionArg, FunctionArgExpr, FunctionArguments, PipeOperator, SetExpr};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Span, Token, TokenWithSpan, Word};

use super::tokens::{extent, is_keyword, keyword_of};
use super::{Sql, dotted, syntax_at, syntax_at_token, unsupported};
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
        let is_pipe = |rest: &[TokenWithSpan]| rest[0].token == Token::VerticalBarRightAngleBracket;
        let end = at + 1 + extent_of(&tokens[at + 1..], is_pipe);
        let operator: Vec<_> =
            tokens[at + 1..end].iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).cloned().collect();
        for piece in pieces(&operator) {
            let writer = TokenWriter { span: piece[0].span };
            written.push(tokens[at].clone());
            writer.call(&piece[0], &piece[1..], &mut written)?;
        }
        at = end;
    }
    Ok(written)
}

/// An operator, and the clauses behind it, which are of the whole query so far: its order, its
/// limit, and sets of rows that it is put together with. Each of those is an operator of its own.
fn pieces(operator: &[TokenWithSpan]) -> Vec<&[TokenWithSpan]> {
    let mut pieces = Vec::new();
    let mut rest = operator;
    while let Some(head) = rest.first() {
        let is_first = pieces.is_empty();
        let (mut rank, own) = (clause_rank(&head.token), clause_rank(&head.token));
        let mut before = &head.token;
        let mut depth = 0_usize;
        let mut end = rest.len();
        for (at, token) in rest.iter().enumerate().skip(1) {
            let next = rest.get(at + 1).map_or(&Token::EOF, |next| &next.token);
            let begins = depth == 0
                && match tail(before, &token.token, next) {
                    Some(TailClause::Set) => true,
                    // Clauses that follow in their order stay together: `LIMIT 2 OFFSET 1` is one,
                    // and Spark refuses `|> ORDER BY a LIMIT 2`.
                    Some(TailClause::Arrangement(next)) => {
                        let stays = rank.is_some_and(|rank| rank < next) && (is_first || own == Some(LIMIT_RANK));
                        rank = Some(next);
                        !stays
                    }
                    None => false,
                };
            if begins {
                end = at;
                break;
            }
            match token.token {
                Token::LParen => depth += 1,
                Token::RParen => depth = depth.saturating_sub(1),
                _ => {}
            }
            before = &token.token;
        }
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// A clause of the whole query.
enum TailClause {
    Set,
    /// Its place among the clauses that order and limit.
    Arrangement(u8),
}

const LIMIT_RANK: u8 = 1;

/// The place of a clause that orders or limits rows.
fn clause_rank(token: &Token) -> Option<u8> {
    match keyword_of(token) {
        Keyword::ORDER | Keyword::SORT | Keyword::CLUSTER | Keyword::DISTRIBUTE => Some(0),
        Keyword::LIMIT => Some(LIMIT_RANK),
        Keyword::OFFSET => Some(2),
        _ => None,
    }
}

/// The clause that a word between two tokens begins. The words may be names, too.
fn tail(before: &Token, word: &Token, next: &Token) -> Option<TailClause> {
    let is = |keywords: &[Keyword]| keywords.iter().any(|keyword| is_keyword(next, *keyword));
    match keyword_of(word) {
        Keyword::ORDER | Keyword::SORT | Keyword::CLUSTER | Keyword::DISTRIBUTE if !is(&[Keyword::BY]) => None,
        Keyword::LIMIT | Keyword::OFFSET if !matches!(next, Token::Number(..)) && !is(&[Keyword::ALL]) => None,
        // `* EXCEPT (a)` leaves columns out.
        Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT | Keyword::MINUS if *before != Token::Mul => {
            let query =
                [Keyword::ALL, Keyword::DISTINCT, Keyword::SELECT, Keyword::VALUES, Keyword::TABLE, Keyword::FROM];
            (*next == Token::LParen || is(&query)).then_some(TailClause::Set)
        }
        _ => clause_rank(word).map(TailClause::Arrangement),
    }
}

/// How many tokens there are before some that end them.
fn extent_of(tokens: &[TokenWithSpan], ends: impl Fn(&[TokenWithSpan]) -> bool) -> usize {
    extent(tokens.iter(), |at| ends(&tokens[at..]))
}

/// Whether the tokens begin with `WINDOW name AS`: a column may be called `window`.
fn begins_windows(tokens: &[TokenWithSpan]) -> bool {
    matches!(tokens, [first, name, behind, ..]
        if is_keyword(&first.token, Keyword::WINDOW)
            && matches!(name.token, Token::Word(_))
            && is_keyword(&behind.token, Keyword::AS))
}

fn begins_keys(tokens: &[TokenWithSpan]) -> bool {
    matches!(tokens, [group, by, ..] if is_keyword(&group.token, Keyword::GROUP) && is_keyword(&by.token, Keyword::BY))
}

/// Writes tokens that stand where the operator does.
struct TokenWriter {
    span: Span,
}

impl TokenWriter {
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

    /// `CALL operator((query), (query))`. An empty query is written as NULL.
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
            if query.is_empty() {
                written.extend(self.words("NULL"));
                continue;
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
            let end = extent_of(rest, |rest| rest[0].token == Token::Comma || begins_windows(rest));
            let (item, after) = rest.split_at(end);
            match item {
                [name, equals, value @ ..]
                    if matches!(equals.token, Token::Eq | Token::DoubleEq) && !value.is_empty() =>
                {
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
        let (outputs, keys) = rest.split_at(extent_of(rest, begins_keys));
        let keys = keys.get(2..).unwrap_or_default();
        let unsupported =
            |case: &str| Err(Error::of(condition::PIPE_OPERATOR_AGGREGATE_UNSUPPORTED_CASE).with("case", case));
        if let [all] = keys
            && is_keyword(&all.token, Keyword::ALL)
        {
            return unsupported("GROUP BY ALL");
        }
        let words = [("ROLLUP", "GROUP BY ROLLUP"), ("CUBE", "GROUP BY CUBE"), ("GROUPING", "GROUPING SETS")];
        let is = |token: &Token, text: &str| matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text));
        for (word, shown) in words {
            let modifier = |at: usize| match at {
                // A column may have that name.
                0 => keys
                    .get(1)
                    .is_some_and(|next| next.token == Token::LParen || is_keyword(&next.token, Keyword::SETS)),
                _ => is_keyword(&keys[at - 1].token, Keyword::WITH),
            };
            if keys.iter().enumerate().any(|(at, token)| is(&token.token, word) && modifier(at)) {
                return unsupported(shown);
            }
        }
        if outputs.is_empty() && keys.is_empty() {
            return Err(Error::of(condition::OPERATION_NOT_ALLOWED)
                .with("message", "The AGGREGATE clause requires a list of aggregate expressions or a list of grouping expressions, or both"));
        }
        let query = |list: &[TokenWithSpan]| match list {
            [] => Vec::new(),
            list => self.words("SELECT").into_iter().chain(list.iter().cloned()).collect(),
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
        let first = queries.next().flatten();
        let name = dotted(&function.name).to_uppercase();
        let input = Box::new(Relation::Piped { input: Box::new(input), operator: PipedOperator::Rows });
        if name == "AGGREGATE" {
            let list = |query: Option<ast::Query>| query.map_or_else(|| Ok(Vec::new()), |query| self.list(query));
            let (outputs, keys) = (list(first)?, list(queries.next().flatten())?);
            return Ok(Relation::Piped { input, operator: PipedOperator::Aggregate { keys, outputs } });
        }
        let query = first.ok_or_else(|| unsupported("this pipe", &shown))?;
        let operator = match name.as_str() {
            "UNION" | "INTERSECT" | "EXCEPT" | "MINUS" => return self.set_expr_over(*query.body, *input),
            "ORDER" | "SORT" | "CLUSTER" | "DISTRIBUTE" | "LIMIT" | "OFFSET" => return self.arranged(*input, query),
            "WHERE" => {
                let mut select = select(query)?;
                let predicate = select.selection.take().ok_or_else(|| unsupported("this pipe", &shown))?;
                if !select.named_window.is_empty() {
                    return Err(Error::of(condition::NOT_ALLOWED_IN_PIPE_OPERATOR_WHERE));
                }
                check_alone(&select)?;
                return Ok(Relation::Filter { input, predicate: self.expr(predicate)? });
            }
            "SELECT" => {
                let select = select(query)?;
                check_list(&select)?;
                return self.select_over(*input, select);
            }
            "EXTEND" => PipedOperator::Extend(self.list(query)?),
            "DROP" => PipedOperator::Drop(self.list(query)?),
            "SET" => PipedOperator::Set(self.list(query)?),
            _ => {
                let mut select = select(query)?;
                let from = std::mem::take(&mut select.from);
                check_alone(&select)?;
                return self.from_over(*input, from);
            }
        };
        Ok(Relation::Piped { input, operator })
    }

    fn list(&self, query: ast::Query) -> Result<Vec<Expr>> {
        let mut select = select(query)?;
        check_list(&select)?;
        if select.distinct.is_some() {
            return Err(syntax_at("'DISTINCT'", ": this pipe |> takes a list of expressions"));
        }
        let windows = self.named_windows(std::mem::take(&mut select.named_window))?;
        self.select_list(select.projection, &windows)
    }
}

/// The queries of an operator; none in the place of one that is empty.
fn queries(arguments: FunctionArguments) -> impl Iterator<Item = Option<ast::Query>> {
    let arguments = match arguments {
        FunctionArguments::List(list) => list.args,
        _ => Vec::new(),
    };
    arguments.into_iter().map(|argument| match argument {
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

/// An error for clauses of a SELECT behind an operator that takes none.
fn check_alone(select: &ast::Select) -> Result<()> {
    check_list(select)?;
    match select.named_window.first() {
        Some(_) => Err(syntax_at("'WINDOW'", ": this pipe |> has no windows")),
        None => Ok(()),
    }
}

/// An error for clauses behind a select list, which are operators of their own.
fn check_list(select: &ast::Select) -> Result<()> {
    let grouped = !matches!(&select.group_by, ast::GroupByExpr::Expressions(keys, _) if keys.is_empty());
    let clauses = [
        ("FROM", !select.from.is_empty()),
        ("LATERAL VIEW", !select.lateral_views.is_empty()),
        ("WHERE", select.selection.is_some()),
        ("GROUP BY", grouped),
        ("HAVING", select.having.is_some()),
        ("QUALIFY", select.qualify.is_some()),
    ];
    match clauses.iter().find(|(_, there)| *there) {
        Some((clause, _)) => Err(syntax_at(&format!("'{clause}'"), ": write it as a pipe |> of its own")),
        None => Ok(()),
    }
}
