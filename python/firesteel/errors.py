"""Exceptions: PySpark's classes, names and accessors.

Errors of the engine arrive from Rust with their class, condition and parameters. Errors of an
argument are raised in Python. The text of each condition is in one place: the engine's in
``src/error/condition.rs``, those of arguments in ``_CONDITIONS`` below.
"""

from __future__ import annotations

import re
import warnings
from enum import Enum
from pickle import PicklingError
from typing import Any, NoReturn

__all__ = [
    "AnalysisException",
    "ArithmeticException",
    "ArrayIndexOutOfBoundsException",
    "DateTimeException",
    "IllegalArgumentException",
    "NumberFormatException",
    "ParseException",
    "PickleException",
    "PySparkAssertionError",
    "PySparkAttributeError",
    "PySparkException",
    "PySparkImportError",
    "PySparkIndexError",
    "PySparkKeyError",
    "PySparkNotImplementedError",
    "PySparkPicklingError",
    "PySparkRuntimeError",
    "PySparkTypeError",
    "PySparkValueError",
    "PythonException",
    "QueryCancelledException",
    "QueryContext",
    "QueryContextType",
    "QueryExecutionException",
    "SessionNotSameException",
    "SparkNoSuchElementException",
    "SparkRuntimeException",
    "SparkUpgradeException",
    "StreamingPythonRunnerInitializationException",
    "StreamingQueryException",
    "TempTableAlreadyExistsException",
    "UnknownException",
    "UnsupportedOperationException",
]

_CONDITIONS: dict[str, str] = {
    "ARGUMENT_REQUIRED": "the argument `<arg_name>` is needed when <condition>",
    "ATTRIBUTE_NOT_SUPPORTED": "Attribute `<attr_name>` is not supported.",
    "AXIS_LENGTH_MISMATCH": "expected a value of <expected_length> entries, one for each field, found <actual_length>",
    "CANNOT_ACCESS_TO_DUNDER": "names with two leading underscores are internal",
    "CANNOT_APPLY_IN_FOR_COLUMN": "`in` does not work on a column: use `contains` for a string column, `array_contains` for an array column",
    "CANNOT_BE_EMPTY": "At least one <item> must be specified.",
    "CANNOT_BE_NONE": "Argument `<arg_name>` cannot be None.",
    "CANNOT_CONVERT_COLUMN_INTO_BOOL": "the column <column> has no truth value: write `&` for `and`, `|` for `or`, `~` for `not`",
    "CANNOT_CONVERT_TYPE": "Cannot convert <from_type> into <to_type>.",
    "CANNOT_DETERMINE_TYPE": "some fields are None in all rows, so their type is unknown: give a schema",
    "CANNOT_INFER_ARRAY_ELEMENT_TYPE": "the element type of a list is unknown: its first element must not be None",
    "CANNOT_INFER_EMPTY_SCHEMA": "no schema can be inferred from no rows: give one",
    "CANNOT_INFER_SCHEMA_FOR_TYPE": "no schema can be inferred from the type `<data_type>`",
    "CANNOT_INFER_TYPE_FOR_FIELD": "the type of the field `<field_name>` cannot be inferred",
    "CANNOT_MERGE_TYPE": "the types `<data_type1>` and `<data_type2>` cannot be merged",
    "CANNOT_PARSE_DATATYPE": "the data type does not parse: <msg>",
    "CANNOT_SET_TOGETHER": "<arg_list> should not be set together.",
    "CANNOT_SPECIFY_RETURN_TYPE_FOR_UDF": "the function `<arg_name>` has a return type already, so <return_type> cannot be given",
    "CANNOT_WITHOUT": "Cannot <condition1> without <condition2>.",
    "COLUMN_IN_LIST": "`<func_name>` takes no Column inside a list",
    "DISALLOWED_TYPE_FOR_CONTAINER": "the argument `<arg_name>` (<arg_type>) may only hold [<allowed_types>], found <item_type>",
    "FIELD_DATA_TYPE_UNACCEPTABLE": "<data_type> can not accept object <obj> in type <obj_type>.",
    "FIELD_DATA_TYPE_UNACCEPTABLE_WITH_NAME": "<field_name>: <data_type> can not accept object <obj> in type <obj_type>.",
    "FIELD_NOT_NULLABLE": "the field is not nullable, found None",
    "FIELD_NOT_NULLABLE_WITH_NAME": "<field_name>: the field is not nullable, found None",
    "FIELD_STRUCT_LENGTH_MISMATCH": "expected an object of <field_length> fields, found <object_length>",
    "FIELD_STRUCT_LENGTH_MISMATCH_WITH_NAME": "<field_name>: expected an object of <field_length> fields, found <object_length>",
    "HIGHER_ORDER_FUNCTION_SHOULD_RETURN_COLUMN": "the function `<func_name>` must return a Column, found <return_type>",
    "ILLEGAL_STATE_STORE_VALUE": "the list <stateName> cannot be given no values: clear it instead",
    "INDEX_NOT_POSITIVE": "a column's position starts at 1, found '<index>'",
    "INVALID_ITEM_FOR_CONTAINER": "every item of `<arg_name>` must be one of <allowed_types>, found <item_type>",
    "INVALID_NDARRAY_DIMENSION": "a NumPy array must have <dimensions> dimensions",
    "INVALID_PANDAS_UDF": "Invalid function: <detail>",
    "INVALID_PANDAS_UDF_TYPE": "`<arg_name>` must be a kind of PandasUDFType or ArrowUDFType, found <arg_type>",
    "INVALID_STREAMING_SOURCE_NAME": "the name of a streaming source must have letters, digits and underscores only, found '<source_name>'",
    "INVALID_WHEN_USAGE": "when() can only follow when(), and not otherwise()",
    "INVALID_TIMEOUT_TIMESTAMP": "the timeout <timestamp> must not be below the watermark, <watermark>",
    "INVALID_TYPE": "Argument `<arg_name>` should not be a <arg_type>.",
    "KEY_NOT_EXISTS": "Key `<key>` does not exist.",
    "KEY_VALUE_PAIR_REQUIRED": "a key and a value are needed, or a list of such pairs",
    "LENGTH_SHOULD_BE_THE_SAME": "<arg1> and <arg2> must have the same length, found <arg1_length> and <arg2_length>",
    "MASTER_URL_INVALID": "the master must be local, local[n] or local[*], found '<master>': Firesteel runs in this process; for a cluster, run the same script with pyspark",
    "MIXED_TYPE_REPLACEMENT": "replacements of different types cannot be mixed",
    "NEGATIVE_VALUE": "Value for `<arg_name>` must be greater than or equal to 0, got '<arg_value>'.",
    "NOT_EXPECTED_TYPE": "Argument `<arg_name>` should be <expected_type>, got <arg_type>.",
    "NOT_IMPLEMENTED": "<feature> is not implemented.",
    "NOT_ITERABLE": "<objectName> is not iterable.",
    "NOT_NUMERIC_COLUMNS": "a numeric aggregate needs numeric columns, found <invalid_columns>",
    "NOT_SAME_TYPE": "Argument `<arg_name1>` and `<arg_name2>` should be the same type, got <arg_type1> and <arg_type2>.",
    "NO_ACTIVE_OR_DEFAULT_SESSION": "there is no session: make one with SparkSession.builder.getOrCreate()",
    "NO_ACTIVE_SESSION": "there is no active session: make one with SparkSession.builder.getOrCreate()",
    "ONLY_ALLOWED_FOR_SINGLE_COLUMN": "the argument `<arg_name>` can only be given for a single column",
    "ONLY_ALLOW_SINGLE_TRIGGER": "exactly one trigger must be given",
    "OUTPUT_EXCEEDS_INPUT_ROWS": "an iterator function returned more rows than it was given",
    "PACKAGE_NOT_INSTALLED": "the package <package_name> >= <minimum_version> is needed and not installed",
    "READ_ONLY": "<object> is read-only.",
    "RESULT_COLUMN_NAMES_MISMATCH": "the columns of the returned data are not those of the declared type.<missing><extra>",
    "RESULT_COLUMN_SCHEMA_MISMATCH": "the returned frame must have as many columns as the declared type, <expected>, and has <actual>",
    "RESULT_COLUMN_TYPES_MISMATCH": "the returned data does not become the declared type: <mismatch>",
    "RESULT_ROWS_MISMATCH": "a function must return as many rows (<output_length>) as it is given (<input_length>)",
    "SLICE_WITH_STEP": "a slice with a step is not supported",
    "STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_HANDLE_STATE": "<operationType> is allowed in `init` only, and the processor is <handleState>",
    "STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_TIME_MODE": "<operationType> needs a time mode with timers, and the time mode is <timeMode>",
    "STATEFUL_PROCESSOR_INCORRECT_TIME_MODE_TO_ASSIGN_TTL": "the variable <stateName> can have a time to live in the time mode ProcessingTime only, for <operationType>",
    "STATEFUL_PROCESSOR_DUPLICATE_STATE_VARIABLE_DEFINED": "two variables are named <stateVarName>",
    "STATEFUL_PROCESSOR_TTL_DURATION_MUST_BE_POSITIVE": "the time to live of the variable <stateName> must be positive, for <operationType>",
    "STATE_STORE_CANNOT_CREATE_COLUMN_FAMILY_WITH_RESERVED_CHARS": "the name of a variable must not begin with a dollar, found <colFamilyName>",
    "STATE_STORE_CANNOT_USE_COLUMN_FAMILY_WITH_INVALID_NAME": "a variable cannot be named '<colFamilyName>'",
    "STATE_NOT_EXISTS": "the group has no state: look at `exists` first, or use `getOption`",
    "STOP_ITERATION_OCCURRED": "the function raised StopIteration, which ends loops and not rows: <exc>",
    "STRUCT_ARRAY_LENGTH_MISMATCH": "<what> has <actual> values where its schema has <expected>",
    "TOO_MANY_VALUES": "Expected <expected> values for `<item>`, got <actual>.",
    "TYPE_HINT_SHOULD_BE_SPECIFIED": "type hints for <target> are needed, found <sig>",
    "UDF_RETURN_TYPE": "the function must return <expected>, found <actual>",
    "UNSUPPORTED_DATA_TYPE": "the data type `<data_type>` is not supported",
    "UNSUPPORTED_DATA_TYPE_FOR_ARROW_CONVERSION": "<data_type> has no counterpart in Arrow",
    "UNSUPPORTED_LITERAL": "'<literal>' cannot be a literal",
    "UNSUPPORTED_NUMPY_ARRAY_SCALAR": "the NumPy dtype `<dtype>` has no SQL type",
    "UNSUPPORTED_OPERATION": "<operation> is not supported.",
    "UNSUPPORTED_PARAM_TYPE_FOR_HIGHER_ORDER_FUNCTION": "the function `<func_name>` may only have positional parameters",
    "UNSUPPORTED_SIGNATURE": "the signature <signature> is of no kind of Python function",
    "VALUE_NOT_ALLOWED": "Value for `<arg_name>` has to be amongst the following values: <allowed_values>.",
    "VALUE_NOT_BETWEEN": "Value for `<arg_name>` must be between <min> and <max>.",
    "VALUE_NOT_NON_EMPTY_STR": "Value for `<arg_name>` must be a non-empty string, got '<arg_value>'.",
    "VALUE_NOT_POSITIVE": "Value for `<arg_name>` must be positive, got '<arg_value>'.",
    "VALUE_OUT_OF_BOUNDS": "Value for `<arg_name>` must be between <lower_bound> and <upper_bound> (inclusive), got <actual>",
    "WRONG_NUM_ARGS_FOR_HIGHER_ORDER_FUNCTION": "the function `<func_name>` must take 1 to 3 arguments, found <num_args>",
    "WRONG_NUM_COLUMNS": "the function `<func_name>` needs at least <num_cols> columns",
    "ZERO_INDEX": "a column's position starts at 1, or at -1 from the end, found 0",
}


class PySparkException(Exception):
    """The base of every exception that this package raises.

    Parameters
    ----------
    message : str, optional
        The text, by default that of the condition with its parameters filled in.
    errorClass : str, optional
        The condition, such as ``"NOT_EXPECTED_TYPE"``.
    messageParameters : dict, optional
        The parameters of the condition's text.
    contexts : list, optional
        Where in the query the error arose.
    """

    _sqlstate: str | None = None

    def __init__(
        self,
        message: str | None = None,
        errorClass: str | None = None,
        messageParameters: dict[str, str] | None = None,
        contexts: list[QueryContext] | None = None,
    ) -> None:
        if message is None:
            template = _CONDITIONS.get(errorClass or "", "<errorClass>")
            known = {"errorClass": errorClass or "", **(messageParameters or {})}
            message = re.sub(r"<(\w+)>", lambda slot: str(known.get(slot[1], slot[0])), template)
        if errorClass is None and (named := re.match(r"\[([A-Z][A-Z0-9_.]+)\] ", message)):
            # A message that is written out in full names its condition and its state.
            errorClass = named[1]
            state = re.search(r"SQLSTATE: (\w{5})", message)
            self._sqlstate = state[1] if state else None
            self._complete = True
        super().__init__(message)
        self._message = message
        self._errorClass = errorClass
        self._messageParameters = messageParameters
        self._contexts = contexts or []

    @classmethod
    def _native(
        cls, message: str, condition: str | None, sqlstate: str | None, parameters: dict[str, str]
    ) -> PySparkException:
        """The exception for an error of the engine, whose message starts with its condition."""
        error = cls(message, condition, parameters)
        error._sqlstate = sqlstate
        error._complete = True
        return error

    _complete = False

    def getCondition(self) -> str | None:
        """Returns the condition, e.g. ``"DIVIDE_BY_ZERO"``, or None."""
        return self._errorClass

    def getErrorClass(self) -> str | None:
        """Returns the condition. The older name of :meth:`getCondition`."""
        warnings.warn("getErrorClass is deprecated: use getCondition", FutureWarning, stacklevel=2)
        return self._errorClass

    def getMessageParameters(self) -> dict[str, str] | None:
        """Returns the parameters of the condition's text."""
        return self._messageParameters

    def getSqlState(self) -> str | None:
        """Returns the SQLSTATE of the condition, or None."""
        return self._sqlstate

    def getMessage(self) -> str:
        """Returns the message with its condition."""
        return str(self)

    def getQueryContext(self) -> list[QueryContext]:
        """Returns where in the query the error arose."""
        return self._contexts

    def getBreakingChangeInfo(self) -> None:
        """Returns None: no error of this engine comes from a change between versions."""
        return

    def __str__(self) -> str:
        if self._errorClass is None or self._complete:
            return self._message
        return f"[{self._errorClass}] {self._message}"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._message, self._errorClass, self._messageParameters), dict(self.__dict__)


class AnalysisException(PySparkException):
    """The query is wrong before a row is read."""


class SessionNotSameException(PySparkException):
    """Two DataFrames of different sessions were combined."""


class TempTableAlreadyExistsException(AnalysisException):
    """A temporary view of this name exists."""


class ParseException(AnalysisException):
    """SQL text or a DDL string does not parse."""


class IllegalArgumentException(PySparkException):
    """An argument or option has a value that is not allowed."""


class ArithmeticException(PySparkException):
    """A value overflows or is divided by zero."""


class UnsupportedOperationException(PySparkException):
    """The operation is not supported."""


class ArrayIndexOutOfBoundsException(PySparkException):
    """An index lies outside its array."""


class DateTimeException(PySparkException):
    """A text is not a date or a time."""


class NumberFormatException(IllegalArgumentException):
    """A text is not a number."""


class StreamingQueryException(PySparkException):
    """An error ended a streaming query.

    ``__cause__`` is that error, or the exception of the user's own code.
    """


class QueryExecutionException(PySparkException):
    """A query failed while it ran."""


class SparkRuntimeException(PySparkException):
    """The data, a file or a device failed at run time."""


class SparkUpgradeException(PySparkException):
    """A result would differ between versions of Spark."""


class SparkNoSuchElementException(PySparkException):
    """The key or object does not exist."""


class PythonException(PySparkException):
    """A user's function raised. ``__cause__`` is its exception."""


class QueryCancelledException(PySparkException):
    """The engine ended an action, since its query was stopped or its time is over.

    This class is Firesteel's own. PySpark raises a ``Py4JJavaError`` there. An action inside a
    function of ``foreachBatch`` raises it when the query is stopped. The function may clean up and
    end. Its batch is left for the next run.
    """


class UnknownException(PySparkException):
    """A defect of the engine."""


class StreamingPythonRunnerInitializationException(PySparkException):
    """A Python runner of a stream could not start."""


class PickleException(PySparkException):
    """An object could not be pickled."""


class PySparkValueError(PySparkException, ValueError):
    """An argument has a wrong value."""


class PySparkTypeError(PySparkException, TypeError):
    """An argument has a wrong type."""


class PySparkIndexError(PySparkException, IndexError):
    """An index is out of range."""


class PySparkAttributeError(PySparkException, AttributeError):
    """An attribute does not exist."""


class PySparkRuntimeError(PySparkException, RuntimeError):
    """The call cannot be carried out now."""


class PySparkAssertionError(PySparkException, AssertionError):
    """Two things that should be equal differ."""

    def __init__(
        self,
        message: str | None = None,
        errorClass: str | None = None,
        messageParameters: dict[str, str] | None = None,
        data: Any = None,
    ) -> None:
        super().__init__(message, errorClass, messageParameters)
        self.data = data


class PySparkNotImplementedError(PySparkException, NotImplementedError):
    """Spark has this, and Firesteel does not."""


class PySparkPicklingError(PySparkException, PicklingError):
    """An object could not be pickled."""


class PySparkKeyError(PySparkException, KeyError):
    """A key does not exist."""


class PySparkImportError(PySparkException, ImportError):
    """A package is not installed."""


class QueryContextType(Enum):
    """Where a query context points to."""

    SQL = 0
    DataFrame = 1


class QueryContext:
    """Where in a query an error arose, for programs that look at it."""

    def contextType(self) -> QueryContextType:
        """Returns the kind of the context."""
        return QueryContextType.SQL


def _not_type(name: str, expected: str, value: Any) -> PySparkTypeError:
    """The error for an argument of a wrong type."""
    return PySparkTypeError(
        errorClass="NOT_EXPECTED_TYPE",
        messageParameters={"arg_name": name, "expected_type": expected, "arg_type": type(value).__name__},
    )


def _missing(feature: str) -> PySparkNotImplementedError:
    """The error for a feature that Spark has and Firesteel does not."""
    return PySparkNotImplementedError(errorClass="NOT_IMPLEMENTED", messageParameters={"feature": feature})


class _MissingAttribute(PySparkNotImplementedError, AttributeError):
    """An attribute that Firesteel lacks. `hasattr` answers False, and the error says why."""


def _missing_attribute(owner: str, name: str) -> AttributeError:
    """The error of a `__getattr__`, which is asked for names of Spark and for any others."""
    if name.startswith("_"):
        return AttributeError(f"'{owner}' object has no attribute '{name}'")
    return _MissingAttribute(errorClass="NOT_IMPLEMENTED", messageParameters={"feature": f"{owner}.{name}"})


def _refuse(owner: str, name: str) -> Any:
    """A method that Spark's class has and ours does not."""

    def method(self: Any, *args: Any, **kwargs: Any) -> NoReturn:
        raise _missing(f"{owner}.{name}")

    method.__name__ = name
    method.__doc__ = "Not in Firesteel: a call raises by name."
    return method


def _package(name: str, minimum: str, extra: str | None = None) -> PySparkImportError:
    """The error for an optional package, with the extra that installs it."""
    hint = f": install it with `pip install firesteel[{extra}]`" if extra else ""
    return PySparkImportError(
        f"the package {name} >= {minimum} is needed and not installed{hint}",
        errorClass="PACKAGE_NOT_INSTALLED",
        messageParameters={"package_name": name, "minimum_version": minimum},
    )
