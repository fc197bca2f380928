//! Our own scalar functions inside a DataFusion plan: a name, a result type that is known already,
//! and a kernel over Arrow arrays.
//!
//! Types are settled by `resolve`, so a kernel has no signature to coerce by, and DataFusion has
//! nothing to guess.
//!
//! | file | what is in it |
//! |---|---|
//! | [`cast`] | a column of one type as one of another |
//! | [`arithmetic`], [`decimals`], [`bits`] | numbers |
//! | [`dates`] | dates, timestamps and intervals |
//! | [`nested`], [`rows`] | structs, arrays and maps; lists that generators turn into rows |
//! | [`normalize`] | one NaN, and no -0.0 |
//! | [`queried`] | what a query in the place of a value gave |
//! | [`reshape`] | structs in the shape of others |

pub mod arithmetic;
pub mod bits;
pub mod cast;
pub mod dates;
pub mod decimals;
pub mod nested;
pub mod normalize;
pub mod queried;
pub mod reshape;
pub mod rows;

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, new_null_array};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature,
    Volatility,
};

use super::typed::Typed;
use crate::error::Result;

type RunKernel = dyn Fn(&[ColumnarValue], usize) -> Result<ColumnarValue> + Send + Sync;

/// A scalar function of ours. Two are the same when their names, which hold every parameter of the
/// kernel, and result types are. One that may be null is the same as one that is not: grouping sets
/// make nulls of the key that a call over the same columns is.
pub struct Kernel {
    name: String,
    data_type: DataType,
    nullable: bool,
    fallible: bool,
    signature: Signature,
    run: Arc<RunKernel>,
    /// The types of the arguments of the call.
    arguments: Vec<DataType>,
    /// Which call this is: equal calls have equal numbers, but for those of volatile kernels.
    number: u64,
}

static NEXT_KERNEL: AtomicU64 = AtomicU64::new(0);

impl Kernel {
    /// A kernel that takes arguments as they come, constants as constants, with the number of rows.
    /// `name` must tell apart all that the kernel closes over: equal calls are evaluated once.
    pub fn new(
        name: impl Into<String>,
        data_type: DataType,
        nullable: bool,
        run: impl Fn(&[ColumnarValue], usize) -> Result<ColumnarValue> + Send + Sync + 'static,
    ) -> Self {
        let signature =
            Signature::one_of(vec![TypeSignature::VariadicAny, TypeSignature::Nullary], Volatility::Immutable);
        let number = NEXT_KERNEL.fetch_add(1, Ordering::Relaxed);
        let (name, run) = (name.into(), Arc::new(run));
        Self { name, data_type, nullable, fallible: true, signature, run, arguments: Vec::new(), number }
    }

    /// A kernel over arrays of equal length. When every argument is a constant it runs over one
    /// row, and its result is a constant.
    pub fn arrays(
        name: impl Into<String>,
        data_type: DataType,
        nullable: bool,
        run: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, data_type, nullable, move |arguments, rows| {
            let constant = arguments.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
            let length = if constant { 1 } else { rows };
            let arrays = arguments.iter().map(|argument| argument.to_array(length)).collect::<DfResult<Vec<_>>>()?;
            let result = run(&arrays)?;
            if constant && !arguments.is_empty() {
                return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
            }
            Ok(ColumnarValue::Array(result))
        })
    }

    /// Says that no value makes this kernel fail, so that it may run on rows that a lazy operator
    /// would have left out.
    #[must_use]
    pub fn infallible(mut self) -> Self {
        self.fallible = false;
        self
    }

    /// A kernel whose result differs from call to call (`rand`, `uuid`): neither folded nor shared.
    #[must_use]
    pub fn volatile(mut self) -> Self {
        self.signature.volatility = Volatility::Volatile;
        self
    }

    /// The call of this kernel.
    pub fn call(mut self, arguments: Vec<Typed>) -> Typed {
        let (data_type, nullable) = (self.data_type.clone(), self.nullable);
        self.arguments = arguments.iter().map(|argument| argument.data_type.clone()).collect();
        let arguments: Vec<_> = arguments.into_iter().map(|argument| argument.expr).collect();
        if self.signature.volatility != Volatility::Volatile {
            self.number = self.number_over(&arguments);
        }
        let expr = Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::new_from_impl(self)), arguments));
        Typed { expr, data_type, nullable }
    }

    /// A number that follows from the kernel and its arguments. A kernel among them counts by its
    /// own number, so that each of a chain is looked at once. A column around a query counts as the
    /// column that it will be.
    fn number_over(&self, arguments: &[Expr]) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        for argument in arguments {
            let kernel = match argument {
                Expr::ScalarFunction(call) => kernel_of(&call.func),
                _ => None,
            };
            match kernel {
                Some(kernel) => kernel.number.hash(&mut hasher),
                None => match argument {
                    Expr::OuterReferenceColumn(_, column) => Expr::Column(column.clone()).hash(&mut hasher),
                    argument => argument.hash(&mut hasher),
                },
            }
        }
        hasher.finish()
    }
}

fn kernel_of(function: &ScalarUDF) -> Option<&Kernel> {
    let inner: &dyn std::any::Any = function.inner().as_ref();
    inner.downcast_ref::<Kernel>()
}

/// Whether evaluating `function` on a row can raise: operators that skip rows (`AND`, `OR`) must
/// then really skip them.
pub fn is_fallible(function: &ScalarUDF) -> bool {
    kernel_of(function).is_some_and(|kernel| kernel.fallible)
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kernel({} -> {})", self.name, self.data_type)
    }
}

impl PartialEq for Kernel {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.data_type == other.data_type
    }
}

impl Eq for Kernel {}

impl Hash for Kernel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.data_type.hash(state);
    }
}

impl ScalarUDFImpl for Kernel {
    fn name(&self) -> &str {
        &self.name
    }

    /// The name of a column that nobody named. It says which kernel it is, not what the arguments
    /// are: DataFusion asks for the name of every expression inside an expression again and again,
    /// and names that hold those of their arguments make it work for the cube of the depth.
    fn schema_name(&self, _arguments: &[Expr]) -> DfResult<String> {
        Ok(format!("{}#{}", self.name, self.number))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> DfResult<DataType> {
        Ok(self.data_type.clone())
    }

    fn return_field_from_args(&self, _arguments: ReturnFieldArgs<'_>) -> DfResult<FieldRef> {
        Ok(Arc::new(Field::new(&self.name, self.data_type.clone(), self.nullable)))
    }

    /// DataFusion also asks what a filter makes of nulls, in order to simplify an outer join. It
    /// then gives columns without a type, where the kernel may count on that of its arguments.
    fn invoke_with_args(&self, mut arguments: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        for (given, planned) in arguments.args.iter_mut().zip(&self.arguments) {
            if given.data_type() == DataType::Null && *planned != DataType::Null {
                *given = match given {
                    ColumnarValue::Array(nulls) => ColumnarValue::Array(new_null_array(planned, nulls.len())),
                    ColumnarValue::Scalar(_) => ColumnarValue::Scalar(ScalarValue::try_new_null(planned)?),
                };
            }
        }
        Ok((self.run)(&arguments.args, arguments.number_rows)?)
    }
}
