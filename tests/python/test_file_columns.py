"""`_metadata` and `input_file_name()`, and files that are removed while they are read."""

from __future__ import annotations

import pytest
from firesteel.errors import PySparkException
from firesteel.sql import functions as F


def test_a_stream_has_the_metadata_of_its_files(spark, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ["a", "b"]:
        (tmp_path / "in" / f"{name}.json").write_text('{"id": 1}\n')
    frame = spark.readStream.schema("id bigint").option("maxFilesPerTrigger", 1).json(str(tmp_path / "in"))
    assert frame.columns == ["id"]
    query = (
        frame.select("id", "_metadata.file_name", F.input_file_name().alias("address"))
        .writeStream.format("memory")
        .queryName("with_metadata")
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()
    rows = sorted((row.file_name, row.address) for row in spark.table("with_metadata").collect())
    assert rows == [(f"{n}.json", f"file://{tmp_path}/in/{n}.json") for n in ["a", "b"]]


def test_rows_are_numbered_across_the_parts_of_a_file(spark, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"id": list(range(5000))}), tmp_path / "a.parquet", row_group_size=100)
    spark.conf.set("spark.sql.files.maxPartitionBytes", "4096b")
    spark.conf.set("spark.sql.files.openCostInBytes", "1b")
    try:
        frame = spark.read.parquet(str(tmp_path / "a.parquet"))
        wrong = frame.select("id", "_metadata.row_index", "_metadata.file_block_start").filter("id != row_index")
        assert wrong.count() == 0
        assert frame.select("_metadata.file_block_start").distinct().count() > 1
    finally:
        spark.conf.unset("spark.sql.files.maxPartitionBytes")
        spark.conf.unset("spark.sql.files.openCostInBytes")


def test_a_name_with_spaces_is_escaped_as_an_address(spark, tmp_path):
    (tmp_path / "a b.txt").write_text("x\n")
    row = (
        spark.read.text(str(tmp_path)).select(F.input_file_name(), "_metadata.file_path", "_metadata.file_name").first()
    )
    assert row[0] == f"file://{tmp_path}/a%20b.txt"
    assert row[1] == f"file:{tmp_path}/a%20b.txt"
    assert row[2] == "a%20b.txt"


def test_a_file_that_went_after_load_is_named(spark, tmp_path):
    for name in ["a", "b"]:
        (tmp_path / f"{name}.txt").write_text(f"{name}\n")
    frame = spark.read.text(str(tmp_path))
    (tmp_path / "a.txt").unlink()
    with pytest.raises(PySparkException, match=r"FAILED_READ_FILE.FILE_NOT_EXIST.*a\.txt"):
        frame.collect()
    ignoring = spark.read.option("ignoreMissingFiles", "true").text(str(tmp_path))
    (tmp_path / "b.txt").unlink()
    assert ignoring.collect() == []


def test_an_explode_may_read_the_name_of_the_file(spark, tmp_path):
    (tmp_path / "a.txt").write_text("x\n")
    parts = spark.read.text(str(tmp_path)).select(F.explode(F.split(F.input_file_name(), "/")).alias("part"))
    assert [row.part for row in parts.collect()][-1] == "a.txt"
