"""What tables, views and queries may be called, and what becomes of links below a table's folder."""

from pathlib import Path

NAMES = [
    "a/b", "a.b", "`a.b`", "`a/b`", "/abs", "`/abs`", "", " x ", "a b", "`a b`", "é", "`é`", "UPPER", "1a", "`1`", "9", "1L", "a-b", "`a-b`",
    "`a\nb`", "`a=b`", "`a,b`", "$a", "a$", "_", "`a", "a.", "default.t", "spark_catalog.default.t", "spark_catalog.other.t", "spark_catalog.t",
    "x.y.z", "w.x.y.z",
]


def _condition(call):
    try:
        call()
    except Exception as error:
        return error.getCondition() if hasattr(error, "getCondition") else type(error).__name__
    return "done"


def _names(spark):
    return sorted(row.tableName for row in spark.sql("SHOW TABLES").collect())


def _ask(spark, make, forget):
    found = {}
    for name in NAMES:
        found[name] = [_condition(lambda name=name: make(name))]
        if found[name] == ["done"]:
            found[name] += _names(spark)
            for own in _names(spark):
                forget(own)
    return [found]


def views(spark):
    return _ask(spark, lambda name: spark.range(1).createOrReplaceTempView(name), spark.catalog.dropTempView)


def view_with_empty_name(spark):
    spark.range(1).createOrReplaceTempView("``")
    return [spark.catalog.dropTempView("")]


def views_of_sql(spark):
    names = ["`a/b`", "`a.b`", "a.b", "`a b`", "`..`", "session.v", "system.session.w", "UP"]
    found = [_condition(lambda name=name: spark.sql(f"CREATE TEMPORARY VIEW {name} AS SELECT 1 AS x")) for name in names]
    listed = _names(spark)
    return [found, listed, [spark.catalog.dropTempView(name) for name in listed]]


def declared_tables(spark):
    schema = spark.range(1).schema
    return _ask(spark, lambda name: spark.catalog.createTable(name, schema=schema, source="parquet"), lambda name: spark.sql(f"DROP TABLE `{name}`"))


def looked_up(spark):
    return [{name: _condition(lambda name=name: spark.table(name)) for name in NAMES}]


def dropped(spark):
    names = ["`a/b`", "`/abs`", "db.t", "a.b.c", "`..`"]
    return [{name: [_condition(lambda n=name: spark.sql(f"DROP TABLE {n}")), _condition(lambda n=name: spark.sql(f"DROP TABLE IF EXISTS {n}"))] for name in names}]


def drop_table_of_a_view(spark):
    spark.range(1).createOrReplaceTempView("`a.view`")
    spark.sql("DROP TABLE `a.view`")
    return [spark.catalog.dropTempView("a.view")]


def a_view_with_a_dot_is_found(spark):
    spark.range(3).createOrReplaceTempView("`with.dot`")
    try:
        return [spark.table("`with.dot`").count(), spark.sql("SELECT * FROM `with.dot`").count(), spark.catalog.getTable("`with.dot`").name]
    finally:
        spark.catalog.dropTempView("with.dot")


def a_folder_with_files_becomes_no_table(spark):
    folder = Path(spark.conf.get("spark.sql.warehouse.dir").removeprefix("file:")) / "relations_taken"
    folder.mkdir(parents=True)
    (folder / "mine").write_text("x")
    found = [
        _condition(lambda: spark.sql("CREATE TABLE relations_taken (x INT) USING parquet")),
        _condition(lambda: spark.sql("CREATE TABLE relations_taken USING parquet AS SELECT 1 AS x")),
        _condition(lambda: spark.range(1).write.saveAsTable("relations_taken")),
        _condition(lambda: spark.range(1).write.mode("overwrite").saveAsTable("relations_taken")),
    ]
    return [found, [path.name for path in folder.iterdir()]]


def _elsewhere(tmp):
    elsewhere = tmp / "elsewhere"
    (elsewhere / "inner").mkdir(parents=True)
    (elsewhere / "mine").write_text("x")
    (elsewhere / "inner" / "mine").write_text("y")
    return elsewhere


def _left(elsewhere):
    return sorted(str(path.relative_to(elsewhere)) for path in elsewhere.rglob("*"))


def a_link_in_a_table_is_not_followed(spark, tmp):
    elsewhere = _elsewhere(tmp)
    warehouse = Path(spark.conf.get("spark.sql.warehouse.dir").removeprefix("file:"))
    found = []
    spark.range(1).write.saveAsTable("relations_linked")
    for statement in ("INSERT OVERWRITE relations_linked SELECT 1", "DROP TABLE relations_linked"):
        (warehouse / "relations_linked" / "link").symlink_to(elsewhere)
        spark.sql(statement)
        found.append([_left(elsewhere), (warehouse / "relations_linked" / "link").is_symlink()])
    return [found, (warehouse / "relations_linked").exists()]


def an_overwritten_link_is_replaced(spark, tmp):
    elsewhere = _elsewhere(tmp)
    (tmp / "out").symlink_to(elsewhere)
    spark.range(2).write.mode("overwrite").parquet(str(tmp / "out"))
    return [_left(elsewhere), (tmp / "out").is_symlink(), spark.read.parquet(str(tmp / "out")).count()]


def an_overwritten_partition_that_is_a_link_is_replaced(spark, tmp):
    elsewhere = _elsewhere(tmp)
    rows = spark.range(4).selectExpr("id", "id % 2 AS k")
    rows.write.partitionBy("k").parquet(str(tmp / "out"))
    (tmp / "out" / "k=7").symlink_to(elsewhere)
    rows.selectExpr("id", "7L AS k").write.mode("overwrite").option("partitionOverwriteMode", "dynamic").partitionBy("k").parquet(str(tmp / "out"))
    return [_left(elsewhere), (tmp / "out" / "k=7").is_symlink(), spark.read.parquet(str(tmp / "out")).groupBy("k").count().orderBy("k").collect()]


def a_file_is_overwritten_by_a_folder(spark, tmp):
    (tmp / "out").write_text("x")
    spark.range(2).write.mode("overwrite").parquet(str(tmp / "out"))
    return [(tmp / "out").is_dir(), spark.read.parquet(str(tmp / "out")).count()]


def names_of_memory_queries(spark, tmp):
    found = {}
    for name in ["m/n", "m.n", "`m.n`", "m n", "..", "é", "UPP", " x "]:
        stream = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 2).load()

        def run(stream=stream, name=name):
            query = stream.writeStream.format("memory").queryName(name).trigger(availableNow=True).start()
            query.awaitTermination()

        found[name] = [_condition(run), _names(spark)]
        for own in _names(spark):
            spark.catalog.dropTempView(own)
        for query in spark.streams.active:
            query.stop()
    return [found]


def names_of_streamed_tables(spark, tmp):
    found = {}
    for i, name in enumerate(["t/a", "`t/a`", "streamed", "x.y", "`x.y`", "default.streamed2", "STREAMED3", "`/abs`"]):
        stream = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 2).load()
        writer = stream.writeStream.option("checkpointLocation", str(tmp / f"cp{i}")).trigger(availableNow=True)
        found[name] = _condition(lambda writer=writer, name=name: writer.toTable(name).awaitTermination())
    tables = [name for name in _names(spark) if name.startswith("streamed")]
    for table in tables:
        spark.sql(f"DROP TABLE {table}")
    return [found, tables]


def columns_of_odd_names(spark, tmp):
    found = {}
    for i, name in enumerate(["a.b", "a`b", "a=b", "a\nb", "a,b", "a{b}", "a/b", "a%b", "_c", "é"]):
        df = spark.createDataFrame([(1, "v")], [name, "k"])
        found[name] = []
        for form in ("parquet", "json"):
            df.write.format(form).save(str(tmp / f"{form}{i}"))
            found[name].append(sorted(spark.read.format(form).load(str(tmp / f"{form}{i}")).columns))
        df.write.partitionBy(name).parquet(str(tmp / f"by{i}"))
        folders = sorted(path.name for path in (tmp / f"by{i}").iterdir() if path.is_dir())
        found[name].append([folders, _condition(lambda name=name: df.write.partitionBy(f"`{name}`").parquet(str(tmp / "no")))])
    return [found]


def partitions_of_odd_values(spark, tmp):
    found = {}
    for i, value in enumerate(["a/b", "..", "", ".", "a=b", "a\nb", "a%2Fb", " x", "x ", "\x7f", ".h"]):
        out = str(tmp / f"o{i}")
        spark.createDataFrame([(1, value)], "n int, k string").write.partitionBy("k").parquet(out)
        folders = sorted(path.name for path in Path(out).iterdir() if path.is_dir())
        found[value] = [folders, [list(row) for row in spark.read.schema("n int, k string").parquet(out).collect()]]
    return [found]
