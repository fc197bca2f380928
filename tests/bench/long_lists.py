"""State of one key that grows to 1 M rows: does a batch take as long at the end as at the beginning?

Two queries run 1,000 batches of 1,000 rows each, all of one key:

- `collect_list` of a window that stays open, so the list is never given
- an inner join whose left side keeps all rows of the key. A few rows of the right side look for
  partners within 10 seconds

The figure is the median time of the last tenth of the batches over that of the second tenth.

    python tests/bench/long_lists.py
"""

from __future__ import annotations

import statistics
import tempfile

from figures import Figure, arguments, at_most, figure, report
from firesteel.sql import DataFrame, SparkSession
from firesteel.sql import functions as F
from firesteel.streaming import batch_seconds

#: The time at the end that still counts as flat.
FLAT = 1.5


def collected(rows: DataFrame) -> DataFrame:
    """A list of every value."""
    one = rows.groupBy(F.window("timestamp", "3650 days"), F.lit(1).alias("k"))
    return one.agg(F.collect_list("value").alias("values"))


def joined(rows: DataFrame, each: int) -> DataFrame:
    """Rows of one key, probed by one in each hundred."""
    left = rows.select(F.lit(1).alias("k"), "timestamp", "value")
    right = rows.where(F.col("value") % (each // 10) == 0)
    right = right.select(F.lit(1).alias("k2"), F.col("timestamp").alias("t2"), F.col("value").alias("v2"))
    near = "k = k2 AND t2 BETWEEN timestamp - INTERVAL 10 SECONDS AND timestamp + INTERVAL 10 SECONDS"
    return left.join(right, F.expr(near))


def seconds(spark: SparkSession, frame: DataFrame, batches: int) -> tuple[list[float], dict]:
    """The times of the batches with rows, and what the last one says of the state."""
    with tempfile.TemporaryDirectory() as checkpoint:
        query = frame.writeStream.format("noop").option("checkpointLocation", checkpoint).start()
        while query.isActive and (query.lastProgress is None or query.lastProgress.batchId < batches):
            query.awaitTermination(0.1)
        query.stop()
        if query.exception():
            raise query.exception()
        return batch_seconds(query)[:batches], query.lastProgress["stateOperators"][0]


def figures(name: str, times: list[float], state: dict) -> list[Figure]:
    """The times at both ends of a run, and how far they are from each other."""
    tenth = len(times) // 10
    first, last = statistics.median(times[tenth : 2 * tenth]), statistics.median(times[-tenth:])
    return [
        figure(f"{name}: rows of the state", state["numRowsTotal"], ""),
        figure(f"{name}: a batch, second tenth", first * 1000, "ms"),
        figure(f"{name}: a batch, last tenth", last * 1000, "ms"),
        figure(f"{name}: the slowest batch", max(times) * 1000, "ms"),
        at_most(FLAT, f"{name}: last tenth over second", last / first, "x"),
    ]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--batches", type=int, default=1_000)
    parser.add_argument("--rows", type=int, default=1_000, help="rows of a batch")
    given = parser.parse_args()
    builder = SparkSession.builder.config("firesteel.checkpoint.fsync", "false")
    spark = builder.config("spark.sql.streaming.numRecentProgressUpdates", str(given.batches * 3)).getOrCreate()
    # A batch is 10 seconds of event time.
    options = {"rowsPerBatch": given.rows, "advanceMillisPerBatch": 10_000, "startTimestamp": 1_700_000_000_000}
    rows = spark.readStream.format("rate-micro-batch").options(**options).load()
    # The watermark stays behind the first row, so nothing is removed.
    rows = rows.withWatermark("timestamp", "3650 days")
    listed = []
    for name, frame in (("collect_list", collected(rows)), ("join", joined(rows, given.rows))):
        listed += figures(name, *seconds(spark, frame, given.batches))
    report(listed, given.json)


if __name__ == "__main__":
    main()
