//! Which attribute a name means.

use std::collections::HashSet;

use arrow::datatypes::DataType;
use datafusion::common::Column;
use datafusion::logical_expr::Expr;

use super::naming;
use crate::error::{Error, Result, condition};
use crate::plan::typed::Typed;
use crate::plan::{AttrId, Attribute};
use crate::types::name_case::NameCase;

/// The attributes that names are looked up in.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub attributes: &'a [Attribute],
    pub names: NameCase,
}

/// What a name was found to mean: an attribute, and the fields below it that the rest of the name
/// asks for.
pub struct FoundAttribute<'n> {
    pub attribute: Attribute,
    pub fields: &'n [String],
}

/// Marks an attribute that is a second output of another, whose id it holds: a plan's columns have
/// ids of their own, but a name that means both is not ambiguous.
const SAME_AS: &str = "firesteel.same";

impl Attribute {
    /// The attribute that this one repeats, or itself.
    fn original(&self) -> AttrId {
        self.metadata.get(SAME_AS).and_then(|id| id.parse().ok()).map_or(self.id, AttrId)
    }

    /// A second output of the same attribute.
    pub(super) fn again(&self) -> Self {
        let mut again = Self { id: AttrId::fresh(), ..self.clone() };
        again.metadata.insert(SAME_AS.to_owned(), self.original().0.to_string());
        again
    }

    /// The attribute as an expression.
    pub fn typed(&self) -> Typed {
        Typed { expr: column(self.id), data_type: self.data_type.clone(), nullable: self.nullable }
    }
}

/// The plan's column of an attribute.
pub fn column(id: AttrId) -> Expr {
    Expr::Column(Column::from_name(id.to_string()))
}

/// The attribute that a plan's column belongs to.
pub fn attribute_id(column: &Column) -> Option<AttrId> {
    column.name.strip_prefix('#')?.parse().ok().map(AttrId)
}

impl<'a> Scope<'a> {
    /// The attribute that a dotted name means: the longest qualifier that fits wins, and what
    /// follows the column's name are fields.
    pub fn find<'n>(&self, parts: &'n [String]) -> Result<Option<FoundAttribute<'n>>> {
        for qualifiers in (0..parts.len()).rev() {
            let (qualifier, rest) = parts.split_at(qualifiers);
            let [name, fields @ ..] = rest else { continue };
            let candidates = self.candidates(qualifier, name);
            match candidates.as_slice() {
                [] => {}
                [one] => return Ok(Some(FoundAttribute { attribute: (*one).clone(), fields })),
                several => return Err(ambiguous(&parts[..=qualifiers], several)),
            }
        }
        Ok(None)
    }

    fn candidates(&self, qualifier: &[String], name: &str) -> Vec<&'a Attribute> {
        let mut seen = HashSet::new();
        self.attributes
            .iter()
            .filter(|attribute| self.names.same(&attribute.name, name))
            .filter(|attribute| qualifier.is_empty() || self.qualifies(attribute, qualifier))
            .filter(|attribute| seen.insert(attribute.original()))
            .collect()
    }

    /// Whether `t` or `db.t` may stand before the attribute's name.
    pub fn qualifies(&self, attribute: &Attribute, qualifier: &[String]) -> bool {
        attribute.qualifier.len() >= qualifier.len()
            && attribute.qualifier[attribute.qualifier.len() - qualifier.len()..]
                .iter()
                .zip(qualifier)
                .all(|(left, right)| self.names.same(left, right))
    }

    /// The error for a name that means nothing here.
    pub fn unresolved(&self, parts: &[String]) -> Error {
        unresolved(parts, self.attributes)
    }
}

/// The error for a name that is none of `attributes`, with the nearest of them.
pub fn unresolved(parts: &[String], attributes: &[Attribute]) -> Error {
    let name = naming::quoted(parts);
    let wanted = parts.join(".").to_lowercase();
    // Where every column has the same qualifier, it says nothing.
    let plain = parts.len() == 1 && attributes.windows(2).all(|pair| pair[0].qualifier == pair[1].qualifier);
    let mut near: Vec<(usize, String)> = attributes
        .iter()
        .map(|attribute| {
            let mut full = if plain { Vec::new() } else { attribute.qualifier.clone() };
            full.push(attribute.name.clone());
            let compared = if parts.len() > 1 { full.join(".") } else { attribute.name.clone() };
            (strsim::levenshtein(&wanted, &compared.to_lowercase()), naming::quoted(&full))
        })
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    let mut proposal: Vec<_> = Vec::new();
    for (_, name) in near {
        if !proposal.contains(&name) && proposal.len() < 5 {
            proposal.push(name);
        }
    }
    if proposal.is_empty() {
        return Error::of(condition::UNRESOLVED_COLUMN_WITHOUT_SUGGESTION).with("objectName", name);
    }
    Error::of(condition::UNRESOLVED_COLUMN_WITH_SUGGESTION)
        .with("objectName", name)
        .with("proposal", proposal.join(", "))
}

/// The error of an operation by names for a name that is none of `attributes`.
pub fn not_among(name: &str, attributes: &[Attribute]) -> Error {
    let names: Vec<_> = attributes.iter().map(|attribute| attribute.name.clone()).collect();
    Error::of(condition::UNRESOLVED_COLUMN_AMONG_FIELD_NAMES)
        .with("colName", format!("\"{name}\""))
        .with("fieldNames", format!("({})", names.join(", ")))
}

fn ambiguous(parts: &[String], candidates: &[&Attribute]) -> Error {
    let mut names: Vec<_> = candidates
        .iter()
        .map(|attribute| {
            let mut full = attribute.qualifier.clone();
            full.push(attribute.name.clone());
            naming::quoted(&full)
        })
        .collect();
    names.sort();
    Error::of(condition::AMBIGUOUS_REFERENCE)
        .with("name", naming::quoted(parts))
        .with("referenceNames", format!("[{}]", names.join(", ")))
}

/// The position of a struct's field.
pub fn field_index(data_type: &DataType, name: &str, names: NameCase) -> Result<Option<usize>> {
    let DataType::Struct(fields) = data_type else { return Ok(None) };
    let found: Vec<_> = fields.iter().enumerate().filter(|(_, field)| names.same(field.name(), name)).collect();
    match found.as_slice() {
        [] => {
            let names: Vec<_> = fields.iter().map(|field| format!("`{}`", field.name())).collect();
            Err(Error::of(condition::FIELD_NOT_FOUND)
                .with("fieldName", format!("`{name}`"))
                .with("fields", names.join(", ")))
        }
        [(index, _)] => Ok(Some(*index)),
        several => Err(Error::of(condition::AMBIGUOUS_REFERENCE_TO_FIELDS)
            .with("field", format!("`{name}`"))
            .with("count", several.len())),
    }
}
