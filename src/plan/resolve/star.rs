//! Stars: the columns and fields that they stand for, and where none may stand.

use arrow::datatypes::DataType;

use super::expression::{Expressions, ResolvedValue, attribute_value};
use super::hidden::is_using_key;
use super::{naming, scope};
use crate::error::{Error, Result, condition};
use crate::plan::Attribute;
use crate::plan::tree::Expr;

impl Expressions<'_> {
    /// The columns that a star stands for; `None` for an expression that is no star.
    pub fn spread(&mut self, expr: &Expr) -> Result<Option<Vec<ResolvedValue>>> {
        let shown = |attribute: &Attribute| attribute_value(attribute, &attribute.name);
        Ok(Some(match expr {
            Expr::Star(qualifier) if self.is_struct(qualifier) => {
                let column = Expr::Column(qualifier.clone());
                let mut values = Vec::new();
                for name in self.struct_fields(&column)? {
                    let field = [qualifier.as_slice(), std::slice::from_ref(&name)].concat();
                    let value = self.value(&Expr::Column(field))?;
                    values.push(ResolvedValue { pretty: format!("{} AS {name}", value.pretty), ..value });
                }
                values
            }
            Expr::Star(qualifier) => self.star(qualifier)?.iter().map(shown).collect(),
            Expr::StarExcept { qualifier, except } => {
                let attributes = self.star(qualifier)?;
                let same = |attribute: &Attribute, name: &str| self.resolver.same(&attribute.name, name);
                for (at, name) in except.iter().enumerate() {
                    if except[..at].contains(name) {
                        return Err(Error::of(condition::EXCEPT_OVERLAPPING_COLUMNS).with("columns", except.join(", ")));
                    }
                    if !attributes.iter().any(|attribute| same(attribute, name)) {
                        return Err(scope::unresolved(std::slice::from_ref(name), &attributes));
                    }
                }
                let kept = |attribute: &&Attribute| !except.iter().any(|name| same(attribute, name));
                attributes.iter().filter(kept).map(shown).collect()
            }
            Expr::AllOf(columns) | Expr::Several(columns) => self.arguments(columns)?,
            _ => return Ok(None),
        }))
    }

    /// Whether `s.*` means the fields of a column: a relation of that name goes before it.
    pub fn is_struct(&mut self, qualifier: &[String]) -> bool {
        !qualifier.is_empty()
            && !self.scope.attributes.iter().any(|attribute| self.scope.qualifies(attribute, qualifier))
            && self.struct_fields(&Expr::Column(qualifier.to_vec())).is_ok_and(|fields| !fields.is_empty())
    }

    /// The names of a struct's fields; none where the expression is no struct.
    pub fn struct_fields(&mut self, expr: &Expr) -> Result<Vec<String>> {
        Ok(match self.value(expr)?.typed.data_type {
            DataType::Struct(fields) => fields.iter().map(|field| field.name().clone()).collect(),
            _ => Vec::new(),
        })
    }

    /// The attributes that `*` or `t.*` stands for. `t.*` has the key of a join by names, too, that
    /// only `t.key` names.
    pub fn star(&mut self, qualifier: &[String]) -> Result<Vec<Attribute>> {
        let qualified = |attribute: &&Attribute| self.scope.qualifies(attribute, qualifier);
        let keys = self.hidden.iter().filter(|attribute| !qualifier.is_empty() && is_using_key(attribute));
        let mut found: Vec<_> = keys.filter(qualified).cloned().collect();
        self.used_hidden.extend(found.iter().map(|attribute| attribute.id));
        found.extend(self.scope.attributes.iter().filter(qualified).cloned());
        if found.is_empty() && !qualifier.is_empty() {
            let names: Vec<_> = self.scope.attributes.iter().map(|attribute| attribute.name.clone()).collect();
            return Err(Error::of(condition::CANNOT_RESOLVE_STAR_EXPAND)
                .with("targetString", naming::quoted(qualifier))
                .with("columns", naming::quoted(&names).replace('.', ", ")));
        }
        Ok(found)
    }
}

/// The error for a star where one value must stand.
pub fn misplaced_star(place: &str) -> Error {
    Error::of(condition::INVALID_USAGE_OF_STAR).with("elem", "'*'").with("prettyName", place)
}
