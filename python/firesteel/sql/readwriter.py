"""Reading and writing in batch: ``spark.read`` and ``df.write``."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from firesteel.conf import _text
from firesteel.errors import AnalysisException, _missing, _not_type
from firesteel.sql.column import _flat
from firesteel.sql.session import _schema_text

if TYPE_CHECKING:
    from firesteel.sql.dataframe import DataFrame
    from firesteel.sql.session import SparkSession
    from firesteel.sql.types import StructType

__all__ = ["DataFrameReader", "DataFrameWriter"]

_log = logging.getLogger("firesteel")


def _pairs(options: dict[str, Any]) -> list[tuple[str, str]]:
    """Options as text for the engine, without those that are None."""
    return [(key, _text(value)) for key, value in options.items() if value is not None]


# Arguments of a format's method that are no options. All others are options of the format.
_NO_OPTIONS = frozenset({"self", "path", "paths", "schema", "partitionBy"})


def _options(arguments: dict[str, Any], *more: str) -> dict[str, Any]:
    """The options among a method's arguments, so that its signature is their only list.

    `more` names arguments that are no options.
    """
    return {key: value for key, value in arguments.items() if key not in _NO_OPTIONS and key not in more}


class DataFrameReader:
    """Says what to read, then reads: ``spark.read``.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as d:
    ...     spark.range(3).write.mode("overwrite").parquet(d)
    ...     spark.read.parquet(d).count()
    3
    """

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._format: str | None = None
        self._schema: str | None = None
        self._options: dict[str, Any] = {}

    def format(self, source: str) -> DataFrameReader:
        """Sets the format: ``parquet``, ``csv``, ``json``, ``text``, …"""
        self._format = source
        return self

    def schema(self, schema: StructType | str) -> DataFrameReader:
        """Sets the schema, or its DDL."""
        self._schema = _schema_text(schema)
        return self

    def option(self, key: str, value: Any) -> DataFrameReader:
        """Sets an option of the format."""
        self._options[key] = value
        return self

    def options(self, **options: Any) -> DataFrameReader:
        """Sets several options of the format."""
        self._options.update(options)
        return self

    def load(
        self,
        path: str | list[str] | None = None,
        format: str | None = None,
        schema: StructType | str | None = None,
        **options: Any,
    ) -> DataFrame:
        """Reads from a path, or from several.

        Parameters
        ----------
        path : str or list of str, optional
            Files, directories or globs.
        format : str, optional
            The format, by default ``spark.sql.sources.default``.
        schema : StructType or str, optional
            The schema, or its DDL.
        options : dict
            Options of the format.
        """
        return self._load(format, path, schema, options)

    def _load(self, format: str | None, paths: Any, schema: Any, options: dict[str, Any]) -> DataFrame:
        if format is not None:
            self.format(format)
        if schema is not None:
            self.schema(schema)
        self.options(**{key: value for key, value in options.items() if value is not None})
        if paths is None:
            given = []
        elif isinstance(paths, (list, tuple)):
            given = list(paths)
        else:
            given = [paths]
        texts = [self._path(path) for path in given]
        native = self._spark._native
        return self._spark._df(native.read(self._format, _pairs(self._options), self._schema, texts, False))

    @staticmethod
    def _path(path: Any) -> str:
        import os

        if isinstance(path, (str, os.PathLike)):
            return os.fspath(path)
        raise _not_type("path", "str or list", path)

    def table(self, tableName: str) -> DataFrame:
        """Returns a table or a view."""
        return self._spark.table(tableName)

    def jdbc(self, *args: Any, **kwargs: Any) -> DataFrame:
        """A database: not in Firesteel."""
        raise _missing("DataFrameReader.jdbc")

    def changes(self, tableName: str) -> DataFrame:
        """A table's changes: not in Firesteel."""
        raise _missing("DataFrameReader.changes")

    def csv(
        self,
        path: Any,
        schema: StructType | str | None = None,
        sep: str | None = None,
        encoding: str | None = None,
        quote: str | None = None,
        escape: str | None = None,
        comment: str | None = None,
        header: bool | str | None = None,
        inferSchema: bool | str | None = None,
        ignoreLeadingWhiteSpace: bool | str | None = None,
        ignoreTrailingWhiteSpace: bool | str | None = None,
        nullValue: str | None = None,
        nanValue: str | None = None,
        positiveInf: str | None = None,
        negativeInf: str | None = None,
        dateFormat: str | None = None,
        timestampFormat: str | None = None,
        maxColumns: int | str | None = None,
        maxCharsPerColumn: int | str | None = None,
        maxMalformedLogPerPartition: int | str | None = None,
        mode: str | None = None,
        columnNameOfCorruptRecord: str | None = None,
        multiLine: bool | str | None = None,
        charToEscapeQuoteEscaping: str | None = None,
        samplingRatio: float | str | None = None,
        enforceSchema: bool | str | None = None,
        emptyValue: str | None = None,
        locale: str | None = None,
        lineSep: str | None = None,
        pathGlobFilter: bool | str | None = None,
        recursiveFileLookup: bool | str | None = None,
        modifiedBefore: bool | str | None = None,
        modifiedAfter: bool | str | None = None,
        unescapedQuoteHandling: str | None = None,
    ) -> DataFrame:
        """Reads CSV files. The arguments are the format's options."""
        return self._load("csv", path, schema, _options(locals()))

    def json(
        self,
        path: Any,
        schema: StructType | str | None = None,
        primitivesAsString: bool | str | None = None,
        prefersDecimal: bool | str | None = None,
        allowComments: bool | str | None = None,
        allowUnquotedFieldNames: bool | str | None = None,
        allowSingleQuotes: bool | str | None = None,
        allowNumericLeadingZero: bool | str | None = None,
        allowBackslashEscapingAnyCharacter: bool | str | None = None,
        mode: str | None = None,
        columnNameOfCorruptRecord: str | None = None,
        dateFormat: str | None = None,
        timestampFormat: str | None = None,
        multiLine: bool | str | None = None,
        allowUnquotedControlChars: bool | str | None = None,
        lineSep: str | None = None,
        samplingRatio: float | str | None = None,
        dropFieldIfAllNull: bool | str | None = None,
        encoding: str | None = None,
        locale: str | None = None,
        pathGlobFilter: bool | str | None = None,
        recursiveFileLookup: bool | str | None = None,
        modifiedBefore: bool | str | None = None,
        modifiedAfter: bool | str | None = None,
        allowNonNumericNumbers: bool | str | None = None,
        useUnsafeRow: bool | str | None = None,
    ) -> DataFrame:
        """Reads JSON files, one object a line. The arguments are the format's options."""
        return self._load("json", path, schema, _options(locals()))

    def parquet(self, *paths: str, **options: Any) -> DataFrame:
        """Reads Parquet files. The arguments are the format's options."""
        return self._load("parquet", list(paths), None, options)

    def text(
        self,
        paths: Any,
        wholetext: bool = False,
        lineSep: str | None = None,
        pathGlobFilter: bool | str | None = None,
        recursiveFileLookup: bool | str | None = None,
        modifiedBefore: bool | str | None = None,
        modifiedAfter: bool | str | None = None,
    ) -> DataFrame:
        """Reads text files, one line a row. The arguments are the format's options."""
        return self._load("text", paths, None, _options(locals()))

    def orc(
        self,
        path: Any,
        mergeSchema: bool | None = None,
        pathGlobFilter: bool | str | None = None,
        recursiveFileLookup: bool | str | None = None,
        modifiedBefore: bool | str | None = None,
        modifiedAfter: bool | str | None = None,
    ) -> DataFrame:
        """Reads ORC files. The arguments are the format's options."""
        return self._load("orc", path, None, _options(locals()))

    def xml(
        self,
        path: Any,
        rowTag: str | None = None,
        schema: StructType | str | None = None,
        excludeAttribute: bool | str | None = None,
        attributePrefix: str | None = None,
        valueTag: str | None = None,
        ignoreSurroundingSpaces: bool | str | None = None,
        rowValidationXSDPath: str | None = None,
        ignoreNamespace: bool | str | None = None,
        wildcardColName: str | None = None,
        encoding: str | None = None,
        inferSchema: bool | str | None = None,
        nullValue: str | None = None,
        dateFormat: str | None = None,
        timestampFormat: str | None = None,
        mode: str | None = None,
        columnNameOfCorruptRecord: str | None = None,
        multiLine: bool | str | None = None,
        samplingRatio: float | str | None = None,
        locale: str | None = None,
    ) -> DataFrame:
        """Reads XML files. The arguments are the format's options."""
        return self._load("xml", path, schema, _options(locals()))


class DataFrameWriter:
    """Says where and how to write, then writes: ``df.write``."""

    def __init__(self, df: DataFrame) -> None:
        self._df = df
        self._spark = df.sparkSession
        self._format: str | None = None
        self._mode = "errorifexists"
        self._options: dict[str, Any] = {}
        self._partition_by: list[str] = []

    def mode(self, saveMode: str | None) -> DataFrameWriter:
        """Sets the treatment of existing rows.

        It is ``append``, ``overwrite``, ``ignore`` or by default ``error``.
        """
        if saveMode:
            self._mode = saveMode
        return self

    def format(self, source: str) -> DataFrameWriter:
        """Sets the format: ``parquet``, ``csv``, ``json``, ``text``, ``noop``."""
        self._format = source
        return self

    def option(self, key: str, value: Any) -> DataFrameWriter:
        """Sets an option of the format."""
        self._options[key] = value
        return self

    def options(self, **options: Any) -> DataFrameWriter:
        """Sets several options of the format."""
        self._options.update(options)
        return self

    def partitionBy(self, *cols: str | list[str]) -> DataFrameWriter:
        """Sets the columns whose values become directories."""
        self._partition_by = _flat(cols)
        return self

    def bucketBy(self, numBuckets: int, col: Any, *cols: Any) -> DataFrameWriter:
        """Buckets: not in Firesteel."""
        raise _missing("DataFrameWriter.bucketBy")

    def sortBy(self, col: Any, *cols: Any) -> DataFrameWriter:
        """Sorted buckets: not in Firesteel."""
        raise _missing("DataFrameWriter.sortBy")

    def clusterBy(self, *cols: Any) -> DataFrameWriter:
        """Clusters: not in Firesteel."""
        raise _missing("DataFrameWriter.clusterBy")

    def jdbc(self, *args: Any, **kwargs: Any) -> None:
        """A database: not in Firesteel."""
        raise _missing("DataFrameWriter.jdbc")

    def save(
        self,
        path: str | None = None,
        format: str | None = None,
        mode: str | None = None,
        partitionBy: str | list[str] | None = None,
        **options: Any,
    ) -> None:
        """Writes to a path.

        Parameters
        ----------
        path : str, optional
            The directory.
        format : str, optional
            The format, by default ``spark.sql.sources.default``.
        mode : str, optional
            As for :meth:`mode`.
        partitionBy : str or list of str, optional
            As for :meth:`partitionBy`.
        options : dict
            Options of the format.
        """
        self._to(format, path, mode, partitionBy, options)

    def _to(self, format: str | None, path: Any, mode: str | None, partition_by: Any, options: dict[str, Any]) -> None:
        import os

        self._set(format, mode, partition_by, options)
        text = os.fspath(path) if path is not None else None
        self._check()
        self._df._frame.save(text, self._format, self._mode, self._partition_by, _pairs(self._options))

    def _set(self, format: str | None, mode: str | None, partition_by: Any, options: dict[str, Any]) -> None:
        if format is not None:
            self.format(format)
        self.mode(mode).options(**{key: value for key, value in options.items() if value is not None})
        if partition_by is not None:
            self.partitionBy(*([partition_by] if isinstance(partition_by, str) else partition_by))

    def _check(self) -> None:
        if self._df.isStreaming:
            raise AnalysisException(
                "[CALL_ON_STREAMING_DATASET_UNSUPPORTED] a stream has no `write`; use `writeStream`. SQLSTATE: 42KDE"
            )

    def saveAsTable(
        self,
        name: str,
        format: str | None = None,
        mode: str | None = None,
        partitionBy: str | list[str] | None = None,
        **options: Any,
    ) -> None:
        """Writes to a table of the session. The arguments are those of :meth:`save`."""
        self._set(format, mode, partitionBy, options)
        self._check()
        self._df._frame.save_table(name, self._format, self._mode, self._partition_by, _pairs(self._options))

    def insertInto(self, tableName: str, overwrite: bool | None = None) -> None:
        """Appends to a table by the position of columns, or replaces its rows.

        Notes
        -----
        The table's format, partitions and options hold. ``partitionBy`` raises. An option has no effect, and a warning says so.
        """
        replace = overwrite if overwrite is not None else self._mode.lower() == "overwrite"
        self._check()
        if self._partition_by:
            raise AnalysisException(
                "[PARTITION_BY_NOT_ALLOWED_WITH_INSERT_INTO] partitionBy() cannot be used with insertInto(): the table "
                f"`{tableName}` has its own partitions. SQLSTATE: 42601"
            )
        for key in self._options:
            _log.warning(
                "the option '%s' has no effect on insertInto: the options of the table '%s' hold", key, tableName
            )
        self._df._frame.insert_into(tableName, replace)

    def csv(
        self,
        path: str,
        mode: str | None = None,
        compression: str | None = None,
        sep: str | None = None,
        quote: str | None = None,
        escape: str | None = None,
        header: bool | str | None = None,
        nullValue: str | None = None,
        escapeQuotes: bool | str | None = None,
        quoteAll: bool | str | None = None,
        dateFormat: str | None = None,
        timestampFormat: str | None = None,
        ignoreLeadingWhiteSpace: bool | str | None = None,
        ignoreTrailingWhiteSpace: bool | str | None = None,
        charToEscapeQuoteEscaping: str | None = None,
        encoding: str | None = None,
        emptyValue: str | None = None,
        lineSep: str | None = None,
    ) -> None:
        """Writes CSV files. The arguments are the format's options."""
        self._to("csv", path, mode, None, _options(locals(), "mode"))

    def json(
        self,
        path: str,
        mode: str | None = None,
        compression: str | None = None,
        dateFormat: str | None = None,
        timestampFormat: str | None = None,
        lineSep: str | None = None,
        encoding: str | None = None,
        ignoreNullFields: bool | str | None = None,
    ) -> None:
        """Writes JSON files, one object a line. The arguments are the format's options."""
        self._to("json", path, mode, None, _options(locals(), "mode"))

    def parquet(
        self,
        path: str,
        mode: str | None = None,
        partitionBy: str | list[str] | None = None,
        compression: str | None = None,
    ) -> None:
        """Writes Parquet files. The arguments are the format's options."""
        self._to("parquet", path, mode, partitionBy, _options(locals(), "mode"))

    def text(self, path: str, compression: str | None = None, lineSep: str | None = None) -> None:
        """Writes text files, one line a row. The arguments are the format's options."""
        self._to("text", path, None, None, _options(locals(), "mode"))

    def orc(
        self,
        path: str,
        mode: str | None = None,
        partitionBy: str | list[str] | None = None,
        compression: str | None = None,
    ) -> None:
        """Writes ORC files. The arguments are the format's options."""
        self._to("orc", path, mode, partitionBy, _options(locals(), "mode"))

    def xml(
        self,
        path: str,
        rowTag: str | None = None,
        mode: str | None = None,
        attributePrefix: str | None = None,
        valueTag: str | None = None,
        rootTag: str | None = None,
        declaration: bool | None = None,
        arrayElementName: str | None = None,
        nullValue: str | None = None,
        dateFormat: str | None = None,
        timestampFormat: str | None = None,
        compression: str | None = None,
        encoding: str | None = None,
        validateName: bool | None = None,
    ) -> None:
        """Writes XML files. The arguments are the format's options."""
        self._to("xml", path, mode, None, _options(locals(), "mode"))
