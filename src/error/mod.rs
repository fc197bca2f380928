//! One error type. Its kind says what the caller does next, its condition is Spark's error class
//! where Spark has one, its context is the path it took on the way up, and its source is the user's
//! own exception where there is one.
//!
//! Spark's error classes, each spelled once, are in [`condition`].

pub mod condition;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// `Result` with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, by what the caller does about it. The Python edge gives each kind one exception
/// class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The query is wrong before a row is read: change the query. `AnalysisException`.
    Analysis,
    /// SQL text or a DDL string does not parse: change the text. `ParseException`.
    Parse,
    /// An argument or option has a value that is not allowed: change the value.
    /// `IllegalArgumentException`.
    IllegalArgument,
    /// We, or Spark, do not have this: use something else. `UnsupportedOperationException`.
    Unsupported,
    /// A value overflows or divides by zero: change the data, or use a `try_` function.
    /// `ArithmeticException`.
    Arithmetic,
    /// Text is not a number: change the data, or use `try_cast`. `NumberFormatException`.
    NumberFormat,
    /// Text is not a date or time: change the data, or use `try_cast`. `DateTimeException`.
    DateTime,
    /// An index lies outside its array: change the data, or use `get`.
    /// `ArrayIndexOutOfBoundsException`.
    ArrayIndex,
    /// What the query asks for meant something else in an older Spark: say it anew.
    /// `SparkUpgradeException`.
    Upgrade,
    /// The data, a file or a device fails at run time: mend it and run again.
    /// `SparkRuntimeException`.
    Runtime,
    /// A checkpoint or a log is damaged, foreign, or newer than this version: nothing was touched.
    /// `SparkRuntimeException`.
    Checkpoint,
    /// The user's own function raised: the source is that exception. `PythonException`.
    User,
    /// The work was asked to end, as a query's is that is stopped: nothing to do.
    /// `QueryCancelledException`.
    Cancelled,
    /// A signal asked for the end: nothing to do. `KeyboardInterrupt`.
    Interrupted,
    /// A query was terminated by an error: the source says which. `StreamingQueryException`.
    StreamingQuery,
    /// A defect of ours: report it.
    Internal,
}

impl ErrorKind {
    /// Whether the work was only asked to end: such an error says less than one that came of the
    /// work itself.
    pub fn is_cancel(self) -> bool {
        matches!(self, Self::Cancelled | Self::Interrupted)
    }
}

/// A Spark error class: its name, its SQLSTATE, the kind it belongs to, and our words for it with
/// `<parameter>` slots.
#[derive(Debug, PartialEq, Eq)]
pub struct Condition {
    pub name: &'static str,
    pub sqlstate: &'static str,
    pub kind: ErrorKind,
    pub template: &'static str,
}

/// An error, cheap to clone: a query keeps the one that ended it and raises it again whenever it is
/// asked.
#[derive(Clone)]
pub struct Error(Arc<ErrorInner>);

#[derive(Clone)]
struct ErrorInner {
    kind: ErrorKind,
    condition: Option<&'static Condition>,
    parameters: Vec<(&'static str, String)>,
    message: Cow<'static, str>,
    context: Vec<String>,
    details: Option<String>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error in our words: lower case, no full stop; it names the object, what was expected,
    /// what was found.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(ErrorInner {
            kind,
            condition: None,
            parameters: Vec::new(),
            message: message.into(),
            context: Vec::new(),
            details: None,
            source: None,
        }))
    }

    /// An error of Spark's class `condition`; fill its slots with [`Error::with`].
    pub fn of(condition: &'static Condition) -> Self {
        let mut error = Self::new(condition.kind, condition.template);
        Arc::make_mut(&mut error.0).condition = Some(condition);
        error
    }

    /// Fills the slot `<name>` of the condition's template.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        Arc::make_mut(&mut self.0).parameters.push((name, value.to_string()));
        self
    }

    /// Sets the kind where one condition has several: a bad cast is a number's or a date's.
    #[must_use]
    pub fn as_kind(mut self, kind: ErrorKind) -> Self {
        Arc::make_mut(&mut self.0).kind = kind;
        self
    }

    /// Adds what was being done when the error passed by.
    #[must_use]
    pub fn context(mut self, doing: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).context.push(doing.into());
        self
    }

    /// Sets what is shown below the message: lines for whoever looks for the reason.
    #[must_use]
    pub fn detailed(mut self, details: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).details = Some(details.into());
        self
    }

    /// Sets the cause, for example the exception of a user's function.
    #[must_use]
    pub fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.0).source = Some(Arc::new(source));
        self
    }

    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    pub fn unsupported(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    pub fn illegal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::IllegalArgument, message)
    }

    pub fn runtime(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Runtime, message)
    }

    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Spark's condition (error class) name, where Spark has one.
    pub fn condition(&self) -> Option<&'static Condition> {
        self.0.condition
    }

    pub fn parameters(&self) -> &[(&'static str, String)] {
        &self.0.parameters
    }

    /// The cause as this crate's callers gave it.
    pub fn cause(&self) -> Option<&Arc<dyn StdError + Send + Sync>> {
        self.0.source.as_ref()
    }

    /// The message without its context: for a condition `[NAME] text SQLSTATE: nnnnn`, without the
    /// frame for those that Spark has not named yet.
    pub fn message(&self) -> String {
        let text = self.words();
        match self.0.condition {
            Some(condition) if !condition.name.starts_with("_LEGACY_ERROR_TEMP_") => {
                format!("[{}] {text} SQLSTATE: {}", condition.name, condition.sqlstate)
            }
            _ => text,
        }
    }

    /// The message without the condition's frame.
    pub fn words(&self) -> String {
        let Some(condition) = self.0.condition else { return self.0.message.to_string() };
        let mut text = condition.template.to_owned();
        for (name, value) in &self.0.parameters {
            text = text.replace(&format!("<{name}>"), value);
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())?;
        for doing in &self.0.context {
            write!(f, "\n  while {doing}")?;
        }
        match &self.0.details {
            Some(details) => write!(f, "\n{details}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)?;
        if let Some(source) = &self.0.source {
            write!(f, "\n  caused by {source}")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::runtime(error.to_string()).caused_by(error)
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        use arrow::error::ArrowError;
        match error {
            ArrowError::ExternalError(inner) => match inner.downcast::<Error>() {
                Ok(ours) => *ours,
                Err(other) => Self::runtime(other.to_string()),
            },
            other => Self::runtime(other.to_string()).caused_by(other),
        }
    }
}

/// Our error inside an Arrow error, found again by `From<ArrowError>`.
impl From<Error> for arrow::error::ArrowError {
    fn from(error: Error) -> Self {
        Self::ExternalError(Box::new(error))
    }
}

/// Adds context to the error of a result.
pub trait Context<T> {
    /// `doing` is only called when there is an error.
    fn context(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for std::result::Result<T, E> {
    fn context(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| error.into().context(doing()))
    }
}

/// The error of a panic: a defect, ours or a library's.
pub fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::internal(format!("a panic: {}", text.unwrap_or("without a message")))
}
