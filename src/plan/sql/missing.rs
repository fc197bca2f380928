//! Statements and clauses of Spark's that are not here. Each is refused by its name, which says
//! more than a syntax error.

use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::tokens::is_keyword;
use crate::error::{Error, condition};

/// Beginnings of statements.
const STATEMENTS: &[&str] = &[
    "ADD ARCHIVE",
    "ADD FILE",
    "ADD JAR",
    "ALTER DATABASE",
    "ALTER SCHEMA",
    "ALTER TABLE",
    "ALTER VIEW",
    "ANALYZE TABLE",
    "ANALYZE TABLES",
    "BEGIN",
    "CACHE LAZY TABLE",
    "CACHE TABLE",
    "CALL",
    "CLEAR CACHE",
    "COMMENT ON",
    "CREATE DATABASE",
    "CREATE FUNCTION",
    "CREATE OR REPLACE FUNCTION",
    "CREATE OR REPLACE TEMPORARY FUNCTION",
    "CREATE SCHEMA",
    "CREATE TEMPORARY FUNCTION",
    "DECLARE",
    "DELETE FROM",
    "DESC CATALOG",
    "DESC DATABASE",
    "DESC FUNCTION",
    "DESC QUERY",
    "DESC SCHEMA",
    "DESCRIBE CATALOG",
    "DESCRIBE DATABASE",
    "DESCRIBE FUNCTION",
    "DESCRIBE QUERY",
    "DESCRIBE SCHEMA",
    "DROP DATABASE",
    "DROP SCHEMA",
    "DROP TEMPORARY VARIABLE",
    "EXECUTE IMMEDIATE",
    "EXPLAIN",
    "INSERT OVERWRITE DIRECTORY",
    "INSERT OVERWRITE LOCAL DIRECTORY",
    "LIST ARCHIVES",
    "LIST FILES",
    "LIST JARS",
    "LOAD DATA",
    "MERGE INTO",
    "MSCK REPAIR TABLE",
    "REFRESH",
    "REPAIR TABLE",
    "REPLACE TABLE",
    "RESET",
    "SET VAR",
    "SET VARIABLE",
    "SHOW CATALOGS",
    "SHOW COLUMNS",
    "SHOW CREATE TABLE",
    "SHOW CURRENT",
    "SHOW DATABASES",
    "SHOW FUNCTIONS",
    "SHOW PARTITIONS",
    "SHOW SCHEMAS",
    "SHOW TABLE EXTENDED",
    "SHOW TBLPROPERTIES",
    "SHOW VIEWS",
    "TRUNCATE TABLE",
    "UNCACHE TABLE",
    "UPDATE",
    "USE",
];

/// Clauses to look for where the parser finds a syntax error: the beginning of their statement,
/// their words, and their name.
const CLAUSES: &[(&str, &str, &str)] = &[
    ("", "FOR TIMESTAMP AS OF", "time travel, FOR TIMESTAMP AS OF"),
    ("", "FOR VERSION AS OF", "time travel, FOR VERSION AS OF"),
    ("INSERT", "BY NAME", "INSERT … BY NAME"),
    ("", "SELECT TRANSFORM (", "SELECT TRANSFORM"),
    ("", "AS INTERVAL YEAR", "a cast to an interval type"),
    ("", "AS INTERVAL MONTH", "a cast to an interval type"),
    ("", "AS INTERVAL DAY", "a cast to an interval type"),
    ("", "AS INTERVAL HOUR", "a cast to an interval type"),
    ("", "AS INTERVAL MINUTE", "a cast to an interval type"),
    ("", "AS INTERVAL SECOND", "a cast to an interval type"),
    ("INSERT", "REPLACE WHERE", "INSERT … REPLACE WHERE"),
];

/// Whether the tokens begin with these words.
fn begin<'t>(mut tokens: impl Iterator<Item = &'t Token>, phrase: &str) -> bool {
    phrase.split_whitespace().all(|wanted| match tokens.next() {
        Some(Token::Word(word)) => word.quote_style.is_none() && word.value.eq_ignore_ascii_case(wanted),
        Some(token) => token.to_string() == wanted,
        None => false,
    })
}

fn refused(what: &str) -> Error {
    Error::unsupported(format!("SQL: {what} is not implemented in Firesteel"))
}

/// The error for a statement that is not here.
pub(super) fn statement(parser: &Parser<'_>) -> Option<Error> {
    let first: Vec<_> = (0..LONGEST).map(|at| parser.peek_nth_token(at).token).collect();
    let known = STATEMENTS.iter().find(|phrase| begin(first.iter(), phrase))?;
    Some(refused(&format!("the statement {known}")))
}

/// How many words a beginning may have.
const LONGEST: usize = 5;

/// The error for a clause that is not here, or for the comma before FROM, in a text that the parser
/// does not take.
pub(super) fn clause(parser: Parser<'_>) -> Option<Error> {
    let tokens = parser.into_tokens();
    let tokens: Vec<_> =
        tokens.iter().map(|token| &token.token).filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    if tokens.windows(2).any(|pair| *pair[0] == Token::Comma && is_keyword(pair[1], Keyword::FROM)) {
        return Some(Error::of(condition::TRAILING_COMMA_IN_SELECT));
    }
    let of_this = CLAUSES.iter().filter(|(start, ..)| begin(tokens.iter().copied(), start)).collect::<Vec<_>>();
    let known = |at: usize| of_this.iter().find(|(_, phrase, _)| begin(tokens[at..].iter().copied(), phrase));
    (0..tokens.len()).find_map(known).map(|(.., shown)| refused(shown))
}
