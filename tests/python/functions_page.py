"""Write ``docs/functions.md`` from what the package has: ``python tests/python/functions_page.py``.

Every name of ``firesteel.sql.functions`` is asked of the engine. A name that the engine calls "not
implemented" is listed as missing.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from firesteel.errors import PySparkException, UnsupportedOperationException
from firesteel.sql import SparkSession
from firesteel.sql import functions as F

PAGE = Path(__file__).resolve().parents[2] / "docs" / "functions.md"

PYTHON_ONLY = {"UserDefinedFunction", "PandasUDFType", "ArrowUDFType", "udf", "pandas_udf", "arrow_udf"}
"""Names that are no functions of SQL. They are on the page about Python functions."""
PARTITIONING = {"bucket", "days", "hours", "months", "years", "unwrap_udt"}
"""They lay out a table or unwrap a user's type. Nothing here does that."""

HEAD = """# Functions

`firesteel.sql.functions` has every name of PySpark 4.3's `pyspark.sql.functions`, with the same arguments. Only the
classes of table functions are missing. SQL text finds the same functions by the same names, in any case. Functions
that build columns are Python's alone, such as `col`. `tests/python/functions_page.py` writes this page by asking the
engine for each name.

```python
>>> from firesteel.sql import functions as F
>>> df = spark.createDataFrame([(["b", "a"], " x ")], "letters ARRAY<STRING>, text STRING")
>>> df.select(F.array_distinct("letters"), F.trim("text")).show()
+-----------------------+----------+
|array_distinct(letters)|trim(text)|
+-----------------------+----------+
|                 [b, a]|         x|
+-----------------------+----------+
<BLANKLINE>
>>> df.selectExpr("transform(letters, l -> upper(l)) AS upper").collect()
[Row(upper=['B', 'A'])]
```

A missing function raises `UnsupportedOperationException` with its name when the query is analysed. Transforms of
partitions and table functions raise other errors. A name that Spark does not have either raises `AnalysisException`
(`UNRESOLVED_ROUTINE`). `tests/parity/known_gaps.toml` lists the answers that still differ from Spark's. [Python
functions](python-functions.md) and [models](models.md) have their own pages.

"""


def missing(spark: SparkSession, name: str) -> bool:
    """Ask the engine for a function by a call without arguments.

    Most functions refuse that number.
    """
    if name in F._MISSING or name in PARTITIONING:
        return True
    try:
        spark.sql(f"SELECT {name}()")
    except UnsupportedOperationException as error:
        return "is not implemented in Firesteel" in str(error)
    except PySparkException:
        return False
    return False


def table(names: list[str]) -> list[str]:
    """List names by their first letters."""
    rows = ["| | |", "|---|---|"]
    for letter, group in itertools.groupby(names, key=lambda name: name[0].lower()):
        rows.append(f"| {letter} | {', '.join(f'`{name}`' for name in group)} |")
    return rows


def text() -> str:
    """Return the page."""
    spark = SparkSession.getActiveSession() or SparkSession.builder.master("local[1]").getOrCreate()
    names = sorted(set(F.__all__) - PYTHON_ONLY, key=str.lower)
    lacking = [name for name in names if missing(spark, name)]
    there = [name for name in names if name not in lacking]
    lines = [f"## There: {len(there)}", "", *table(there), "", f"## Missing: {len(lacking)}", "", *table(lacking), ""]
    return HEAD + "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
    print(f"written to {PAGE}")
