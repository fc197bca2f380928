"""Data types, schemas and :class:`Row`.

A type goes to the engine in Spark's JSON form. The engine also parses DDL strings, so there is one
parser.
"""

from __future__ import annotations

import datetime
import decimal
import json
import re
import sys
from array import array
from collections.abc import Iterator
from contextlib import ContextDecorator
from typing import Any, ClassVar, cast

from firesteel.errors import (
    PySparkAttributeError,
    PySparkIndexError,
    PySparkKeyError,
    PySparkRuntimeError,
    PySparkTypeError,
    PySparkValueError,
    _not_type,
)

__all__ = [
    "ArrayType",
    "BinaryType",
    "BooleanType",
    "ByteType",
    "CalendarIntervalType",
    "CharType",
    "DataType",
    "DateType",
    "DayTimeIntervalType",
    "DecimalType",
    "DoubleType",
    "FloatType",
    "IntegerType",
    "LongType",
    "MapType",
    "NullType",
    "Row",
    "ShortType",
    "StringType",
    "StructField",
    "StructType",
    "TimestampNTZType",
    "TimestampType",
    "VarcharType",
    "YearMonthIntervalType",
]


class _DeepTypes(ContextDecorator):
    """Names the limit if types or values are nested more deeply than Python recurses."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if kind is not None and issubclass(kind, RecursionError):
            message = f"it is nested too deeply for Python's recursion limit of {sys.getrecursionlimit()}"
            raise PySparkValueError(errorClass="CANNOT_PARSE_DATATYPE", messageParameters={"msg": message}) from error


class DataType:
    """The base of all data types. Two types are equal if their attributes are."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __hash__(self) -> int:
        return hash(str(self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.__dict__ == other.__dict__

    def __ne__(self, other: object) -> bool:
        return not self == other

    @classmethod
    def typeName(cls) -> str:
        """Returns the type's name, e.g. ``"integer"``."""
        return cls.__name__.removesuffix("Type").lower()

    def simpleString(self) -> str:
        """Returns the type as DDL, e.g. ``"int"``."""
        return self.typeName()

    def jsonValue(self) -> str | dict[str, Any]:
        """Returns the type as a value for JSON."""
        return self.typeName()

    @_DeepTypes()
    def json(self) -> str:
        """Returns the type as JSON text.

        Examples
        --------
        >>> from firesteel.sql.types import ArrayType, LongType
        >>> ArrayType(LongType()).json()
        '{"containsNull":true,"elementType":"long","type":"array"}'
        """
        return json.dumps(self.jsonValue(), separators=(",", ":"), sort_keys=True)

    def needConversion(self) -> bool:
        """Returns whether a value has another form inside the engine."""
        return False

    def toInternal(self, obj: Any) -> Any:
        """Converts a Python value to the engine's form."""
        return obj

    def fromInternal(self, obj: Any) -> Any:
        """Converts the engine's form to a Python value."""
        return obj

    @classmethod
    def fromDDL(cls, ddl: str) -> DataType:
        """Parses a DDL string: one type, or the fields of a struct.

        Examples
        --------
        >>> from firesteel.sql.types import DataType
        >>> DataType.fromDDL("a INT, b STRING").simpleString()
        'struct<a:int,b:string>'
        """
        return _parse_datatype_string(ddl)

    @classmethod
    def fromJson(cls, json: Any) -> DataType:
        """Builds the type that :meth:`jsonValue` describes."""
        return _parse_datatype_json_value(json)

    def _tree(self, prefix: str, lines: list[str], depth: int) -> None:
        """Adds the lines below this type in :meth:`StructType.treeString`."""

    def _tree_name(self) -> str:
        return self.typeName()


class NullType(DataType):
    """The type of None."""

    @classmethod
    def typeName(cls) -> str:
        return "void"


class AtomicType(DataType):
    """A type without parts."""


class NumericType(AtomicType):
    """A number."""


class IntegralType(NumericType):
    """A whole number."""


class FractionalType(NumericType):
    """A number with a fraction."""


class StringType(AtomicType):
    """Text.

    Parameters
    ----------
    collation : str, optional
        Only Spark's default, which compares bytes.
    """

    def __init__(self, collation: str = "UTF8_BINARY") -> None:
        if collation.upper() != "UTF8_BINARY":
            raise PySparkValueError(
                errorClass="UNSUPPORTED_OPERATION", messageParameters={"operation": f"the collation {collation}"}
            )

    def isUTF8BinaryCollation(self) -> bool:
        """Returns True: text is compared by its bytes."""
        return True


class _Sized(AtomicType):
    def __init__(self, length: int) -> None:
        self.length = length

    def simpleString(self) -> str:
        return f"{self.typeName()}({self.length})"

    def jsonValue(self) -> str:
        return self.simpleString()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.length})"

    _tree_name = simpleString


class CharType(_Sized):
    """Text of a fixed length."""


class VarcharType(_Sized):
    """Text of at most a length."""


class BinaryType(AtomicType):
    """Bytes."""


class BooleanType(AtomicType):
    """True or False."""


class DatetimeType(AtomicType):
    """A point in time."""


class DateType(DatetimeType):
    """A day."""

    def needConversion(self) -> bool:
        return True

    def toInternal(self, d: datetime.date | None) -> int | None:
        return None if d is None else d.toordinal() - 719163

    def fromInternal(self, v: int | None) -> datetime.date | None:
        return None if v is None else datetime.date.fromordinal(v + 719163)


class TimestampType(DatetimeType):
    """An instant in microseconds.

    As a Python value it is a naive datetime of the process's time zone.
    """

    def needConversion(self) -> bool:
        return True

    def toInternal(self, dt: datetime.datetime | None) -> int | None:
        if dt is None:
            return None
        delta = dt.astimezone(datetime.UTC) - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
        return delta // datetime.timedelta(microseconds=1)

    def fromInternal(self, ts: int | None) -> datetime.datetime | None:
        if ts is None:
            return None
        return datetime.datetime.fromtimestamp(ts // 1000000).replace(microsecond=ts % 1000000)


class TimestampNTZType(DatetimeType):
    """A date and a time without a time zone."""

    @classmethod
    def typeName(cls) -> str:
        return "timestamp_ntz"


class DecimalType(FractionalType):
    """A decimal number.

    Parameters
    ----------
    precision : int
        Digits in all, at most 38.
    scale : int
        Digits after the point.
    """

    def __init__(self, precision: int = 10, scale: int = 0) -> None:
        self.precision = precision
        self.scale = scale
        self.hasPrecisionInfo = True

    def simpleString(self) -> str:
        return f"decimal({self.precision},{self.scale})"

    def jsonValue(self) -> str:
        return self.simpleString()

    def __repr__(self) -> str:
        return f"DecimalType({self.precision},{self.scale})"

    _tree_name = simpleString


class DoubleType(FractionalType):
    """A 64-bit floating point number."""


class FloatType(FractionalType):
    """A 32-bit floating point number."""


class ByteType(IntegralType):
    """An 8-bit whole number."""

    def simpleString(self) -> str:
        return "tinyint"


class IntegerType(IntegralType):
    """A 32-bit whole number."""

    def simpleString(self) -> str:
        return "int"


class LongType(IntegralType):
    """A 64-bit whole number."""

    def simpleString(self) -> str:
        return "bigint"


class ShortType(IntegralType):
    """A 16-bit whole number."""

    def simpleString(self) -> str:
        return "smallint"


class AnsiIntervalType(AtomicType):
    """An interval of one kind of unit."""


class _Interval(AnsiIntervalType):
    _units: ClassVar[tuple[str, ...]] = ()

    def __init__(self, startField: int | None = None, endField: int | None = None) -> None:
        if startField is None and endField is None:
            startField, endField = 0, len(self._units) - 1
        elif startField is not None and endField is None:
            endField = startField
        units = range(len(self._units))
        if startField not in units or endField not in units:
            raise PySparkTypeError(
                errorClass="UNSUPPORTED_DATA_TYPE",
                messageParameters={"data_type": f"{type(self).__name__}({startField}, {endField})"},
            )
        self.startField = cast(int, startField)
        self.endField = cast(int, endField)

    def simpleString(self) -> str:
        start, end = self._units[self.startField], self._units[self.endField]
        return f"interval {start}" if start == end else f"interval {start} to {end}"

    def jsonValue(self) -> str:
        return self.simpleString()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.startField}, {self.endField})"

    _tree_name = simpleString


class DayTimeIntervalType(_Interval):
    """A span of days to microseconds, a :class:`datetime.timedelta`."""

    DAY, HOUR, MINUTE, SECOND = range(4)
    _units = ("day", "hour", "minute", "second")


class YearMonthIntervalType(_Interval):
    """A span of years and months."""

    YEAR, MONTH = range(2)
    _units = ("year", "month")


class CalendarIntervalType(DataType):
    """A span of months, days and microseconds."""

    @classmethod
    def typeName(cls) -> str:
        return "interval"


class ArrayType(DataType):
    """A list of one type.

    Parameters
    ----------
    elementType : DataType
        The type of each element.
    containsNull : bool, optional
        Whether an element may be None.
    """

    def __init__(self, elementType: DataType, containsNull: bool = True) -> None:
        _check_type("elementType", elementType)
        self.elementType = elementType
        self.containsNull = containsNull

    def simpleString(self) -> str:
        return f"array<{self.elementType.simpleString()}>"

    def __repr__(self) -> str:
        return f"ArrayType({self.elementType!r}, {self.containsNull})"

    def jsonValue(self) -> dict[str, Any]:
        return {"type": "array", "elementType": self.elementType.jsonValue(), "containsNull": self.containsNull}

    @classmethod
    @_DeepTypes()
    def fromJson(cls, json: dict[str, Any]) -> ArrayType:
        return cls(_parse_datatype_json_value(json["elementType"]), json["containsNull"])

    def toNullable(self) -> ArrayType:
        """Returns the same type with everything nullable."""
        return ArrayType(_nullable(self.elementType), True)

    def _tree(self, prefix: str, lines: list[str], depth: int) -> None:
        if depth > 0:
            null = _flag(self.containsNull)
            lines.append(f"{prefix}-- element: {self.elementType._tree_name()} (containsNull = {null})")
            self.elementType._tree(prefix + "    |", lines, depth - 1)


class MapType(DataType):
    """A map from keys to values.

    Parameters
    ----------
    keyType, valueType : DataType
        The types of keys and values.
    valueContainsNull : bool, optional
        Whether a value may be None.
    """

    def __init__(self, keyType: DataType, valueType: DataType, valueContainsNull: bool = True) -> None:
        _check_type("keyType", keyType)
        _check_type("valueType", valueType)
        self.keyType = keyType
        self.valueType = valueType
        self.valueContainsNull = valueContainsNull

    def simpleString(self) -> str:
        return f"map<{self.keyType.simpleString()},{self.valueType.simpleString()}>"

    def __repr__(self) -> str:
        return f"MapType({self.keyType!r}, {self.valueType!r}, {self.valueContainsNull})"

    def jsonValue(self) -> dict[str, Any]:
        return {
            "type": "map",
            "keyType": self.keyType.jsonValue(),
            "valueType": self.valueType.jsonValue(),
            "valueContainsNull": self.valueContainsNull,
        }

    @classmethod
    @_DeepTypes()
    def fromJson(cls, json: dict[str, Any]) -> MapType:
        key, value = _parse_datatype_json_value(json["keyType"]), _parse_datatype_json_value(json["valueType"])
        return cls(key, value, json["valueContainsNull"])

    def toNullable(self) -> MapType:
        """Returns the same type with every value nullable."""
        return MapType(_nullable(self.keyType), _nullable(self.valueType), True)

    def _tree(self, prefix: str, lines: list[str], depth: int) -> None:
        if depth > 0:
            lines.append(f"{prefix}-- key: {self.keyType._tree_name()}")
            self.keyType._tree(prefix + "    |", lines, depth - 1)
            null = _flag(self.valueContainsNull)
            lines.append(f"{prefix}-- value: {self.valueType._tree_name()} (valueContainsNull = {null})")
            self.valueType._tree(prefix + "    |", lines, depth - 1)


class StructField(DataType):
    """A field of a :class:`StructType`.

    Parameters
    ----------
    name : str
        The field's name.
    dataType : DataType
        The field's type.
    nullable : bool, optional
        Whether the field may be None.
    metadata : dict, optional
        The user's notes about the field.
    """

    def __init__(
        self, name: str, dataType: DataType, nullable: bool = True, metadata: dict[str, Any] | None = None
    ) -> None:
        _check_type("dataType", dataType)
        if not isinstance(name, str):
            raise _not_type("name", "str", name)
        self.name = name
        self.dataType = dataType
        self.nullable = nullable
        self.metadata = metadata or {}

    def simpleString(self) -> str:
        return f"{self.name}:{self.dataType.simpleString()}"

    def __repr__(self) -> str:
        return f"StructField('{self.name}', {self.dataType!r}, {self.nullable})"

    def jsonValue(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "type": self.dataType.jsonValue(),
            "nullable": self.nullable,
            "metadata": self.metadata,
        }

    @classmethod
    def fromJson(cls, json: dict[str, Any]) -> StructField:
        return cls(
            json["name"], _parse_datatype_json_value(json["type"]), json.get("nullable", True), json.get("metadata")
        )

    def typeName(self) -> str:  # type: ignore[override]
        raise PySparkTypeError(
            "a StructField has no type name of its own; use .dataType.typeName()", errorClass="INVALID_TYPENAME_CALL"
        )

    def toNullable(self) -> StructField:
        """Returns the same field, nullable all the way down."""
        return StructField(self.name, _nullable(self.dataType), True, self.metadata)


class StructType(DataType):
    """The fields of a row.

    Parameters
    ----------
    fields : list of StructField, optional
        The fields, in order.

    Examples
    --------
    >>> from firesteel.sql.types import StructType, StringType
    >>> schema = StructType().add("name", StringType()).add("age", "int", False)
    >>> schema.simpleString()
    'struct<name:string,age:int>'
    >>> schema["age"]
    StructField('age', IntegerType(), False)
    """

    def __init__(self, fields: list[StructField] | None = None) -> None:
        self.fields = list(fields or [])
        for field in self.fields:
            if not isinstance(field, StructField):
                raise _not_type("fields", "a list of StructField", field)
        self.names = [field.name for field in self.fields]

    def add(
        self,
        field: str | StructField,
        data_type: str | DataType | None = None,
        nullable: bool = True,
        metadata: dict[str, Any] | None = None,
    ) -> StructType:
        """Adds a field and returns this same object.

        Parameters
        ----------
        field : str or StructField
            The field, or its name.
        data_type : DataType or str, optional
            The field's type, where only its name was given.
        nullable : bool, optional
            Whether it may be None.
        metadata : dict, optional
            The user's notes about the field.
        """
        if not isinstance(field, StructField):
            if isinstance(field, str) and data_type is None:
                raise PySparkValueError(
                    errorClass="ARGUMENT_REQUIRED",
                    messageParameters={"arg_name": "data_type", "condition": "passing name of struct_field to create"},
                )
            kind = _parse_datatype_string(data_type) if isinstance(data_type, str) else data_type
            field = StructField(field, cast(DataType, kind), nullable, metadata)
        self.fields.append(field)
        self.names.append(field.name)
        return self

    def __iter__(self) -> Iterator[StructField]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __getitem__(self, key: str | int | slice) -> Any:
        if isinstance(key, str):
            for field in self.fields:
                if field.name == key:
                    return field
            raise PySparkKeyError(errorClass="KEY_NOT_EXISTS", messageParameters={"key": str(key)})
        if isinstance(key, int):
            try:
                return self.fields[key]
            except IndexError:
                raise PySparkIndexError(
                    f"expected an index into {len(self.fields)} fields, found {key}",
                    errorClass="INDEX_OUT_OF_RANGE",
                ) from None
        if isinstance(key, slice):
            return StructType(self.fields[key])
        raise _not_type("key", "int, slice or str", key)

    def simpleString(self) -> str:
        return f"struct<{','.join(field.simpleString() for field in self.fields)}>"

    def __repr__(self) -> str:
        return f"StructType([{', '.join(map(repr, self.fields))}])"

    def jsonValue(self) -> dict[str, Any]:
        return {"type": "struct", "fields": [field.jsonValue() for field in self.fields]}

    @classmethod
    @_DeepTypes()
    def fromJson(cls, json: dict[str, Any]) -> StructType:
        return cls([StructField.fromJson(field) for field in json["fields"]])

    def fieldNames(self) -> list[str]:
        """Returns the names of the fields."""
        return list(self.names)

    def toDDL(self) -> str:
        """Returns the fields as DDL, e.g. ``"a INT,b STRING NOT NULL"``."""
        from firesteel import _native

        return _native.schema_ddl(self.json())

    def toNullable(self) -> StructType:
        """Returns the same fields, nullable all the way down."""
        return StructType([field.toNullable() for field in self.fields])

    @_DeepTypes()
    def treeString(self, maxDepth: int | None = None) -> str:
        """Returns the schema as the tree that ``printSchema`` prints.

        Parameters
        ----------
        maxDepth : int, optional
            The number of levels to show, by default all.
        """
        depth = 2**31 if maxDepth is None or maxDepth <= 0 else maxDepth
        lines = ["root"]
        self._tree(" |", lines, depth)
        return "\n".join(lines) + "\n"

    def _tree(self, prefix: str, lines: list[str], depth: int) -> None:
        if depth > 0:
            for field in self.fields:
                lines.append(
                    f"{prefix}-- {field.name}: {field.dataType._tree_name()} (nullable = {_flag(field.nullable)})"
                )
                field.dataType._tree(prefix + "    |", lines, depth - 1)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _check_type(name: str, value: Any) -> None:
    if not isinstance(value, DataType):
        raise _not_type(name, "DataType", value)


def _nullable(data_type: DataType) -> DataType:
    return data_type.toNullable() if isinstance(data_type, (ArrayType, MapType, StructType)) else data_type


_ATOMIC: dict[str, type[DataType]] = {
    kind.typeName(): kind
    for kind in (
        StringType, BinaryType, BooleanType, DecimalType, FloatType, DoubleType, ByteType, ShortType, IntegerType,
        LongType, DateType, TimestampType, TimestampNTZType, NullType, CalendarIntervalType, YearMonthIntervalType,
        DayTimeIntervalType,
    )
}  # fmt: skip
_COMPLEX: dict[str, type[DataType]] = {"array": ArrayType, "map": MapType, "struct": StructType}
_SIZED = re.compile(r"(char|varchar)\(\s*(\d+)\s*\)|decimal\(\s*(\d+)\s*,\s*(-?\d+)\s*\)")
_INTERVAL = re.compile(r"interval (day|hour|minute|second|year|month)(?: to (day|hour|minute|second|year|month))?")


def _parse_datatype_string(s: str) -> DataType:
    """Parses a DDL string: fields, one type or ``struct<…>``."""
    from firesteel import _native

    return _parse_datatype_json_string(_native.parse_ddl(s))


@_DeepTypes()
def _parse_datatype_json_string(json_string: str) -> DataType:
    """Builds a type from Spark's JSON text."""
    return _parse_datatype_json_value(json.loads(json_string))


def _parse_datatype_json_value(value: Any) -> DataType:
    if isinstance(value, dict):
        kind = _COMPLEX.get(value.get("type", ""))
        if kind is not None:
            return kind.fromJson(value)
    elif value in _ATOMIC:
        return _ATOMIC[value]()
    elif value == "null":
        return NullType()
    elif sized := _SIZED.fullmatch(value):
        if sized[1]:
            return (CharType if sized[1] == "char" else VarcharType)(int(sized[2]))
        return DecimalType(int(sized[3]), int(sized[4]))
    elif interval := _INTERVAL.fullmatch(value):
        kind_of = YearMonthIntervalType if interval[1] in YearMonthIntervalType._units else DayTimeIntervalType
        return kind_of(kind_of._units.index(interval[1]), kind_of._units.index(interval[2] or interval[1]))
    raise PySparkValueError(errorClass="CANNOT_PARSE_DATATYPE", messageParameters={"msg": str(value)})


class Row(tuple[Any, ...]):
    """A row: a tuple whose values also have names.

    Keyword arguments make a row. Positional arguments alone make a row without names. A call of
    such a row makes a row with its values as names.

    Examples
    --------
    >>> from firesteel.sql import Row
    >>> row = Row(name="Alice", age=11)
    >>> row
    Row(name='Alice', age=11)
    >>> row["name"], row.age, row[1], "age" in row
    ('Alice', 11, 11, True)
    >>> Person = Row("name", "age")
    >>> Person("Bob", 5).asDict()
    {'name': 'Bob', 'age': 5}
    """

    __fields__: list[str]

    def __new__(cls, *args: Any, **kwargs: Any) -> Row:
        if args and kwargs:
            raise PySparkValueError(errorClass="CANNOT_SET_TOGETHER", messageParameters={"arg_list": "args and kwargs"})
        if kwargs:
            row = tuple.__new__(cls, list(kwargs.values()))
            row.__fields__ = list(kwargs)
            return row
        return tuple.__new__(cls, args)

    def asDict(self, recursive: bool = False) -> dict[str, Any]:
        """Returns the row as a dict, and with `recursive` also the rows inside it."""
        if not hasattr(self, "__fields__"):
            raise PySparkTypeError(
                "a Row class has no values: it cannot become a dict", errorClass="CANNOT_CONVERT_TYPE"
            )

        def convert(value: Any) -> Any:
            if isinstance(value, Row):
                return value.asDict(True)
            if isinstance(value, list):
                return [convert(item) for item in value]
            if isinstance(value, dict):
                return {key: convert(item) for key, item in value.items()}
            return value

        return dict(zip(self.__fields__, map(convert, self) if recursive else self, strict=False))

    def __contains__(self, item: object) -> bool:
        return item in self.__fields__ if hasattr(self, "__fields__") else super().__contains__(item)

    def __call__(self, *args: Any) -> Row:
        if len(args) > len(self):
            raise PySparkValueError(
                errorClass="TOO_MANY_VALUES",
                messageParameters={"expected": str(len(self)), "item": "fields", "actual": str(len(args))},
            )
        return _create_row(self, args)

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, (int, slice)):
            return super().__getitem__(item)
        try:
            return super().__getitem__(self.__fields__.index(item))
        except IndexError:
            raise PySparkKeyError(errorClass="KEY_NOT_EXISTS", messageParameters={"key": str(item)}) from None
        except (ValueError, AttributeError):
            raise PySparkValueError(item) from None

    def __getattr__(self, item: str) -> Any:
        if item.startswith("__"):
            raise PySparkAttributeError(errorClass="CANNOT_ACCESS_TO_DUNDER", messageParameters={})
        try:
            return self[self.__fields__.index(item)]
        except (IndexError, ValueError):
            raise PySparkAttributeError(
                errorClass="ATTRIBUTE_NOT_SUPPORTED", messageParameters={"attr_name": item}
            ) from None

    def __setattr__(self, key: str, value: Any) -> None:
        if key != "__fields__":
            raise PySparkRuntimeError(errorClass="READ_ONLY", messageParameters={"object": "Row"})
        self.__dict__[key] = value

    def __reduce__(self) -> Any:
        if hasattr(self, "__fields__"):
            return _create_row, (self.__fields__, tuple(self))
        return tuple.__reduce__(self)

    def __repr__(self) -> str:
        if hasattr(self, "__fields__"):
            return f"Row({', '.join(f'{name}={value!r}' for name, value in zip(self.__fields__, self, strict=False))})"
        return f"<Row({', '.join(repr(value) for value in self)})>"


def _create_row(fields: Any, values: Any) -> Row:
    """A row of named values. The engine calls this for each row that it gives out."""
    row = tuple.__new__(Row, values)
    row.__dict__["__fields__"] = fields
    return row


_INFERRED: dict[type, type[DataType]] = {
    type(None): NullType,
    bool: BooleanType,
    int: LongType,
    float: DoubleType,
    str: StringType,
    bytearray: BinaryType,
    bytes: BinaryType,
    datetime.date: DateType,
    datetime.datetime: TimestampType,
    datetime.timedelta: DayTimeIntervalType,
}
_ARRAY_CODES: dict[str, type[DataType]] = {
    "f": FloatType, "d": DoubleType, "b": ByteType, "B": ShortType, "h": ShortType, "H": IntegerType, "i": IntegerType,
    "I": LongType, "l": LongType, "q": LongType, "u": StringType,
}  # fmt: skip


def _infer_type(obj: Any) -> DataType:
    """The type of a Python value, as ``createDataFrame`` infers it."""
    if obj is None:
        return NullType()
    if isinstance(obj, decimal.Decimal):
        return DecimalType(38, 18)
    kind = _INFERRED.get(type(obj))
    if kind is not None:
        return kind()
    if isinstance(obj, dict):
        kinds: list[DataType] = [NullType(), NullType()]
        for pair in obj.items():
            kinds = [_merge_type(kind, _infer_type(each)) for kind, each in zip(kinds, pair, strict=True)]
        return MapType(kinds[0], kinds[1], True)
    if isinstance(obj, list):
        element: DataType = NullType()
        for item in obj:
            element = _merge_type(element, _infer_type(item))
        return ArrayType(element, True)
    if isinstance(obj, array):
        if obj.typecode in _ARRAY_CODES:
            return ArrayType(_ARRAY_CODES[obj.typecode](), False)
        raise PySparkTypeError(
            errorClass="UNSUPPORTED_DATA_TYPE", messageParameters={"data_type": f"array({obj.typecode})"}
        )
    try:
        return _infer_schema(obj)
    except TypeError as error:
        raise PySparkTypeError(
            errorClass="UNSUPPORTED_DATA_TYPE", messageParameters={"data_type": type(obj).__name__}
        ) from error


def _infer_schema(row: Any, names: list[str] | tuple[str, ...] | None = None) -> StructType:
    """The schema of a row: a dict, tuple, list, named tuple, Row or an object with attributes."""
    if isinstance(row, dict):
        items = sorted(row.items())
    elif isinstance(row, (tuple, list)):
        if hasattr(row, "__fields__"):
            items = list(zip(row.__fields__, tuple(row), strict=False))
        elif hasattr(row, "_fields"):
            items = list(zip(row._fields, tuple(row), strict=False))
        else:
            given = list(names or [])
            given += [f"_{i}" for i in range(len(given) + 1, len(row) + 1)]
            items = list(zip(given, row, strict=False))
    elif hasattr(row, "__dict__"):
        items = sorted(row.__dict__.items())
    else:
        raise PySparkTypeError(
            errorClass="CANNOT_INFER_SCHEMA_FOR_TYPE", messageParameters={"data_type": type(row).__name__}
        )
    fields = []
    for name, value in items:
        try:
            fields.append(StructField(name, _infer_type(value), True))
        except TypeError as error:
            raise PySparkTypeError(
                errorClass="CANNOT_INFER_TYPE_FOR_FIELD", messageParameters={"field_name": str(name)}
            ) from error
    return StructType(fields)


def _has_nulltype(data_type: DataType) -> bool:
    if isinstance(data_type, StructType):
        return any(_has_nulltype(field.dataType) for field in data_type.fields)
    if isinstance(data_type, ArrayType):
        return _has_nulltype(data_type.elementType)
    if isinstance(data_type, MapType):
        return _has_nulltype(data_type.keyType) or _has_nulltype(data_type.valueType)
    return isinstance(data_type, NullType)


def _merge_type(a: Any, b: Any, name: str | None = None) -> Any:
    """The type that holds values of both types."""
    if isinstance(a, NullType) or (isinstance(a, TimestampNTZType) and isinstance(b, TimestampType)):
        return b
    if isinstance(b, NullType) or (isinstance(a, TimestampType) and isinstance(b, TimestampNTZType)):
        return a
    if isinstance(a, AtomicType) and isinstance(b, StringType):
        return b
    if isinstance(a, StringType) and isinstance(b, AtomicType):
        return a
    if type(a) is not type(b):
        message = {"data_type1": type(a).__name__, "data_type2": type(b).__name__}
        error = PySparkTypeError(errorClass="CANNOT_MERGE_TYPE", messageParameters=message)
        if name is not None:
            error._message = f"{name}: {error._message}"
        raise error
    if isinstance(a, StructType):
        others = {field.name: field.dataType for field in b.fields}
        inside = (lambda field: f"field {field} in {name}") if name else (lambda field: f"field {field}")
        fields = [
            StructField(f.name, _merge_type(f.dataType, others.get(f.name, NullType()), inside(f.name)))
            for f in a.fields
        ]
        known = {field.name for field in fields}
        return StructType(fields + [StructField(n, t) for n, t in others.items() if n not in known])
    if isinstance(a, ArrayType):
        return ArrayType(_merge_type(a.elementType, b.elementType, f"element in array {name}"), True)
    if isinstance(a, MapType):
        key = _merge_type(a.keyType, b.keyType, f"key of map {name}")
        return MapType(key, _merge_type(a.valueType, b.valueType, f"value of map {name}"), True)
    return a
