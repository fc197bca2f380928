"""The tables that the queries read, each twice: as values of a query and as Parquet files.

They hold few values of each type, so that joins and groups meet: nulls, NaN, both zeros, rows that
are equal. Doubles are sums of halves, whose total is exact in any order.
"""

from __future__ import annotations

import threading
from typing import Any

TYPES = {
    "id": "bigint",
    "g": "int",
    "x": "double",
    "m": "decimal",
    "s": "string",
    "d": "date",
    "b": "boolean",
    "a": "array",
    "r": "struct",
}
"""The columns of the tables and their kinds, as `making.py` names them."""

COLUMNS = {
    "t": ["id", "g", "x", "m", "s", "d", "b", "a", "r"],
    "u": ["id", "g", "x", "s", "b"],
    "w": ["g", "m", "s", "d"],
    "none": ["id", "g", "x", "s"],
    "many": ["id", "g", "x", "s"],
}

_ROWS = {
    "t": """VALUES
  (1L, 1, 0.5D, 1.50BD, 'a', DATE'2024-01-31', true, array(1, 2), struct(1 AS k, 'a' AS v)),
  (2L, 1, -0.0D, 2.25BD, 'b', DATE'2024-02-29', false, array(), struct(2 AS k, 'b' AS v)),
  (3L, 2, 0.0D, NULL, 'b', NULL, NULL, array(3, NULL), struct(int(NULL) AS k, 'c' AS v)),
  (4L, 2, double('NaN'), -1.50BD, NULL, DATE'2023-12-31', true, NULL, NULL),
  (5L, NULL, NULL, 0.00BD, 'A', DATE'2024-01-31', false, array(2, 1), struct(1 AS k, string(NULL) AS v)),
  (6L, 3, 2.5D, 1.50BD, '', DATE'1970-01-01', true, array(NULL), struct(3 AS k, 'a' AS v)),
  (6L, 3, 2.5D, 1.50BD, '', DATE'1970-01-01', true, array(NULL), struct(3 AS k, 'a' AS v)),
  (NULL, 1, double('Infinity'), 2.25BD, 'a', NULL, NULL, array(1, 2), struct(1 AS k, 'a' AS v)),
  (8L, NULL, -3.5D, NULL, 'ab', DATE'2024-02-29', false, array(5), struct(2 AS k, 'b' AS v))
  AS t(id, g, x, m, s, d, b, a, r)""",
    "u": """VALUES
  (1L, 1, 0.5D, 'a', true), (1L, 2, double('NaN'), 'b', NULL), (3L, 2, -0.0D, 'b', false),
  (NULL, NULL, NULL, NULL, NULL), (5L, 3, 2.5D, 'A', true), (9L, 1, 0.0D, '', false),
  (5L, NULL, double('NaN'), 'ab', true)
  AS u(id, g, x, s, b)""",
    "w": """VALUES
  (1, 1.50BD, 'a', DATE'2024-01-31'), (2, 2.25BD, 'b', NULL), (NULL, NULL, 'c', DATE'1970-01-01'),
  (2, 1.50BD, NULL, DATE'2024-02-29'), (4, -1.50BD, 'a', DATE'2024-01-31')
  AS w(g, m, s, d)""",
    "none": "VALUES (1L, 1, 0.5D, 'a') AS none(id, g, x, s) WHERE id > 1",
    "many": """(SELECT id, CAST(id % 7 AS int) AS g, CAST(id % 50 AS double) / 2 AS x, CAST(id % 3 AS string) AS s
  FROM range(0, 3000, 1, 3))""",
}
_CASTS = {
    "x": "CAST(x AS double) AS x",
    "m": "CAST(m AS decimal(10, 2)) AS m",
    "a": "CAST(a AS array<int>) AS a",
    "r": "CAST(r AS struct<k: int, v: string>) AS r",
}
_made: set[int] = set()
_making = threading.Lock()


def make(spark: Any) -> None:
    """Make the views ``v_t``, ``p_t`` and so on, once a session."""
    with _making:
        if id(spark) in _made:
            return
        for name, columns in COLUMNS.items():
            chosen = ", ".join(_CASTS.get(column, column) for column in columns)
            frame = spark.sql(f"SELECT {chosen} FROM {_ROWS[name]}")
            frame.createOrReplaceTempView(f"v_{name}")
            frame.repartition(2).write.mode("overwrite").parquet(f"tables/{name}")
            spark.read.parquet(f"tables/{name}").createOrReplaceTempView(f"p_{name}")
        _made.add(id(spark))
