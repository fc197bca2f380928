//! sqlparser's Spark dialect, with intervals without a unit outside their string.

use sqlparser::ast::{BinaryOperator, Expr};
use sqlparser::dialect::{Dialect, SparkSqlDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};

#[derive(Debug)]
pub(super) struct SparkDialect;

macro_rules! as_in_spark {
    ($($name:ident),* $(,)?) => { $(fn $name(&self) -> bool { SparkSqlDialect.$name() })* };
}

impl Dialect for SparkDialect {
    fn dialect(&self) -> std::any::TypeId {
        SparkSqlDialect.dialect()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        SparkSqlDialect.is_delimited_identifier_start(ch)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        SparkSqlDialect.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        SparkSqlDialect.is_identifier_part(ch)
    }

    as_in_spark!(
        supports_filter_during_aggregation,
        supports_group_by_expr,
        supports_group_by_with_modifier,
        supports_lambda_functions,
        supports_select_wildcard_except,
        supports_nested_comments,
        supports_create_table_using,
        supports_long_type_as_bigint,
        supports_values_as_table_factor,
        supports_bang_not_operator,
        supports_select_item_multi_column_alias,
        supports_cte_without_as,
    );

    fn supports_comment_optimizer_hint(&self) -> bool {
        true
    }

    /// `struct(1 AS a, 'x')`.
    fn supports_struct_literal(&self) -> bool {
        true
    }

    /// `count(* EXCEPT (a))`: sqlparser looks behind a star in a call only where EXCLUDE may
    /// follow.
    fn supports_select_wildcard_exclude(&self) -> bool {
        true
    }

    /// `extract(year FROM d)`, whose field [`super::keyword`] makes a plain word.
    fn allow_extract_custom(&self) -> bool {
        true
    }

    /// `emp TABLESAMPLE (2 ROWS) AS e`.
    fn supports_table_sample_before_alias(&self) -> bool {
        true
    }

    fn supports_bitwise_shift_operators(&self) -> bool {
        true
    }

    /// `FROM t SELECT a`.
    fn supports_from_first_select(&self) -> bool {
        true
    }

    /// `FROM t |> SELECT a`, whose operators [`super::pipe`] writes in a way that the parser reads.
    fn supports_pipe_operator(&self) -> bool {
        true
    }

    /// `FROM t VERSION AS OF 1`, which is refused by its name.
    fn supports_table_versioning(&self) -> bool {
        true
    }

    fn supports_window_function_null_treatment_arg(&self) -> bool {
        true
    }

    /// `DIV` binds as tightly as `*`; sqlparser's own reading takes all that follows for the
    /// divisor.
    fn parse_infix(&self, parser: &mut Parser<'_>, expr: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        if !parser.parse_keyword(Keyword::DIV) {
            return None;
        }
        let right = parser.parse_subexpr(precedence);
        Some(right.map(|right| Expr::BinaryOp {
            left: Box::new(expr.clone()),
            op: BinaryOperator::MyIntegerDivide,
            right: Box::new(right),
        }))
    }
}
