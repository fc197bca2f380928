"""What a stream may not do: refused when a query starts, or when its first batch runs."""

from pyspark.sql import Window
from pyspark.sql import functions as F
from stateful import attempt, run, settings, started

ZERO = "0 seconds"
MODES = ("append", "update", "complete")


def _counted(df):
    return df.withWatermark("ts", ZERO).groupBy("k", F.window("ts", "10 seconds")).agg(F.sum("v").alias("s"))


def _in_modes(build, sides=1):
    return lambda spark, tmp: {mode: attempt(lambda mode=mode: started(spark, tmp, lambda *dfs: build(spark, *dfs), mode, sides)) for mode in MODES}


def _numbers(spark):
    return spark.createDataFrame([("a", 1)], "k string, n int")


SHAPES = {
    # Which modes a plain query may have.
    "a projection": lambda spark, df: df.select("k"),
    "a filter": lambda spark, df: df.filter("v > 0"),
    "an aggregate without a watermark": lambda spark, df: df.groupBy("k").count(),
    "an aggregate by a column, with a watermark elsewhere": lambda spark, df: df.withWatermark("ts", ZERO).groupBy("k").count(),
    "an aggregate by the watermark's column": lambda spark, df: df.withWatermark("ts", ZERO).groupBy("ts").count(),
    "an aggregate by a window": lambda spark, df: _counted(df),
    "an aggregate by a window's end": lambda spark, df: df.withWatermark("ts", ZERO).groupBy(F.window("ts", "10 seconds").end).count(),
    "a global aggregate": lambda spark, df: df.agg(F.count("*")),
    "a session window": lambda spark, df: df.withWatermark("ts", ZERO).groupBy("k", F.session_window("ts", "5 seconds")).count(),
    "a session window without a watermark": lambda spark, df: df.groupBy("k", F.session_window("ts", "5 seconds")).count(),
    "duplicates": lambda spark, df: df.dropDuplicates(["k"]),
    "distinct": lambda spark, df: df.select("k").distinct(),
    "duplicates within a watermark": lambda spark, df: df.withWatermark("ts", ZERO).dropDuplicatesWithinWatermark(["k"]),
    "duplicates within a watermark without one": lambda spark, df: df.dropDuplicatesWithinWatermark(["k"]),
    "rollup with a watermark": lambda spark, df: df.withWatermark("ts", ZERO).rollup("ts", "k").count(),
    # Chains.
    "an aggregate above an aggregate": lambda spark, df: _counted(df).groupBy("k").count(),
    "an aggregate by a window above an aggregate": lambda spark, df: _counted(df).groupBy(F.window("window", "20 seconds")).count(),
    "an aggregate above an aggregate without a watermark": lambda spark, df: df.groupBy("k", "v").count().groupBy("k").count(),
    "duplicates above an aggregate": lambda spark, df: _counted(df).dropDuplicates(["k"]),
    "duplicates by the window above an aggregate": lambda spark, df: _counted(df).dropDuplicates(["window"]),
    "an aggregate above duplicates": lambda spark, df: df.dropDuplicates(["k"]).groupBy("k").count(),
    "an aggregate above duplicates with the time": lambda spark, df: _counted(df.withWatermark("ts", ZERO).dropDuplicates(["k", "ts"])),
    "an aggregate above duplicates within a watermark": lambda spark, df: df.withWatermark("ts", ZERO).dropDuplicatesWithinWatermark(["k"]).groupBy("k").count(),
    "duplicates within a watermark above an aggregate": lambda spark, df: _counted(df).dropDuplicatesWithinWatermark(["k"]),
    "a limit above an aggregate": lambda spark, df: _counted(df).limit(1),
    "an aggregate above a limit": lambda spark, df: df.limit(1).groupBy("k").count(),
    "an aggregate above a union of aggregates": lambda spark, df: _counted(df).union(_counted(df)).groupBy("window").count(),
    "a union of an aggregate and a plain stream": lambda spark, df: _counted(df).select("k", "s").union(df.select("k", "v")),
    "a projection of an aggregate": lambda spark, df: _counted(df).select("k", "s"),
    "an aggregate of a session": lambda spark, df: df.withWatermark("ts", ZERO).groupBy("k", F.session_window("ts", "5 seconds")).count().groupBy(F.window("session_window", "10 seconds")).count(),
    # Functions and operators.
    "a count of distinct values": lambda spark, df: df.groupBy("k").agg(F.countDistinct("v")),
    "a sum of distinct values": lambda spark, df: df.groupBy("k").agg(F.sum_distinct("v")),
    "two counts of distinct values": lambda spark, df: df.groupBy("k").agg(F.countDistinct("v"), F.countDistinct("ts")),
    "pivot with values": lambda spark, df: df.groupBy("k").pivot("v", [1, 2]).count(),
    "pivot without values": lambda spark, df: df.groupBy("k").pivot("v").count(),
    "a sort": lambda spark, df: df.orderBy("k"),
    "a sort above an aggregate": lambda spark, df: _counted(df).orderBy("s"),
    "a sort below an aggregate": lambda spark, df: _counted(df.orderBy("k")),
    "a sort within partitions": lambda spark, df: df.sortWithinPartitions("k"),
    "a limit": lambda spark, df: df.limit(1),
    "an offset": lambda spark, df: df.offset(1),
    "a limit and an offset": lambda spark, df: df.limit(2).offset(1),
    "a sample": lambda spark, df: df.sample(0.5),
    "a sample of an aggregate": lambda spark, df: _counted(df).sample(0.5),
    "sampleBy": lambda spark, df: df.sampleBy("k", {"a": 0.5}),
    "monotonically_increasing_id": lambda spark, df: df.select(F.monotonically_increasing_id()),
    "monotonically_increasing_id in a filter": lambda spark, df: df.filter(F.monotonically_increasing_id() > 3),
    "spark_partition_id": lambda spark, df: df.select(F.spark_partition_id()),
    "rand": lambda spark, df: df.select(F.rand()),
    "uuid": lambda spark, df: df.select(F.expr("uuid()")),
    "input_file_name": lambda spark, df: df.select(F.input_file_name()),
    "row_number": lambda spark, df: df.select(F.row_number().over(Window.partitionBy("k").orderBy("ts"))),
    "a sum over a window": lambda spark, df: df.withColumn("total", F.sum("v").over(Window.partitionBy("k"))),
    "a rank above an aggregate": lambda spark, df: _counted(df).select(F.rank().over(Window.orderBy("s"))),
    "lag": lambda spark, df: df.select(F.lag("v").over(Window.partitionBy("k").orderBy("ts"))),
    "repartition": lambda spark, df: df.repartition(2),
    "repartition by a column": lambda spark, df: df.repartition(2, "k"),
    "coalesce": lambda spark, df: df.coalesce(1),
    "repartitionByRange": lambda spark, df: df.repartitionByRange(2, "k"),
    "an explode": lambda spark, df: df.select(F.explode(F.array("k"))),
    "describe": lambda spark, df: df.describe(),
    "summary": lambda spark, df: df.summary(),
    "fill and replace": lambda spark, df: df.fillna(1).dropna().replace("a", "b"),
    "unpivot": lambda spark, df: df.unpivot("k", ["v"], "name", "value"),
    "observe": lambda spark, df: df.observe("o", F.count("*")),
    "current_timestamp": lambda spark, df: df.select(F.current_timestamp()),
    "a subquery that is a stream": lambda spark, df: (df.createOrReplaceTempView("stateful_refused"), spark.sql("SELECT * FROM stateful_refused WHERE v = (SELECT max(v) FROM stateful_refused)"))[1],
    "a subquery that is a frame": lambda spark, df: (df.createOrReplaceTempView("stateful_refused"), spark.sql("SELECT * FROM stateful_refused WHERE v = (SELECT max(n) FROM VALUES (1) AS t(n))"))[1],
    "IN of a frame": lambda spark, df: (df.createOrReplaceTempView("stateful_refused"), spark.sql("SELECT * FROM stateful_refused WHERE v IN (SELECT n FROM VALUES (1) AS t(n))"))[1],
    "NOT IN of a frame": lambda spark, df: (df.createOrReplaceTempView("stateful_refused"), spark.sql("SELECT * FROM stateful_refused WHERE v NOT IN (SELECT n FROM VALUES (1) AS t(n))"))[1],
    "a frame IN a stream": lambda spark, df: (df.createOrReplaceTempView("stateful_refused"), spark.sql("SELECT * FROM VALUES (1) AS t(n) WHERE n IN (SELECT v FROM stateful_refused)"))[1],
    # Sets.
    "a union with a frame": lambda spark, df: df.select("k", "v").union(_numbers(spark)),
    "a union of a frame with it": lambda spark, df: _numbers(spark).union(df.select("k", "v")),
    "a union by name with a frame": lambda spark, df: df.select("k", F.col("v").alias("n")).unionByName(_numbers(spark)),
    "except, a frame on the right": lambda spark, df: df.select("k", "v").subtract(_numbers(spark)),
    "except, a frame on the left": lambda spark, df: _numbers(spark).subtract(df.select("k", "v")),
    "except all, a frame on the right": lambda spark, df: df.select("k", "v").exceptAll(_numbers(spark)),
    "intersect, a frame on the right": lambda spark, df: df.select("k", "v").intersect(_numbers(spark)),
    "intersect, a frame on the left": lambda spark, df: _numbers(spark).intersect(df.select("k", "v")),
    "intersect all": lambda spark, df: df.select("k", "v").intersectAll(_numbers(spark)),
    # Groups.
    "applyInPandas": lambda spark, df: df.groupBy("k").applyInPandas(lambda frame: frame, "k string, ts timestamp, v int"),
    "applyInPandas above an aggregate": lambda spark, df: _counted(df).groupBy("k").applyInPandas(lambda frame: frame, "k string"),
    "an aggregate above applyInPandas": lambda spark, df: df.groupBy("k").applyInPandas(lambda frame: frame, "k string").groupBy("k").count(),
    "cogroup": lambda spark, df: df.groupBy("k").cogroup(_numbers(spark).groupBy("k")).applyInPandas(lambda a, b: b, "k string, n int"),
    "mapInPandas": lambda spark, df: df.mapInPandas(lambda frames: frames, "k string, ts timestamp, v int"),
    # Joins with frames.
    "an aggregate joined with a frame": lambda spark, df: _counted(df).join(_numbers(spark), "k"),
    "an aggregate joined with a frame, full": lambda spark, df: _counted(df).join(_numbers(spark), "k", "full"),
    "a stream joined with an aggregate of itself": lambda spark, df: df.join(df.groupBy("k").count(), "k"),
}
CASES = {f"{name}, in each mode": _in_modes(build) for name, build in SHAPES.items()}

PAIRS = {
    "intersect": lambda spark, l, r: l.intersect(r),
    "except": lambda spark, l, r: l.subtract(r),
    "union": lambda spark, l, r: l.union(r),
    "a union of an aggregate with a stream": lambda spark, l, r: l.groupBy("lk").count().union(r.select("rk", "rv")),
    "a distinct union": lambda spark, l, r: l.union(r).distinct(),
    "cogroup": lambda spark, l, r: l.groupBy("lk").cogroup(r.groupBy("rk")).applyInPandas(lambda a, b: a, "lk string"),
    "a join of aggregates without a watermark": lambda spark, l, r: l.groupBy("lk").count().join(r.groupBy("rk").count(), F.expr("lk = rk")),
    "a join of a stream with an aggregate": lambda spark, l, r: l.withWatermark("lts", ZERO).join(r.withWatermark("rts", ZERO).groupBy("rk", F.window("rts", "5 seconds")).count(), F.expr("lk = rk")),
    "an aggregate of an inner join": lambda spark, l, r: l.withWatermark("lts", ZERO).join(r.withWatermark("rts", ZERO), F.expr("lk = rk")).groupBy("lk").count(),
    "an aggregate by a window of an inner join": lambda spark, l, r: l.withWatermark("lts", ZERO).join(r.withWatermark("rts", ZERO), F.expr("lk = rk AND lts = rts")).groupBy(F.window("lts", "5 seconds")).count(),
    "a join below a join": lambda spark, l, r: l.withWatermark("lts", ZERO).join(r.withWatermark("rts", ZERO), F.expr("lk = rk AND lts = rts")).join(l.toDF("xk", "xts", "xv").withWatermark("xts", ZERO), F.expr("lk = xk AND lts = xts"), "left"),
    "lateral": lambda spark, l, r: (l.createOrReplaceTempView("stateful_l"), r.createOrReplaceTempView("stateful_r"), spark.sql("SELECT * FROM stateful_l, LATERAL (SELECT rv FROM stateful_r WHERE rk = lk)"))[2],
}
CASES.update({f"{name} of two streams, in each mode": _in_modes(build, 2) for name, build in PAIRS.items()})

# --- actions ---------------------------------------------------------------------------------------------------------

ACTIONS = {
    "collect": lambda df: df.collect(), "count": lambda df: df.count(), "show": lambda df: df.show(), "take": lambda df: df.take(1), "first": lambda df: df.first(), "toPandas": lambda df: df.toPandas(), "toLocalIterator": lambda df: list(df.toLocalIterator()), "foreach": lambda df: df.foreach(print),
    "write": lambda df: df.write.mode("overwrite").format("noop").save(), "saveAsTable": lambda df: df.write.saveAsTable("stateful_nope"), "writeTo": lambda df: df.writeTo("stateful_nope").create(), "cache": lambda df: df.cache().isStreaming, "checkpoint": lambda df: df.localCheckpoint(), "rdd": lambda df: df.rdd.count(), "explain": lambda df: df.explain(), "isEmpty": lambda df: df.isEmpty(), "quantile": lambda df: df.approxQuantile("v", [0.5], 0.1), "crosstab": lambda df: df.crosstab("k", "v").columns, "toJSON": lambda df: df.toJSON().first(), "groupBy.count.collect": lambda df: df.groupBy("k").count().collect(), "createOrReplaceTempView": lambda df: df.createOrReplaceTempView("stateful_view"), "collect of a join": lambda df: df.join(df, "k").collect(), "stat.freqItems": lambda df: df.stat.freqItems(["k"]).columns, "corr": lambda df: df.corr("v", "v"), "semanticHash": lambda df: type(df.semanticHash()).__name__, "inputFiles": lambda df: df.inputFiles(),
}


def actions_on_a_stream(spark, tmp):
    (tmp / "in").mkdir()
    df = spark.readStream.schema("k string, v int").json(str(tmp / "in"))
    return {name: attempt(lambda action=action: action(df)) for name, action in ACTIONS.items()}


def actions_on_a_stateful_stream(spark, tmp):
    (tmp / "in").mkdir()
    df = spark.readStream.schema("k string, v int").json(str(tmp / "in")).groupBy("k").count()
    return {name: attempt(lambda name=name: ACTIONS[name](df)) for name in ("collect", "count", "show", "write", "cache", "isEmpty")}


def a_write_stream_of_a_frame(spark):
    return spark.range(1).writeStream


def modes_that_are_none(spark):
    df = spark.readStream.format("rate").load()
    return {mode: attempt(lambda mode=mode: type(df.writeStream.outputMode(mode)).__name__) for mode in ("Append", "UPDATE", "complete", "overwrite", "", "app end")}


def files_in_other_modes(spark, tmp):
    df = spark.readStream.format("rate").load().withWatermark("timestamp", ZERO).groupBy("timestamp").count()
    return {f"{sink}, {mode}": attempt(lambda sink=sink, mode=mode: _start_and_stop(df.writeStream.outputMode(mode).format(sink).option("checkpointLocation", str(tmp / sink / mode / "cp")).queryName(f"stateful_{sink}_{mode}"), str(tmp / sink / mode / "out"))) for sink in ("parquet", "json", "memory", "console", "noop") for mode in MODES if (sink, mode) != ("console", "append")}


def _start_and_stop(writer, path):
    query = writer.start(path) if "memory" not in path and "console" not in path and "noop" not in path else writer.start()
    query.stop()
    return "starts"


# --- checks turned off -----------------------------------------------------------------------------------------------

def without_the_check_of_operations(spark, tmp):
    key = "spark.sql.streaming.unsupportedOperationCheck"
    with settings(spark, **{key: False}):
        return {
            "append without a watermark": attempt(lambda: run(spark, tmp, lambda df: df.groupBy("k").count(), "a1 b1", "a2")),
            "a sort": attempt(lambda: run(spark, tmp, lambda df: df.orderBy("k"), "b1 a1", "c2")),
            "a count of distinct values": attempt(lambda: run(spark, tmp, lambda df: df.groupBy("k").agg(F.countDistinct("v")), "a1 a2", "a3:2", mode="update")),
            "a limit in update": attempt(lambda: run(spark, tmp, lambda df: df.limit(1), "a1 a2", "a3", mode="update")),
            "a session in update": attempt(lambda: run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy("k", F.session_window("ts", "5 seconds")).count(), "a1 a3", "a7 z30", mode="update")),
            "duplicates within a watermark without one": attempt(lambda: run(spark, tmp, lambda df: df.dropDuplicatesWithinWatermark(["k"]), "a1 a2")),
            "complete without an aggregate": attempt(lambda: run(spark, tmp, lambda df: df.select("k"), "a1", "b1", mode="complete")),
        }


def without_the_check_of_correctness(spark, tmp):
    with settings(spark, **{"spark.sql.streaming.statefulOperator.checkCorrectness.enabled": False}):
        return {
            "update": attempt(lambda: run(spark, tmp, lambda df: _counted(df).groupBy("window").agg(F.sum("s")), "a1 b2", "a3 c20", "d21", mode="update")),
            "complete": attempt(lambda: run(spark, tmp, lambda df: _counted(df).groupBy("window").agg(F.sum("s")), "a1 b2", "a3 c20", "d21", mode="complete")),
        }


def when_several_operators_are_not_allowed(spark, tmp):
    with settings(spark, **{"spark.sql.streaming.statefulOperator.allowMultiple": False}):
        return {
            "a chain in append": attempt(lambda: run(spark, tmp, lambda df: _counted(df).groupBy(F.window("window", "20 seconds")).count(), "a1", "a30", "a60")),
            "duplicates below": attempt(lambda: run(spark, tmp, lambda df: _counted(df.withWatermark("ts", ZERO).dropDuplicates(["k", "ts"])), "a1", "a30", "a60")),
        }


def when_the_watermarks_column_is_not_checked(spark, tmp):
    with settings(spark, **{"spark.sql.streaming.validateEventTimeWatermarkColumn": False}):
        return attempt(lambda: run(spark, tmp, lambda df: df.select("k", F.col("ts").cast("timestamp_ntz").alias("n")).withWatermark("n", ZERO).groupBy("n").count(), "a1", "a3"))


# --- what is not refused, and what it answers --------------------------------------------------------------------------

def except_a_frame(spark, tmp):
    builds = {"subtract": lambda df: df.select("k", "v").subtract(_numbers(spark)), "exceptAll": lambda df: df.select("k", "v").exceptAll(_numbers(spark)), "subtract, with a watermark": lambda df: df.withWatermark("ts", ZERO).select("k", "ts").subtract(_numbers(spark).selectExpr("k", "timestamp_seconds(n)"))}
    return {f"{name}, {mode}": attempt(lambda build=build, mode=mode: run(spark, tmp, build, "a1 b1 b2 c3", "b3 a9:2", "z50", mode=mode)) for name, build in builds.items() for mode in ("append", "update")}


def in_and_not_in_of_a_frame(spark, tmp):
    def build(text):
        return lambda df: (df.createOrReplaceTempView("stateful_refused"), spark.sql(f"SELECT k, v FROM stateful_refused WHERE {text}"))[1]

    texts = ["v IN (SELECT n FROM VALUES (1) AS t(n))", "v NOT IN (SELECT n FROM VALUES (1) AS t(n))", "v = (SELECT max(n) FROM VALUES (1) AS t(n))", "EXISTS (SELECT 1 FROM VALUES (1) AS t(n) WHERE n = v)", "NOT EXISTS (SELECT 1 FROM VALUES (1) AS t(n) WHERE n = v)"]
    return {text: attempt(lambda text=text: run(spark, tmp, build(text), "a:1 b:2 c:~", "d:1 e:3")) for text in texts}


def describe_and_freq_items(spark, tmp):
    return {name: attempt(lambda build=build: run(spark, tmp, build, "a1:1 b2:3", "c3:5", mode="complete")) for name, build in {"describe": lambda df: df.describe("v"), "freqItems": lambda df: df.stat.freqItems(["k"]).selectExpr("sort_array(k_freqItems)"), "summary": lambda df: df.select("v").summary("count", "max")}.items()}


def groups_in_pandas_above_and_below_an_aggregate(spark, tmp):
    below = lambda df: df.groupBy("k").applyInPandas(lambda frame: frame[["k", "v"]], "k string, v int").groupBy("k").sum("v")
    above = lambda df: _counted(df).groupBy("k").applyInPandas(lambda frame: frame[["k", "s"]], "k string, s long")
    return {"below": attempt(lambda: run(spark, tmp, below, "a1 b2", "a3", mode="update")), "above": attempt(lambda: run(spark, tmp, above, "a1 b2 a3", "c30", "d60"))}


# --- a foreachBatch that does not take everything ---------------------------------------------------------------------

def a_batch_that_is_taken_in_part(spark, tmp):
    (tmp / "in").mkdir()
    (tmp / "in" / "a").write_text("".join('{"k": "%s"}\n' % k for k in "abcdefgh"))
    found = {}
    actions = {"collect": lambda df: len(df.collect()), "one row": lambda df: len(df.limit(1).collect()), "nothing": lambda df: None, "twice": lambda df: [len(df.collect()), df.count()], "isEmpty, then all": lambda df: [df.isEmpty(), df.count()], "cached": lambda df: [df.persist().count(), len(df.collect())]}
    for name, action in actions.items():
        seen = []

        def each(df, batch, action=action, seen=seen):
            seen.append(action(df))

        with settings(spark, **{"spark.sql.shuffle.partitions": 2}):
            query = spark.readStream.schema("k string").json(str(tmp / "in")).groupBy("k").count().writeStream.outputMode("update").option("checkpointLocation", str(tmp / name)).trigger(availableNow=True).foreachBatch(each).start()
            error = attempt(lambda query=query: query.awaitTermination(60))
        found[name] = [seen, error if isinstance(error, dict) else None]
    return found
