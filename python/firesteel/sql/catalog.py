"""The catalog: the names that a session knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from firesteel import _native
from firesteel.errors import AnalysisException, _missing, _missing_attribute
from firesteel.sql.readwriter import _pairs

if TYPE_CHECKING:
    from firesteel.sql.dataframe import DataFrame
    from firesteel.sql.session import SparkSession
    from firesteel.sql.types import StructType

__all__ = ["Catalog", "CatalogMetadata", "Column", "Database", "Function", "Table"]

_CATALOG, _DATABASE = _native.Session.names()


class CatalogMetadata(NamedTuple):
    """A catalog."""

    name: str
    description: str | None


class Database(NamedTuple):
    """A database."""

    name: str
    catalog: str | None
    description: str | None
    locationUri: str


class Table(NamedTuple):
    """A table or a view."""

    name: str
    catalog: str | None
    namespace: list[str] | None
    description: str | None
    tableType: str
    isTemporary: bool

    @property
    def database(self) -> str | None:
        """The database."""
        return self.namespace[0] if self.namespace else None


class Column(NamedTuple):
    """A column of a table."""

    name: str
    description: str | None
    dataType: str
    nullable: bool
    isPartition: bool
    isBucket: bool
    isCluster: bool


class Function(NamedTuple):
    """A function."""

    name: str
    catalog: str | None
    namespace: list[str] | None
    description: str | None
    className: str
    isTemporary: bool


class Catalog:
    """Views, tables and functions: ``spark.catalog``. There is one catalog with one database.

    Examples
    --------
    >>> spark.range(1).createOrReplaceTempView("one")
    >>> spark.catalog.tableExists("one")
    True
    >>> spark.catalog.dropTempView("one")
    True
    """

    def __init__(self, sparkSession: SparkSession) -> None:
        self._session = sparkSession
        self._native = sparkSession._native
        # The name of a view → the view as it was, and the view with its rows kept.
        self._cached: dict[str, tuple[DataFrame, DataFrame]] = {}

    def currentCatalog(self) -> str:
        """Returns ``spark_catalog``."""
        return _CATALOG

    def setCurrentCatalog(self, catalogName: str) -> None:
        """Takes the one catalog there is."""
        if catalogName.lower() != _CATALOG:
            raise AnalysisException(f"[CATALOG_NOT_FOUND] there is no catalog `{catalogName}`. SQLSTATE: 42P08")

    def listCatalogs(self, pattern: str | None = None) -> list[CatalogMetadata]:
        """Lists the catalogs."""
        return [CatalogMetadata(name, None) for name in (_CATALOG,) if _matches(name, pattern)]

    def currentDatabase(self) -> str:
        """Returns ``default``."""
        return _DATABASE

    def setCurrentDatabase(self, dbName: str) -> None:
        """Takes the one database there is."""
        self.getDatabase(dbName)

    def listDatabases(self, pattern: str | None = None) -> list[Database]:
        """Lists the databases."""
        return [self.getDatabase(_DATABASE)] if _matches(_DATABASE, pattern) else []

    def getDatabase(self, dbName: str) -> Database:
        """Returns a database."""
        if not self.databaseExists(dbName):
            raise AnalysisException(f"[SCHEMA_NOT_FOUND] there is no schema `{dbName}`. SQLSTATE: 42704")
        location = self._session.conf.get("spark.sql.warehouse.dir") or ""
        return Database(_DATABASE, _CATALOG, "the session's database", location)

    def databaseExists(self, dbName: str) -> bool:
        """Whether there is a database of a name."""
        return dbName.lower() in (_DATABASE, f"{_CATALOG}.{_DATABASE}")

    def listTables(self, dbName: str | None = None, pattern: str | None = None) -> list[Table]:
        """Lists tables and views."""
        if dbName is not None:
            self.getDatabase(dbName)
        tables = [self._table(*entry) for entry in self._native.tables()]
        return sorted((table for table in tables if _matches(table.name, pattern)), key=lambda table: table.name)

    def _table(self, name: str, kind: str, description: str | None) -> Table:
        if kind == "TEMPORARY":
            return Table(name, None, [], None, kind, True)
        return Table(name, _CATALOG, [_DATABASE], description, kind, False)

    def getTable(self, tableName: str) -> Table:
        """Returns a table or a view."""
        own = self._native.relation_parts(tableName)[-1].lower()
        is_view = self._native.find(tableName)
        if is_view is not None:
            for entry in self._native.tables():
                if entry[0] == own and (entry[1] == "TEMPORARY") == is_view:
                    return self._table(*entry)
        raise AnalysisException(f"[TABLE_OR_VIEW_NOT_FOUND] there is no table or view `{tableName}`. SQLSTATE: 42P01")

    def tableExists(self, tableName: str, dbName: str | None = None) -> bool:
        """Whether there is a table or a view of a name."""
        name = tableName if dbName is None else f"{dbName}.{tableName}"
        return self._native.find(name) is not None

    def listColumns(self, tableName: str, dbName: str | None = None) -> list[Column]:
        """Lists the columns of a table or a view."""
        name = tableName if dbName is None else f"{dbName}.{tableName}"
        fields = self._session.table(name).schema
        data = len(fields) - self._native.partition_columns(name)
        return [
            Column(f.name, f.metadata.get("comment"), f.dataType.simpleString(), f.nullable, at >= data, False, False)
            for at, f in enumerate(fields)
        ]

    def dropTempView(self, viewName: str) -> bool:
        """Forgets a view, and says whether there was one."""
        return self._native.drop_view(viewName)

    def dropGlobalTempView(self, viewName: str) -> bool:
        """Forgets a global view, and says whether there was one."""
        return self._native.drop_global_view(viewName)

    def dropTable(self, tableName: str, ifExists: bool = False, purge: bool = False) -> None:
        """Drops a table. The files of a managed table are removed too."""
        self._native.drop_table(tableName, ifExists)

    def dropView(self, viewName: str, ifExists: bool = False) -> None:
        """Forgets a view."""
        if not self._native.drop_view(viewName) and not ifExists:
            raise AnalysisException(f"[TABLE_OR_VIEW_NOT_FOUND] there is no view `{viewName}`. SQLSTATE: 42P01")

    def createTable(
        self,
        tableName: str,
        path: str | None = None,
        source: str | None = None,
        schema: StructType | None = None,
        description: str | None = None,
        **options: str,
    ) -> DataFrame:
        """Makes a table, empty or of existing files.

        Parameters
        ----------
        tableName : str
            Its name.
        path : str, optional
            The place of its files. Without it they are under the warehouse directory, and dropping
            the table removes them.
        source : str, optional
            The format, by default ``spark.sql.sources.default``.
        schema : StructType, optional
            The columns, by default those of the files.
        description : str, optional
            The description that :meth:`getTable` gives.
        options : dict
            Options of the format, for each read of the table and each write to it.
        """
        place = path or options.get("path")
        if schema is None:
            reader = self._session.read.options(**options)
            schema = (reader.format(source) if source else reader).load(place).schema
        self._native.create_table(tableName, place, source, schema.json(), _pairs(options), description)
        return self._session.table(tableName)

    def createExternalTable(
        self,
        tableName: str,
        path: str | None = None,
        source: str | None = None,
        schema: StructType | None = None,
        **options: str,
    ) -> DataFrame:
        """Makes a table. The older name of :meth:`createTable`."""
        return self.createTable(tableName, path, source, schema, None, **options)

    def listFunctions(self, dbName: str | None = None, pattern: str | None = None) -> list[Function]:
        """Lists the functions that the session registered."""
        names = sorted(name for name in self._native.function_names() if _matches(name, pattern))
        return [Function(name, None, None, None, "", True) for name in names]

    def functionExists(self, functionName: str, dbName: str | None = None) -> bool:
        """Whether a function of a name is registered or built in."""
        return self._native.function_exists(functionName)

    def getFunction(self, functionName: str) -> Function:
        """Returns a function."""
        if not self.functionExists(functionName):
            raise AnalysisException(f"[UNRESOLVED_ROUTINE] there is no function `{functionName}`. SQLSTATE: 42883")
        return Function(functionName, None, None, None, "", functionName.lower() in self._native.function_names())

    def registerFunction(self, name: str, f: Any, returnType: Any = None) -> Any:
        """Registers a Python function for SQL, as ``spark.udf.register`` does."""
        return self._session.udf.register(name, f, returnType)

    def cacheTable(self, tableName: str, storageLevel: Any = None) -> None:
        """Keeps the rows of a view in memory.

        It raises for a table, since rows that are added to a table must be seen.

        Notes
        -----
        Queries that name the view from now on use the kept rows. A DataFrame that was made of the
        view before does not, such as one of ``spark.table``.
        """
        if self.isCached(tableName):
            return
        if not self._native.find(tableName):
            raise _missing("Catalog.cacheTable of a table")
        before, kept = self._session.table(tableName), self._session.table(tableName).cache()
        self._put_view(tableName, kept)
        self._cached[tableName.lower()] = (before, kept)

    def _put_view(self, name: str, df: DataFrame) -> None:
        *database, own = self._native.relation_parts(name)
        quoted = "`" + own.replace("`", "``") + "`"
        if database:
            df.createOrReplaceGlobalTempView(quoted)
        else:
            df.createOrReplaceTempView(quoted)

    def uncacheTable(self, tableName: str) -> None:
        """Forgets the rows of a view, which is then as it was before :meth:`cacheTable`.

        Raises ``AnalysisException`` without a table or view of that name.
        """
        if self.isCached(tableName):
            before, _ = self._cached.pop(tableName.lower())
            self._put_view(tableName, before)

    def isCached(self, tableName: str) -> bool:
        """Whether the rows of a view are kept.

        That ends if another view takes its place.
        """
        self._session.table(tableName)
        entry = self._cached.get(tableName.lower())
        return entry is not None and self._native.is_view_of(tableName, entry[1]._frame)

    def clearCache(self) -> None:
        """Forgets the rows of every view, as :meth:`uncacheTable` does."""
        for name in list(self._cached):
            if self.tableExists(name):
                self.uncacheTable(name)
        self._cached.clear()

    def refreshTable(self, tableName: str) -> None:
        """Checks that there is such a table or view.

        There is nothing to refresh: files are listed anew for each read.
        """
        self._session.table(tableName)

    def refreshByPath(self, path: str) -> None:
        """Does nothing: files are listed anew for each read."""

    def recoverPartitions(self, tableName: str) -> None:
        """Checks that there is such a table, and that it has partitions.

        There is nothing to recover: partitions are found by listing.
        """
        if self._native.find(tableName):
            raise AnalysisException(
                "[EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE] recoverPartitions() takes a table, "
                f"and `{tableName}` is a view. SQLSTATE: 42809"
            )
        if not any(column.isPartition for column in self.listColumns(tableName)):
            raise AnalysisException(
                f"[NOT_A_PARTITIONED_TABLE] the table `{tableName}` has no partitions to recover. SQLSTATE: 42809"
            )

    def __getattr__(self, name: str) -> Any:
        raise _missing_attribute("Catalog", name)


def _matches(name: str, pattern: str | None) -> bool:
    """Spark's patterns: ``*`` stands for any text, ``|`` for or."""
    if pattern is None:
        return True
    from fnmatch import fnmatch

    return any(fnmatch(name.lower(), part.strip().lower()) for part in pattern.split("|"))
