"""One run of a query that moves between engines: ``handover_step.py files|rate ROOT …``.

It is written for PySpark alone, and ``firesteel run`` runs the same text. A run takes the available
input (``availableNow``). It continues the checkpoint ``ROOT/checkpoint`` and writes Parquet to
``ROOT/output``.
"""

import sys

from pyspark.sql import SparkSession

ROWS_PER_BATCH = 5
START_MS = 1_700_000_000_000


def files(spark, root):
    """JSON files, one a batch → filter and project → Parquet."""
    rows = (
        spark.readStream.schema("id INT, kind STRING, amount DOUBLE")
        .option("maxFilesPerTrigger", 1)
        .json(f"{root}/input")
    )
    return rows.where("amount IS NOT NULL").selectExpr("id", "upper(kind) AS kind", "amount * 2 AS doubled")


def rate(spark, root):
    """Five rows a batch → project → Parquet."""
    source = (
        spark.readStream.format("rate-micro-batch").option("rowsPerBatch", ROWS_PER_BATCH).option("numPartitions", 2)
    )
    return source.option("startTimestamp", START_MS).load().selectExpr("value", "value * 10 AS ten", "timestamp")


def main():
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    queries = {"files": files, "rate": rate}
    for kind, root in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        writer = (
            queries[kind](spark, root).writeStream.format("parquet").option("checkpointLocation", f"{root}/checkpoint")
        )
        query = writer.trigger(availableNow=True).start(f"{root}/output")
        query.awaitTermination()
        print(kind, "stopped after batch", query.lastProgress["batchId"] if query.lastProgress else None)
    spark.stop()


if __name__ == "__main__":
    main()
