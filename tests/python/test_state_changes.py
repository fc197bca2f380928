"""What a query may change between two runs on one checkpoint, beside the types of its state."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from firesteel.errors import SparkRuntimeException, StreamingQueryException
from firesteel.sql import Row
from firesteel.sql import functions as F
from firesteel.sql.streaming import StatefulProcessor

if TYPE_CHECKING:
    from pathlib import Path

RANGE = "lk = rk AND rts BETWEEN lts AND lts + interval 5 seconds"


class Joined:
    """A join of two streams of files, which runs over what is there."""

    def __init__(self, spark, tmp_path: Path) -> None:
        self.spark, self.dir, self.files = spark, tmp_path, 0
        for side in "lr":
            (tmp_path / side).mkdir()

    def add(self, left: str, right: str) -> None:
        for side, rows in (("l", left), ("r", right)):
            lines = [json.dumps({f"{side}k": row[0], "t": int(row[1:])}) + "\n" for row in rows.split()]
            (self.dir / side / f"{self.files:03}.json").write_text("".join(lines))
        self.files += 1

    def run(self, kind: str, condition: str = RANGE, delay: str | None = "0 seconds") -> list[tuple]:
        def side(name: str):
            frame = self.spark.readStream.schema(f"{name}k string, t long").json(str(self.dir / name))
            frame = frame.select(f"{name}k", F.timestamp_seconds("t").alias(f"{name}ts"))
            return frame.withWatermark(f"{name}ts", delay) if delay else frame

        seen: list[tuple] = []
        query = (
            side("l")
            .join(side("r"), F.expr(condition), kind)
            .writeStream.option("checkpointLocation", str(self.dir / "cp"))
            .trigger(once=True)
            .foreachBatch(lambda batch, _: seen.extend((row.lk, row.rk) for row in batch.collect()))
            .start()
        )
        query.awaitTermination()
        return sorted(seen, key=str)

    def offsets(self) -> list[str]:
        return sorted(path.name for path in (self.dir / "cp" / "offsets").iterdir() if path.name.isdigit())


@pytest.fixture
def joined(spark, tmp_path: Path) -> Joined:
    return Joined(spark, tmp_path)


def test_a_kind_that_needs_to_know_partners_is_refused_and_the_join_as_it_was_goes_on(joined: Joined) -> None:
    joined.add("a1 b2", "a3")
    assert joined.run("inner") == [("a", "a")]
    joined.add("c4", "b5")
    with pytest.raises(StreamingQueryException) as refused:
        joined.run("left")
    text = str(refused.value)
    assert "operator 0 (symmetricHashJoin)" in text
    assert "of the kind Inner" in text
    assert "of the kind Left" in text
    assert joined.offsets() == ["0"]
    assert joined.run("inner") == [("b", "b")]


def test_a_left_join_may_become_an_inner_one_and_not_a_left_one_again(joined: Joined) -> None:
    joined.add("a1 b2", "a3")
    assert joined.run("left") == [("a", "a")]
    # A run that has nothing to do keeps nothing, so it changes nothing.
    assert joined.run("inner") == []
    joined.add("c4", "b5")
    assert joined.run("left") == [("b", "b")]
    joined.add("d6", "c7")
    assert joined.run("inner") == [("c", "c")]
    joined.add("e8", "d9")
    with pytest.raises(StreamingQueryException, match="had a partner"):
        joined.run("left")


def test_bounds_that_are_added_are_refused_and_others_are_taken(joined: Joined) -> None:
    joined.add("a1 b2", "a3")
    assert joined.run("inner", "lk = rk", None) == [("a", "a")]
    joined.add("c4", "b5")
    with pytest.raises(StreamingQueryException, match="do not lie by"):
        joined.run("inner")
    assert joined.run("inner", "lk = rk", None) == [("b", "b")]


def test_wider_bounds_count_for_rows_that_were_kept(joined: Joined) -> None:
    joined.add("a1 b2", "a3")
    assert joined.run("left") == [("a", "a")]
    joined.add("c4", "b40")
    wider = RANGE.replace("5 seconds", "60 seconds")
    assert joined.run("left", wider) == [("b", "b")]


def test_a_checkpoint_of_an_earlier_release_says_nothing_of_its_form_and_opens(spark, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    cp = tmp_path / "cp"

    def run(*rows: str) -> list[tuple]:
        number = len(list((tmp_path / "in").iterdir()))
        lines = [json.dumps({"k": row}) + "\n" for row in rows]
        (tmp_path / "in" / f"{number}.json").write_text("".join(lines))
        seen: list[tuple] = []
        frame = spark.readStream.schema("k string").json(str(tmp_path / "in")).groupBy("k").count()
        query = (
            frame.writeStream.outputMode("update")
            .option("checkpointLocation", str(cp))
            .trigger(once=True)
            .foreachBatch(lambda batch, _: seen.extend(tuple(row) for row in batch.collect()))
            .start()
        )
        query.awaitTermination()
        return sorted(seen)

    assert run("a", "b") == [("a", 1), ("b", 1)]
    operators = cp / "firesteel" / "state" / "operators.json"
    table = json.loads(operators.read_text())["operators"][0]["tables"][0]
    assert set(table) == {"name", "number", "layout", "key", "value"}
    assert run("a") == [("a", 2)]


class Kept(StatefulProcessor):
    """Keeps its rows in variables: ``count``, and others if it is asked to."""

    def __init__(self, *others: str) -> None:
        self.others = others

    def init(self, handle) -> None:
        self.items = {name: handle.getListState(name, "v long", 10**9) for name in self.others}
        self.count = handle.getValueState("count", "n long")

    def handleInputRows(self, key, rows, timerValues):
        values = [row.v for row in rows]
        self.count.update(((self.count.get()[0] if self.count.exists() else 0) + len(values),))
        for items in self.items.values():
            items.put([(value,) for value in values])
        yield Row(k=key[0])

    def close(self) -> None:
        pass


def test_a_variable_is_read_as_the_batch_kept_it_although_others_were_declared_since(spark, tmp_path: Path) -> None:
    def run(rows: str, processor: StatefulProcessor) -> None:
        lines = [json.dumps({"k": row[0], "v": int(row[1:])}) + "\n" for row in rows.split()]
        (tmp_path / f"{rows}.json").write_text("".join(lines))
        frame = spark.readStream.schema("k string, v long").json(str(tmp_path)).groupBy("k")
        writer = frame.transformWithState(processor, "k string", "append", "ProcessingTime").writeStream.format("noop")
        writer.option("checkpointLocation", str(tmp_path / "cp")).trigger(once=True).start().awaitTermination()

    def read(name: str, batch: int) -> list[tuple]:
        reader = spark.read.format("statestore").option("stateVarName", name).option("batchId", batch)
        frame = reader.load(str(tmp_path / "cp"))
        return sorted((row[0].k, *tuple(row)[1:-1]) for row in frame.collect())

    run("a1 b2", Kept("before"))
    run("a3", Kept("after", "more"))
    assert read("count", 0) == [("a", Row(n=1)), ("b", Row(n=1))]
    assert read("count", 1) == [("a", Row(n=2)), ("b", Row(n=1))]
    (_, first), (_, second) = read("before", 0)
    assert (first.value, second.value) == (Row(v=1), Row(v=2))
    assert first.ttlExpirationMs > 10**9
    assert [(k, element.value) for k, element in read("more", 1)] == [("a", Row(v=3))]
    for name, batch in (("after", 0), ("before", 1)):
        with pytest.raises(SparkRuntimeException, match=f"the processor has no variable '{name}'"):
            read(name, batch)


def test_one_partition_of_a_state_is_read_alone(spark, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("".join(json.dumps({"k": f"k{at}"}) + "\n" for at in range(40)))
    counts = spark.readStream.schema("k string").json(str(tmp_path)).groupBy("k").count()
    spark.conf.set("spark.sql.shuffle.partitions", 3)
    try:
        writer = counts.writeStream.format("noop").outputMode("complete")
        writer.option("checkpointLocation", str(tmp_path / "cp")).trigger(once=True).start().awaitTermination()
    finally:
        spark.conf.unset("spark.sql.shuffle.partitions")

    def read(**options) -> list[tuple]:
        frame = spark.read.format("statestore").options(**options).load(str(tmp_path / "cp"))
        return sorted((row.partition_id, row.key.k) for row in frame.collect())

    each = [read(snapshotStartBatchId=0, snapshotPartitionId=partition) for partition in range(4)]
    assert [sorted({partition for partition, _ in rows}) for rows in each] == [[0], [1], [2], []]
    assert sorted(row for rows in each for row in rows) == read()
