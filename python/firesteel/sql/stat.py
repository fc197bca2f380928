"""Statistics of a DataFrame: ``df.stat``, ``describe`` and ``summary``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from firesteel.errors import PySparkTypeError, PySparkValueError, _missing, _not_type
from firesteel.sql.types import NumericType, StringType, StructField, StructType

if TYPE_CHECKING:
    from firesteel.sql.column import Column
    from firesteel.sql.dataframe import DataFrame

__all__ = ["DataFrameStatFunctions"]


class DataFrameStatFunctions:
    """Statistics that run at once."""

    def __init__(self, df: DataFrame) -> None:
        self.df = df

    def approxQuantile(self, col: Any, probabilities: Any, relativeError: float) -> Any:
        """Returns quantiles of a numeric column, or of several; nulls and NaN are left out.

        Parameters
        ----------
        col : str, list or tuple
            The column or columns.
        probabilities : list or tuple of float
            The quantiles, from 0 to 1.
        relativeError : float
            The error that a quantile's rank may have. 0 is exact.

        Examples
        --------
        >>> df = spark.createDataFrame([(1, 2.0), (2, 4.0), (3, 6.0)], "x INT, y DOUBLE")
        >>> df.stat.approxQuantile("x", [0.5, 1.0], 0)
        [2.0, 3.0]
        """
        from firesteel.sql import functions as F

        names = [col] if isinstance(col, str) else col
        if not isinstance(names, (list, tuple)):
            raise _not_type("col", "list, str or tuple", col)
        if not isinstance(probabilities, (list, tuple)):
            raise _not_type("probabilities", "list or tuple", probabilities)
        for p in probabilities:
            if not isinstance(p, (int, float)) or not 0 <= p <= 1:
                raise PySparkTypeError(f"the probabilities must be numbers from 0 to 1, found {p!r}")
        if not isinstance(relativeError, (int, float)):
            raise _not_type("relativeError", "float or int", relativeError)
        if relativeError < 0:
            raise PySparkValueError(
                errorClass="NEGATIVE_VALUE",
                messageParameters={"arg_name": "relativeError", "arg_value": str(relativeError)},
            )
        accuracy = 2_000_000_000 if relativeError == 0 else max(1, min(2_000_000_000, round(1 / relativeError)))
        wanted = [float(p) for p in probabilities]
        numbers = [F.col(name).cast("double") for name in names]
        columns = [F.when(~F.isnan(number), number) for number in numbers]
        values = [F.percentile_approx(column, p, accuracy) for column in columns for p in wanted]
        row = list(self.df.agg(*values).collect()[0]) if values else []
        width = len(wanted)
        parts = [row[i * width : (i + 1) * width] for i in range(len(names))]
        found = [part if None not in part else [] for part in parts]
        return found[0] if isinstance(col, str) else found

    def corr(self, col1: str, col2: str, method: str | None = None) -> float:
        """Returns the Pearson correlation of two columns.

        Examples
        --------
        >>> df = spark.createDataFrame([(1, 2.0), (2, 4.0), (3, 6.0)], "x INT, y DOUBLE")
        >>> df.stat.corr("x", "y")
        1.0
        """
        from firesteel.sql import functions as F

        _names(col1, col2)
        if method not in (None, "pearson"):
            raise PySparkValueError(
                errorClass="VALUE_NOT_ALLOWED", messageParameters={"arg_name": "method", "allowed_values": "pearson"}
            )
        found = self.df.agg(F.corr(_or_zero(col1), _or_zero(col2))).collect()[0][0]
        return float("nan") if found is None else found

    def cov(self, col1: str, col2: str) -> float:
        """Returns the sample covariance of two columns.

        Examples
        --------
        >>> df = spark.createDataFrame([(1, 2.0), (2, 4.0), (3, 6.0)], "x INT, y DOUBLE")
        >>> df.stat.cov("x", "y")
        2.0
        """
        from firesteel.sql import functions as F

        _names(col1, col2)
        found = self.df.agg(F.covar_samp(_or_zero(col1), _or_zero(col2))).collect()[0][0]
        return 0.0 if found is None else found

    def crosstab(self, col1: str, col2: str) -> DataFrame:
        """Returns how often each pair of values occurs.

        Each value of one column has a row, and each value of the other a column.

        Examples
        --------
        >>> df = spark.createDataFrame([("a", 1), ("a", 2), ("b", 1)], ["k", "n"])
        >>> df.stat.crosstab("k", "n").orderBy("k_n").collect()
        [Row(k_n='a', 1=1, 2=1), Row(k_n='b', 1=1, 2=0)]
        """
        from firesteel.sql import functions as F

        _names(col1, col2)
        key = f"{col1}_{col2}"
        texts = self.df.select(
            F.coalesce(F.col(col1).cast("string"), F.lit("null")).alias(key),
            F.coalesce(F.col(col2).cast("string"), F.lit("null")).alias("__firesteel_other"),
        )
        return texts.groupBy(key).pivot("__firesteel_other").count().na.fill(0)

    def freqItems(self, cols: Any, support: float | None = None) -> DataFrame:
        """Frequent values: not in Firesteel."""
        raise _missing("DataFrame.freqItems")

    def sampleBy(self, col: Any, fractions: dict[Any, float], seed: int | None = None) -> DataFrame:
        """Keeps the rows of each value of a column with a probability of its own.

        Parameters
        ----------
        col : str or Column
            The column.
        fractions : dict
            The probability of each value. Others have 0.
        seed : int, optional
            The seed of the random numbers.
        """
        from firesteel.sql import functions as F
        from firesteel.sql.column import Column, _expr

        if not isinstance(fractions, dict):
            raise _not_type("fractions", "dict", fractions)
        key = Column(_expr(col))
        share: Column | None = None
        for value, fraction in fractions.items():
            same = key == F.lit(value)
            share = F.when(same, float(fraction)) if share is None else share.when(same, float(fraction))
        if share is None:
            return self.df.filter(F.lit(False))
        return self.df.filter(F.rand(seed) < share.otherwise(0.0))

    def _summary(self, statistics: Any) -> DataFrame:
        """`describe` and `summary`: one pass over the rows gives a row for each statistic."""
        from firesteel.sql import functions as F

        fields = [f for f in self.df.schema if isinstance(f.dataType, (NumericType, StringType))]
        aggregates: list[Column] = []
        for statistic in statistics:
            for field in fields:
                aggregates.append(_statistic(statistic, field, F).cast("string"))
        values = list(self.df.agg(*aggregates).collect()[0]) if aggregates else []
        width = len(fields)
        rows = [(name, *values[i * width : (i + 1) * width]) for i, name in enumerate(statistics)]
        schema = StructType([StructField("summary", StringType())])
        for field in fields:
            schema.add(field.name, StringType())
        return self.df.sparkSession.createDataFrame(rows, schema)


def _statistic(name: str, field: StructField, F: Any) -> Column:
    column = F.col(f"`{field.name}`")
    number = column if isinstance(field.dataType, NumericType) else column.try_cast("double")
    simple = {"count": F.count, "min": F.min, "max": F.max}
    if name in simple:
        return simple[name](column)
    if name in ("mean", "stddev"):
        return {"mean": F.avg, "stddev": F.stddev}[name](number)
    if name == "count_distinct":
        return F.count_distinct(column)
    if name == "approx_count_distinct":
        return F.approx_count_distinct(column)
    if name.endswith("%"):
        try:
            return F.percentile_approx(number, float(name[:-1]) / 100)
        except ValueError:
            pass
    raise PySparkValueError(
        f"there is no statistic '{name}'", errorClass="UNKNOWN_VALUE_FOR", messageParameters={"var": name}
    )


def _names(*names: Any) -> None:
    for i, name in enumerate(names, 1):
        if not isinstance(name, str):
            raise _not_type(f"col{i}", "str", name)


def _or_zero(name: str) -> Column:
    """The column with 0 for null: so Spark counts nulls in its correlation and covariance."""
    from firesteel.sql import functions as F

    return F.coalesce(name, F.lit(0))
