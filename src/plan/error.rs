//! Our error through DataFusion's: what went in comes out the same, the user's exception included.

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;

use crate::error::{Error, ErrorKind};

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        Self::External(Box::new(error))
    }
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        match error {
            DataFusionError::External(inner) => match inner.downcast::<Error>() {
                Ok(ours) => *ours,
                Err(inner) => match inner.downcast::<DataFusionError>() {
                    Ok(nested) => (*nested).into(),
                    Err(other) => Error::runtime(other.to_string()),
                },
            },
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => (*inner).into(),
            DataFusionError::Shared(inner) => find(&inner).unwrap_or_else(|| Error::runtime(inner.to_string())),
            DataFusionError::Collection(mut errors) if !errors.is_empty() => errors.swap_remove(0).into(),
            DataFusionError::ArrowError(inner, _) => (*inner).into(),
            DataFusionError::NotImplemented(what) if is_subquery(&what) => Error::unsupported(
                "a query inside an expression that reads columns of the query around it must be one that becomes a \
                 join, and this one does not; write it as a join",
            ),
            DataFusionError::NotImplemented(what) => Error::unsupported(what),
            DataFusionError::ResourcesExhausted(what) => Error::runtime(what),
            DataFusionError::Plan(what) => Error::new(ErrorKind::Analysis, what),
            other => Error::runtime(other.strip_backtrace()),
        }
    }
}

/// Whether the planner met a query inside an expression of which it had made no join.
fn is_subquery(what: &str) -> bool {
    let kinds = ["ScalarSubquery", "Exists", "InSubquery"];
    let expression = what.strip_prefix("Physical plan does not support logical expression ");
    expression.is_some_and(|expression| kinds.iter().any(|kind| expression.starts_with(kind)))
}

/// Our error inside an error that is shared, and so cannot be taken apart.
fn find(error: &DataFusionError) -> Option<Error> {
    match error {
        DataFusionError::External(inner) => {
            inner.downcast_ref::<Error>().cloned().or_else(|| inner.downcast_ref::<DataFusionError>().and_then(find))
        }
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => find(inner),
        DataFusionError::Shared(inner) => find(inner),
        DataFusionError::Collection(errors) => errors.iter().find_map(find),
        DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
            ArrowError::ExternalError(inner) => inner
                .downcast_ref::<Error>()
                .cloned()
                .or_else(|| inner.downcast_ref::<DataFusionError>().and_then(find)),
            _ => None,
        },
        _ => None,
    }
}
