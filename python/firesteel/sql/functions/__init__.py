"""Functions of columns with PySpark's names, argument order and defaults, one file a topic.

A string names a column where PySpark takes a column, and is a value where PySpark takes a value. In
the examples `F` is this package and `Window` is :class:`firesteel.sql.Window`. `spark` is a
session.
"""

from __future__ import annotations

from typing import Any

from firesteel.sql.column import Column
from firesteel.sql.functions import (
    aggregates,
    bitwise,
    collection,
    conditional,
    datetime,
    formats,
    generator,
    geo,
    hashes,
    math,
    misc,
    sketch,
    string,
    vector,
    windows,
)
from firesteel.sql.functions.aggregates import *
from firesteel.sql.functions.bitwise import *
from firesteel.sql.functions.collection import *
from firesteel.sql.functions.conditional import *
from firesteel.sql.functions.core import (
    aggregate,
    any_value,
    approx_count_distinct,
    array,
    array_join,
    array_sort,
    asc,
    asc_nulls_first,
    asc_nulls_last,
    broadcast,
    bucket,
    call_function,
    call_udf,
    col,
    column,
    convert_timezone,
    count_distinct,
    create_map,
    days,
    desc,
    desc_nulls_first,
    desc_nulls_last,
    exists,
    expr,
    filter,
    first,
    first_value,
    forall,
    from_csv,
    from_json,
    from_xml,
    hours,
    json_tuple,
    lag,
    last,
    last_value,
    lead,
    levenshtein,
    listagg_distinct,
    lit,
    log,
    make_dt_interval,
    make_interval,
    make_timestamp,
    make_timestamp_ntz,
    make_ym_interval,
    map_concat,
    map_filter,
    map_zip_with,
    mode,
    months,
    nth_value,
    overlay,
    rand,
    randn,
    randstr,
    reduce,
    schema_of_csv,
    schema_of_json,
    schema_of_xml,
    session_window,
    shuffle,
    string_agg_distinct,
    struct,
    sum_distinct,
    to_csv,
    to_json,
    to_xml,
    transform,
    transform_keys,
    transform_values,
    try_make_interval,
    try_make_timestamp,
    try_make_timestamp_ntz,
    uniform,
    unix_timestamp,
    unwrap_udt,
    when,
    window,
    years,
    zip_with,
)
from firesteel.sql.functions.core import (
    chr as chr,
)
from firesteel.sql.functions.core import (
    random as random,
)
from firesteel.sql.functions.core import (
    uuid as uuid,
)
from firesteel.sql.functions.datetime import *
from firesteel.sql.functions.formats import *
from firesteel.sql.functions.generator import *
from firesteel.sql.functions.geo import *
from firesteel.sql.functions.hashes import *
from firesteel.sql.functions.math import *
from firesteel.sql.functions.misc import *
from firesteel.sql.functions.sketch import *
from firesteel.sql.functions.string import *
from firesteel.sql.functions.vector import *
from firesteel.sql.functions.windows import *

# The older spellings.
approxCountDistinct = approx_count_distinct
bitwiseNOT = bitwise.bitwise_not
countDistinct = count_distinct
negate = math.negative
power = math.pow
shiftLeft = bitwise.shiftleft
shiftRight = bitwise.shiftright
shiftRightUnsigned = bitwise.shiftrightunsigned
sumDistinct = sum_distinct
toDegrees = math.degrees
toRadians = math.radians

# Python functions as columns: their module is loaded when one of them is first used.
_UDF = {
    "udf": "firesteel.sql.udf",
    "UserDefinedFunction": "firesteel.sql.udf",
    "pandas_udf": "firesteel.sql.pandas.functions",
    "PandasUDFType": "firesteel.sql.pandas.functions",
    "ArrowUDFType": "firesteel.sql.pandas.functions",
    "arrow_udf": "firesteel.sql.pandas.functions",
}
# Names that Spark has and we do not. A call raises an error with the name.
_MISSING = ("udtf", "arrow_udtf")


def __getattr__(name: str) -> Any:
    if name in _UDF:
        from importlib import import_module

        return getattr(import_module(_UDF[name]), name)
    if name in _MISSING:
        from firesteel.errors import _missing

        def refuse(*args: Any, **kwargs: Any) -> Column:
            raise _missing(f"functions.{name}")

        refuse.__name__ = name
        return refuse
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    *_UDF,
    *_MISSING,
    *aggregates.__all__,
    *bitwise.__all__,
    *collection.__all__,
    *conditional.__all__,
    *datetime.__all__,
    *formats.__all__,
    *generator.__all__,
    *geo.__all__,
    *hashes.__all__,
    *math.__all__,
    *misc.__all__,
    *sketch.__all__,
    *string.__all__,
    *vector.__all__,
    *windows.__all__,
    "aggregate",
    "any_value",
    "approx_count_distinct",
    "array",
    "array_join",
    "array_sort",
    "asc",
    "asc_nulls_first",
    "asc_nulls_last",
    "broadcast",
    "bucket",
    "call_function",
    "call_udf",
    "col",
    "column",
    "convert_timezone",
    "count_distinct",
    "create_map",
    "days",
    "desc",
    "desc_nulls_first",
    "desc_nulls_last",
    "exists",
    "expr",
    "filter",
    "first",
    "first_value",
    "forall",
    "from_csv",
    "from_json",
    "from_xml",
    "hours",
    "json_tuple",
    "lag",
    "last",
    "last_value",
    "lead",
    "levenshtein",
    "listagg_distinct",
    "lit",
    "log",
    "make_dt_interval",
    "make_interval",
    "make_timestamp",
    "make_timestamp_ntz",
    "make_ym_interval",
    "map_concat",
    "map_filter",
    "map_zip_with",
    "mode",
    "months",
    "negate",
    "nth_value",
    "overlay",
    "power",
    "rand",
    "randn",
    "randstr",
    "reduce",
    "schema_of_csv",
    "schema_of_json",
    "schema_of_xml",
    "session_window",
    "shuffle",
    "string_agg_distinct",
    "struct",
    "sum_distinct",
    "to_csv",
    "to_json",
    "to_xml",
    "transform",
    "transform_keys",
    "transform_values",
    "try_make_interval",
    "try_make_timestamp",
    "try_make_timestamp_ntz",
    "uniform",
    "unix_timestamp",
    "unwrap_udt",
    "when",
    "window",
    "years",
    "zip_with",
]
