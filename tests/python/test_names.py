"""A name is not a path.

The tests ask for allowed names of tables, views and queries, and for files that must stay.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from firesteel.errors import AnalysisException, IllegalArgumentException, ParseException, SparkRuntimeException


@pytest.fixture
def warehouse(spark, tmp_path):
    """A warehouse of the test's own, which is a link."""
    (tmp_path / "real").mkdir()
    place = tmp_path / "warehouse"
    place.symlink_to(tmp_path / "real")
    before = spark.conf.get("spark.sql.warehouse.dir")
    spark._native.conf_add("spark.sql.warehouse.dir", str(place))
    yield place
    for table in spark.catalog.listTables():
        if not table.isTemporary:
            spark.catalog.dropTable(table.name)
    spark._native.conf_add("spark.sql.warehouse.dir", before)


@pytest.fixture
def elsewhere(tmp_path):
    """A folder of the user's, with files."""
    place = tmp_path / "elsewhere"
    (place / "inner").mkdir(parents=True)
    (place / "mine").write_text("x")
    (place / "inner" / "mine").write_text("y")
    return place


def kept(place: Path) -> bool:
    return [path.read_text() for path in (place / "mine", place / "inner" / "mine")] == ["x", "y"]


@pytest.mark.parametrize("name", ["{there}", "../elsewhere", "..", "a/b", "a b", "é", "a.b", ""])
@pytest.mark.parametrize(
    "make",
    [
        lambda spark, name: spark.sql(f"CREATE TABLE {name} (x INT) USING parquet"),
        lambda spark, name: spark.sql(f"CREATE TABLE {name} USING parquet AS SELECT 1 AS x"),
        lambda spark, name: spark.range(1).write.mode("overwrite").saveAsTable(name),
        lambda spark, name: spark.catalog.createTable(name, schema=spark.range(1).schema, source="parquet"),
        lambda spark, name: (
            spark.readStream.format("rate-micro-batch")
            .option("rowsPerBatch", 1)
            .load()
            .writeStream.option("checkpointLocation", "unused")
            .toTable(name)
        ),
    ],
    ids=["create", "create-as", "saveAsTable", "createTable", "toTable"],
)
def test_a_tables_name_that_is_a_path_is_refused_and_touches_nothing(spark, warehouse, elsewhere, make, name):
    quoted = f"`{name.format(there=elsewhere)}`"
    with pytest.raises(AnalysisException, match="INVALID_SCHEMA_OR_RELATION_NAME"):
        make(spark, quoted)
    spark.sql(f"DROP TABLE IF EXISTS {quoted}")
    assert kept(elsewhere)
    assert list(warehouse.iterdir()) == []


@pytest.mark.parametrize("name", ["a/b", "..", "/abs", "a b", "$a"])
def test_a_name_without_backquotes_is_parsed(spark, warehouse, name):
    with pytest.raises(ParseException, match="PARSE_SYNTAX_ERROR"):
        spark.range(1).write.saveAsTable(name)
    with pytest.raises(ParseException, match="PARSE_SYNTAX_ERROR"):
        spark.table(name)
    with pytest.raises(AnalysisException, match="Invalid view name"):
        spark.range(1).createOrReplaceTempView(name)


def test_dropping_a_managed_table_follows_no_link(spark, warehouse, elsewhere):
    spark.range(1).write.saveAsTable("holds_a_link")
    (warehouse / "holds_a_link" / "link").symlink_to(elsewhere)
    spark.sql("DROP TABLE holds_a_link")
    spark.range(1).write.saveAsTable("is_a_link")
    (warehouse / "is_a_link").rename(elsewhere / "moved")
    (warehouse / "is_a_link").symlink_to(elsewhere)
    spark.sql("DROP TABLE is_a_link")
    assert kept(elsewhere)
    assert (elsewhere / "moved").is_dir()
    assert list(warehouse.iterdir()) == []


@pytest.mark.parametrize(
    "overwrite",
    [
        lambda spark: spark.sql("INSERT OVERWRITE linked SELECT 5"),
        lambda spark: spark.createDataFrame([(5,)], "id LONG").write.mode("overwrite").saveAsTable("linked"),
        lambda spark: spark.createDataFrame([(5,)], "id LONG").write.insertInto("linked", overwrite=True),
    ],
    ids=["insert-overwrite", "saveAsTable", "insertInto"],
)
@pytest.mark.parametrize("inside", [True, False])
def test_overwriting_a_managed_table_follows_no_link(spark, warehouse, elsewhere, overwrite, inside):
    spark.range(3).write.saveAsTable("linked")
    if inside:
        (warehouse / "linked" / "link").symlink_to(elsewhere)
    else:
        (warehouse / "linked").rename(warehouse / "moved")
        (warehouse / "linked").symlink_to(elsewhere)
    overwrite(spark)
    assert kept(elsewhere)
    assert len(list(elsewhere.iterdir())) == 2
    assert not (warehouse / "linked").is_symlink()
    assert [row.id for row in spark.table("linked").collect()] == [5]
    assert not list(warehouse.rglob(".staging-*"))


def test_an_overwritten_partition_that_is_a_link_is_replaced(spark, tmp_path, elsewhere):
    rows = spark.range(4).selectExpr("id", "id % 2 AS k")
    rows.write.partitionBy("k").parquet(str(tmp_path / "out"))
    (tmp_path / "out" / "k=7").symlink_to(elsewhere)
    more = rows.selectExpr("id", "7 AS k").write.mode("overwrite").option("partitionOverwriteMode", "dynamic")
    more.partitionBy("k").parquet(str(tmp_path / "out"))
    assert kept(elsewhere)
    assert len(list(elsewhere.iterdir())) == 2
    assert spark.read.parquet(str(tmp_path / "out")).count() == 8


def test_an_overwrite_that_fails_leaves_what_was_there(spark, tmp_path):
    spark.range(3).write.parquet(str(tmp_path / "out"))
    with pytest.raises(Exception, match="divisor is zero"):
        spark.range(3).selectExpr("1 DIV (id - 1) AS id").write.mode("overwrite").parquet(str(tmp_path / "out"))
    assert spark.read.parquet(str(tmp_path / "out")).count() == 3
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]


def test_a_folder_with_files_becomes_no_managed_table(spark, warehouse):
    (warehouse / "taken").mkdir()
    (warehouse / "taken" / "mine").write_text("x")
    for make in (
        lambda: spark.sql("CREATE TABLE taken (x INT) USING parquet"),
        lambda: spark.sql("CREATE TABLE taken USING parquet AS SELECT 1 AS x"),
        lambda: spark.range(1).write.mode("overwrite").saveAsTable("taken"),
        lambda: spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 1).load()
        .writeStream.option("checkpointLocation", "unused").toTable("taken"),
    ):  # fmt: skip
        with pytest.raises(SparkRuntimeException, match="LOCATION_ALREADY_EXISTS"):
            make()
    assert (warehouse / "taken" / "mine").read_text() == "x"


def test_the_output_of_a_stream_is_its_table_again_in_another_session(spark, warehouse, tmp_path):
    (tmp_path / "in").mkdir()
    for name in "ab":
        (tmp_path / "in" / name).write_text(name)
        writer = spark.readStream.text(str(tmp_path / "in")).writeStream.trigger(availableNow=True)
        writer.option("checkpointLocation", str(tmp_path / "checkpoint")).toTable("streamed").awaitTermination()
        assert spark.table("streamed").count() == 1 + (name == "b")
        if name == "a":
            folder = warehouse / "streamed"
            folder.rename(warehouse / "aside")
            spark.sql(
                "DROP TABLE streamed"
            )  # as at the end of a session, which forgets its tables and leaves the files
            (warehouse / "aside").rename(folder)


def test_an_external_table_keeps_its_files(spark, warehouse, elsewhere):
    spark.sql(f"CREATE TABLE external (x INT) USING csv LOCATION '{elsewhere}'")
    spark.sql("DROP TABLE external")
    assert kept(elsewhere)


def test_a_managed_table_that_becomes_external_leaves_nothing_in_the_warehouse(spark, warehouse, tmp_path):
    spark.range(1).write.saveAsTable("moves")
    spark.range(2).write.mode("overwrite").option("path", str(tmp_path / "new")).saveAsTable("moves")
    assert list(warehouse.iterdir()) == []
    assert spark.table("moves").count() == 2


def test_a_view_may_have_any_name_in_backquotes(spark):
    for name in ("a.b", "a/b", "a b", "é", "a`b"):
        quoted = "`" + name.replace("`", "``") + "`"
        spark.range(3).createOrReplaceTempView(quoted)
        assert spark.table(quoted).count() == spark.sql(f"SELECT * FROM {quoted}").count() == 3
        assert spark.catalog.getTable(quoted).name == name
        spark.catalog.cacheTable(quoted)
        assert spark.catalog.isCached(quoted)
        spark.catalog.uncacheTable(quoted)
        spark.sql(f"DROP VIEW {quoted}")
        assert not spark.catalog.tableExists(quoted)


def test_drop_table_drops_a_view_of_that_name(spark):
    spark.range(1).createOrReplaceTempView("only_a_view")
    spark.sql("DROP TABLE only_a_view")
    assert not spark.catalog.dropTempView("only_a_view")


def test_a_memory_query_whose_name_is_no_view_does_not_start(spark):
    stream = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 1).load()
    for name in ("m/n", "m.n", "..", "m n"):
        with pytest.raises(AnalysisException):
            stream.writeStream.format("memory").queryName(name).start()
    assert spark.streams.active == []


def test_a_querys_name_does_not_lead_its_checkpoint_out_of_the_folder(spark, tmp_path):
    stream = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 1).load()
    folder = tmp_path / "checkpoints" / "here"
    spark.conf.set("spark.sql.streaming.checkpointLocation", str(folder))
    try:
        for name in ("..", "../out", str(tmp_path / "out"), ".", "a/../../out"):
            with pytest.raises(IllegalArgumentException, match="would have its checkpoint outside"):
                stream.writeStream.format("noop").queryName(name).start()
        stream.writeStream.format("noop").queryName("a/b c").trigger(availableNow=True).start().awaitTermination()
    finally:
        spark.conf.unset("spark.sql.streaming.checkpointLocation")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoints"]
    assert (folder / "a" / "b c" / "metadata").is_file()


def test_an_empty_path_is_not_the_working_directory(spark, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for write in (
        lambda: spark.range(1).write.mode("overwrite").parquet(""),
        lambda: spark.range(1).write.mode("append").parquet("file:"),
        lambda: spark.sql("CREATE TABLE empty_place (x INT) USING parquet LOCATION ''"),
    ):
        with pytest.raises(IllegalArgumentException, match="is empty"):
            write()
    assert list(tmp_path.iterdir()) == []
