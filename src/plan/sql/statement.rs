//! Statements that are not queries: views, tables, INSERT, SET, SHOW TABLES.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use sqlparser::ast;

use super::super::tree::Statement;
use super::literal::data_type;
use super::{Sql, dotted, ident, names, unsupported};
use crate::error::Result;

/// `SET k=v`, which takes the rest of the line as it is, and so is read by hand.
pub(super) fn words(text: &str) -> Option<Result<Statement>> {
    let text = text.trim().trim_end_matches(';').trim();
    let mut words = text.splitn(2, char::is_whitespace);
    if !words.next()?.eq_ignore_ascii_case("set") {
        return None;
    }
    let rest = words.next().unwrap_or("").trim();
    let (key, value) = match rest.split_once('=') {
        Some((key, value)) => (Some(key.trim().to_owned()), Some(value.trim().to_owned())),
        None if rest.is_empty() || rest == "-v" => (None, None),
        None => (Some(rest.to_owned()), None),
    };
    Some(Ok(Statement::Set { key, value }))
}

impl Sql {
    pub(super) fn to_statement(&self, statement: ast::Statement) -> Result<Statement> {
        let shown = statement.to_string();
        Ok(match statement {
            ast::Statement::Query(query) => Statement::Query(self.query(*query)?),
            ast::Statement::CreateView(view) if view.temporary && view.columns.is_empty() && !view.materialized => {
                Statement::CreateView {
                    name: dotted(&view.name),
                    replace: view.or_replace,
                    query: self.query(*view.query)?,
                }
            }
            ast::Statement::CreateTable(table) => self.create_table(table)?,
            ast::Statement::Drop { object_type, if_exists, names: dropped, .. } if dropped.len() == 1 => {
                match object_type {
                    ast::ObjectType::View => Statement::DropView { name: dotted(&dropped[0]), if_exists },
                    ast::ObjectType::Table => Statement::DropTable { name: names(&dropped[0]), if_exists },
                    _ => return Err(unsupported("the statement", &shown)),
                }
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
            ast::Statement::ShowTables { .. } => Statement::ShowTables,
            ast::Statement::ExplainTable { table_name, .. } => Statement::Describe { table: names(&table_name) },
            _ => return Err(unsupported("the statement", &shown)),
        })
    }

    fn create_table(&self, table: ast::CreateTable) -> Result<Statement> {
        use ast::CreateTableOptions::{None as NoOptions, TableProperties};
        // Properties say something of a table and do nothing to it; options would.
        if table.temporary || table.external || !matches!(table.table_options, NoOptions | TableProperties(_)) {
            return Err(unsupported("the statement", &table));
        }
        let fields = table
            .columns
            .iter()
            .map(|column| Ok(Field::new(ident(&column.name), data_type(&column.data_type)?, true)))
            .collect::<Result<Vec<_>>>()?;
        // `LOCATION` stands with the format where `USING` is before it.
        let hive = table.hive_formats.unwrap_or_default();
        let format = match hive.storage {
            Some(ast::HiveIOFormat::Using { format }) => Some(ident(&format)),
            None => None,
            Some(other) => return Err(unsupported("this table format", &format!("{other:?}"))),
        };
        let partitioned_by = match table.hive_distribution {
            ast::HiveDistributionStyle::NONE => Vec::new(),
            ast::HiveDistributionStyle::PARTITIONED { columns }
                if columns.iter().all(|column| column.data_type == ast::DataType::Unspecified) =>
            {
                columns.iter().map(|column| ident(&column.name)).collect()
            }
            other => return Err(unsupported("this way to spread a table", &format!("{other:?}"))),
        };
        Ok(Statement::CreateTable {
            name: names(&table.name),
            format,
            options: Vec::new(),
            path: hive.location.or(table.location),
            columns: if fields.is_empty() { None } else { Some(Arc::new(Schema::new(fields))) },
            partitioned_by,
            if_not_exists: table.if_not_exists,
            replace: table.or_replace,
            query: table.query.map(|query| self.query(*query)).transpose()?,
        })
    }
}
