//! Statements that are not queries: DROP, INSERT, SET, SHOW TABLES.

use sqlparser::ast;

use super::{Sql, dotted, lexer, names, unsupported};
use crate::error::{Error, Result, condition};
use crate::plan::tree::Statement;

/// `SET k=v`, which takes the rest of the line as it is, and so is read by hand.
pub(super) fn words(text: &str) -> Option<Result<Statement>> {
    let text = lexer::behind_comments(text).trim_end().trim_end_matches(';').trim();
    let mut words = text.splitn(2, char::is_whitespace);
    if !words.next()?.eq_ignore_ascii_case("set") {
        return None;
    }
    let rest = words.next().unwrap_or("").trim();
    let first = rest.split_whitespace().next().unwrap_or_default();
    // A variable is none of the session's keys.
    if ["var", "variable"].iter().any(|word| first.eq_ignore_ascii_case(word)) && first.len() < rest.len() {
        return None;
    }
    if let Some(zone) = after_time_zone(rest) {
        let set = |value| Statement::Set { key: Some("spark.sql.session.timeZone".to_owned()), value: Some(value) };
        return Some(time_zone(zone).map(set));
    }
    if rest.is_empty() || rest == "-v" {
        return Some(Ok(Statement::Set { key: None, value: None }));
    }
    let (key, value) = match rest.split_once('=') {
        Some((key, value)) => (key.trim(), Some(unquoted(value.trim()).to_owned())),
        None => (rest, None),
    };
    let name = unquoted(key);
    let is_plain = |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':'));
    if name.is_empty() || name == key && !is_plain(key) {
        return Some(Err(Error::of(condition::INVALID_SET_SYNTAX).with("found", text)));
    }
    Some(Ok(Statement::Set { key: Some(name.to_owned()), value }))
}

/// A word without the backquotes around it.
fn unquoted(word: &str) -> &str {
    word.strip_prefix('`').and_then(|word| word.strip_suffix('`')).unwrap_or(word)
}

/// `DROP TEMPORARY FUNCTION [IF EXISTS] name`, which the parser does not know.
pub(super) fn drop_temporary_function(text: &str) -> Option<Result<Statement>> {
    let text = text.trim().trim_end_matches(';').trim();
    let mut words = text.split_whitespace();
    let mut is = |wanted: &str| words.next().is_some_and(|word| word.eq_ignore_ascii_case(wanted));
    if !(is("drop") && is("temporary") && is("function")) {
        return None;
    }
    let rest: Vec<&str> = text.split_whitespace().skip(3).collect();
    let (if_exists, name) = match rest.as_slice() {
        [first, second, name] if first.eq_ignore_ascii_case("if") && second.eq_ignore_ascii_case("exists") => {
            (true, name)
        }
        [name] => (false, name),
        _ => {
            return Some(Err(Error::of(condition::PARSE_SYNTAX_ERROR).with("error", "DROP").with("hint", "")));
        }
    };
    let name = name.split('.').map(|part| part.trim_matches('`').to_owned()).collect();
    Some(Ok(Statement::DropFunction { name, temporary: true, if_exists }))
}

/// What follows `TIME ZONE`.
fn after_time_zone(rest: &str) -> Option<&str> {
    let (time, rest) = rest.split_once(char::is_whitespace)?;
    let (zone, value) = rest.trim_start().split_at_checked("zone".len())?;
    let alone = value.is_empty() || value.starts_with(|c: char| c.is_whitespace() || matches!(c, '\'' | '"'));
    (time.eq_ignore_ascii_case("time") && zone.eq_ignore_ascii_case("zone") && alone).then(|| value.trim())
}

/// The zone of `SET TIME ZONE 'Europe/Paris'`.
fn time_zone(value: &str) -> Result<String> {
    let quoted = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(zone) = quoted('\'').or_else(|| quoted('"')) {
        return Ok(zone.to_owned());
    }
    let word = value.split_whitespace().next().unwrap_or_default();
    if ["local", "interval"].iter().any(|known| word.eq_ignore_ascii_case(known)) {
        return Err(unsupported("SET TIME ZONE with other than a zone's name in quotes", &value));
    }
    Err(Error::of(condition::INVALID_TIME_ZONE_STATEMENT).with("found", value))
}

/// `SHOW TABLES [IN database] [LIKE 'pattern']`.
fn show_tables(options: ast::ShowStatementOptions, shown: &str) -> Result<Statement> {
    use ast::{ShowStatementFilter as Filter, ShowStatementFilterPosition as Position};
    let ast::ShowStatementOptions { show_in, starts_with: None, limit: None, limit_from: None, filter_position } =
        options
    else {
        return Err(unsupported("the statement", &shown));
    };
    let database = match show_in {
        None => None,
        Some(ast::ShowStatementIn { parent_type: None, parent_name: Some(name), .. }) => Some(dotted(&name)),
        Some(_) => return Err(unsupported("the statement", &shown)),
    };
    let pattern = match filter_position {
        None => None,
        Some(Position::Infix(filter) | Position::Suffix(filter)) => match filter {
            Filter::Like(pattern) | Filter::NoKeyword(pattern) => Some(pattern),
            _ => return Err(unsupported("the statement", &shown)),
        },
    };
    Ok(Statement::ShowTables { database, pattern })
}

impl Sql {
    pub(super) fn to_statement(&self, statement: ast::Statement) -> Result<Statement> {
        let shown = statement.to_string();
        Ok(match statement {
            ast::Statement::Query(query) => Statement::Query(self.query(*query)?),
            ast::Statement::CreateView(_) => {
                return Err(unsupported("a view that is not TEMPORARY", &shown));
            }
            ast::Statement::Drop { object_type, if_exists, names: dropped, .. } if dropped.len() == 1 => {
                match object_type {
                    ast::ObjectType::View => Statement::DropView { name: names(&dropped[0]), if_exists },
                    ast::ObjectType::Table => Statement::DropTable { name: names(&dropped[0]), if_exists },
                    _ => return Err(unsupported("the statement", &shown)),
                }
            }
            ast::Statement::DropFunction(ast::DropFunction { if_exists, func_desc, drop_behavior: None })
                if func_desc.len() == 1 && func_desc[0].args.is_none() =>
            {
                Statement::DropFunction { name: names(&func_desc[0].name), temporary: false, if_exists }
            }
            ast::Statement::Insert(insert) if insert.partitioned.is_some() || !insert.after_columns.is_empty() => {
                return Err(unsupported("INSERT with PARTITION", &shown));
            }
            ast::Statement::Insert(insert) => match (insert.table, insert.source) {
                (ast::TableObject::TableName(table), Some(source)) => Statement::Insert {
                    table: names(&table),
                    columns: insert.columns.iter().map(|column| column.to_string()).collect(),
                    overwrite: insert.overwrite,
                    query: self.query(*source)?,
                },
                _ => return Err(unsupported("the statement", &shown)),
            },
            ast::Statement::ShowTables {
                terse: false,
                history: false,
                extended: false,
                full: false,
                external: false,
                show_options,
            } => show_tables(show_options, &shown)?,
            ast::Statement::ExplainTable { table_name, .. } => Statement::Describe { table: names(&table_name) },
            _ => return Err(unsupported("the statement", &shown)),
        })
    }
}
