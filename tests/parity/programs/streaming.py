"""Stateless streaming: results of sources and sinks, progress, status, logs, errors."""

import json
import os
import re
import time

from pyspark.sql import functions as F
from pyspark.sql.streaming import StreamingQueryListener


def _lines(tmp, name, *lines):
    directory = tmp / "in"
    directory.mkdir(exist_ok=True)
    # A file is written beside and moved in, so that no query sees half of it. The times keep the
    # order of arrival.
    (tmp / name).write_text("".join(line + "\n" for line in lines))
    stamp = 1_700_000_000 + len(os.listdir(directory))
    os.utime(tmp / name, (stamp, stamp))
    os.rename(tmp / name, directory / name)
    return str(directory)


def _run(writer, path=None):
    """Run a query until it has taken what is there and return it stopped."""
    query = writer.trigger(availableNow=True).start(path)
    query.awaitTermination(120)
    return query


def _keys(value):
    if isinstance(value, dict):
        return {k: _keys(v) for k, v in value.items()}
    return [_keys(v) for v in value] if isinstance(value, list) else type(value).__name__


# --- results ---------------------------------------------------------------------------------------------------------

def text_files_to_memory(spark, tmp):
    path = _lines(tmp, "a", "x", "y")
    _lines(tmp, "b", "z")
    _run(spark.readStream.text(path).select(F.upper("value").alias("v")).writeStream.format("memory").queryName("s1"))
    return spark.table("s1")


def json_files_by_one_a_batch(spark, tmp):
    path = _lines(tmp, "a", '{"i": 1}')
    _lines(tmp, "b", '{"i": 2}', "bad")
    _lines(tmp, "c", '{"i": 3}')
    seen = []
    _run(spark.readStream.schema("i int").option("maxFilesPerTrigger", 1).json(path).writeStream.option("checkpointLocation", str(tmp / "cp")).foreachBatch(lambda df, n: seen.append([n, df.count(), sorted(r.i if r.i is not None else -1 for r in df.collect())])))
    return seen


def csv_files_to_parquet_partitions(spark, tmp):
    path = _lines(tmp, "a", "k,n", "x,1", "y,2")
    df = spark.readStream.schema("k string, n int").option("header", True).csv(path)
    _run(df.writeStream.format("parquet").partitionBy("k").option("checkpointLocation", str(tmp / "cp")).option("path", str(tmp / "out")))
    return [sorted(n for n in os.listdir(tmp / "out") if not n.startswith(".")), sorted(map(str, spark.read.parquet(str(tmp / "out")).collect())), spark.read.parquet(str(tmp / "out")).dtypes]


def a_schema_given_for_partitions_with_a_sinks_log(spark, tmp):
    path = _lines(tmp, "a", "k,n", "x,1", "y,2")
    df = spark.readStream.schema("k string, n int").option("header", True).csv(path)
    _run(df.writeStream.format("parquet").partitionBy("k").option("checkpointLocation", str(tmp / "cp")).option("path", str(tmp / "out")))
    def read(schema):
        rows = spark.read.schema(schema).parquet(str(tmp / "out"))
        return [rows.dtypes, sorted(map(str, rows.collect()))]
    found = [read(schema) for schema in ("k string, n int", "n int, k string", "K string, n bigint", "n int")]
    stream = spark.readStream.schema("k string, n int").parquet(str(tmp / "out"))
    os.rename(tmp / "out" / "_spark_metadata", tmp / "log")
    return [found, stream.dtypes, read("k string, n int")]


def rate_micro_batch(spark, tmp):
    df = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 3).option("numPartitions", 1).option("startTimestamp", 1000).option("advanceMillisPerBatch", 500).load()
    _run(df.writeStream.format("memory").queryName("s2"))
    return spark.table("s2")


def once_takes_all(spark, tmp):
    path = _lines(tmp, "a", "1")
    _lines(tmp, "b", "2")
    query = spark.readStream.option("maxFilesPerTrigger", 1).text(path).writeStream.trigger(once=True).format("memory").queryName("s3").start()
    query.awaitTermination(60)
    return [spark.table("s3").count(), query.lastProgress["batchId"], len(query.recentProgress)]


def two_runs_on_one_checkpoint(spark, tmp):
    path = _lines(tmp, "a", "1")
    writer = lambda: spark.readStream.text(path).writeStream.format("json").option("checkpointLocation", str(tmp / "cp")).option("path", str(tmp / "out"))
    first = _run(writer())
    _lines(tmp, "b", "2", "3")
    second = _run(writer())
    third = _run(writer())
    return [spark.read.json(str(tmp / "out")).count(), first.id == second.id, first.runId == second.runId, second.lastProgress["batchId"], third.lastProgress["batchId"] if third.lastProgress else None, {"commits", "metadata", "offsets", "sources"} - set(os.listdir(tmp / "cp"))]


def stream_static_join(spark, tmp):
    static = spark.createDataFrame([("a", 1), ("b", 2)], ["value", "n"])
    stream = spark.readStream.text(_lines(tmp, "f", "a", "b", "c"))
    _run(stream.join(static, "value").writeStream.format("memory").queryName("s4"))
    _run(stream.join(static, "value", "left_outer").writeStream.format("memory").queryName("s5"))
    return [sorted(map(str, spark.table("s4").collect())), sorted(map(str, spark.table("s5").collect()))]


def explode_and_from_json(spark, tmp):
    path = _lines(tmp, "f", '{"id": 1, "items": [{"n": "a"}, {"n": "b"}]}', '{"id": 2, "items": []}', "bad")
    df = spark.readStream.text(path).select(F.from_json("value", "id int, items array<struct<n:string>>").alias("p")).select("p.id", F.explode("p.items").alias("it")).select("id", "it.n")
    _run(df.writeStream.format("memory").queryName("s6"))
    return spark.table("s6")


def union_of_two_streams(spark, tmp):
    path = _lines(tmp, "f", "a")
    df = spark.readStream.text(path)
    query = _run(df.union(df.select(F.upper("value"))).writeStream.option("checkpointLocation", str(tmp / "cp")).format("memory").queryName("s7"))
    return [sorted(map(str, spark.table("s7").collect())), len(query.lastProgress["sources"]), len((tmp / "cp" / "offsets" / "0").read_text().splitlines())]


def foreach_of_a_function(spark, tmp):
    out = tmp / "rows"
    out.mkdir()
    target = str(out)

    def write(row):
        open(f"{target}/{row.value}", "w").close()

    _run(spark.readStream.text(_lines(tmp, "f", "a", "b")).writeStream.foreach(write))
    return sorted(os.listdir(out))


def foreach_of_an_object(spark, tmp):
    out = tmp / "rows"
    out.mkdir()
    target = str(out)

    class Writer:
        def open(self, partition, epoch):
            self.opened = f"{partition}-{epoch}"
            return True

        def process(self, row):
            open(f"{target}/{row.value}-{self.opened}", "w").close()

        def close(self, error):
            open(f"{target}/closed-{error}", "w").close()

    _run(spark.readStream.text(_lines(tmp, "f", "a")).writeStream.foreach(Writer()))
    return sorted(os.listdir(out))


def foreach_batch_writes_and_counts(spark, tmp):
    path = _lines(tmp, "f", "1", "2")

    def each(df, batch):
        df.persist()
        df.write.mode("append").json(str(tmp / "out"))
        df.createOrReplaceTempView("micro")
        found.append([batch, df.isStreaming, df.count(), df.sparkSession.sql("SELECT max(value) FROM micro").collect()[0][0]])
        df.unpersist()

    found = []
    _run(spark.readStream.text(path).writeStream.foreachBatch(each))
    return [found, spark.read.json(str(tmp / "out")).count()]


def foreach_batch_may_aggregate(spark, tmp):
    path = _lines(tmp, "f", "a", "a", "b")
    found = []
    _run(spark.readStream.text(path).writeStream.foreachBatch(lambda df, n: found.extend(sorted(map(tuple, df.groupBy("value").count().collect())))))
    return found


def to_table(spark, tmp):
    query = spark.readStream.text(_lines(tmp, "f", "a", "b")).writeStream.option("checkpointLocation", str(tmp / "cp")).trigger(availableNow=True).toTable("parity_stream")
    query.awaitTermination(60)
    try:
        return [sorted(map(str, spark.table("parity_stream").collect())), spark.readStream.table("parity_stream").isStreaming]
    finally:
        spark.sql("DROP TABLE parity_stream")


def current_timestamp_is_the_batch(spark, tmp):
    path = _lines(tmp, "f", "a", "b")
    _run(spark.readStream.text(path).select(F.current_timestamp().alias("t"), F.current_date().alias("d")).writeStream.option("checkpointLocation", str(tmp / "cp")).format("memory").queryName("s8"))
    stamp = json.loads((tmp / "cp" / "offsets" / "0").read_text().splitlines()[1])["batchTimestampMs"]
    return [spark.table("s8").select("t").distinct().count(), spark.table("s8").selectExpr("unix_millis(t)").first()[0] == stamp]


def schema_inference_by_configuration(spark, tmp):
    path = _lines(tmp, "f", '{"a": 1}')
    spark.conf.set("spark.sql.streaming.schemaInference", True)
    try:
        return spark.readStream.json(path).dtypes
    finally:
        spark.conf.unset("spark.sql.streaming.schemaInference")


def a_corrupt_record_in_a_stream(spark, tmp):
    path = _lines(tmp, "f", '{"a": 1}', "bad")
    _run(spark.readStream.schema("a int, _corrupt_record string").json(path).writeStream.format("memory").queryName("s9"))
    return spark.table("s9")


def names_and_file_metadata(spark, tmp):
    path = _lines(tmp, "f", "a")
    _run(spark.readStream.text(path).select("value", F.col("_metadata.file_name")).writeStream.format("memory").queryName("s10"))
    return spark.table("s10")


# --- progress, status, members ---------------------------------------------------------------------------------------

def progress_of_files(spark, tmp):
    query = _run(spark.readStream.text(_lines(tmp, "f", "a", "b")).writeStream.format("memory").queryName("p1"))
    p = query.lastProgress
    return [list(p), _keys(json.loads(p.json)), p["batchId"], p["numInputRows"], p["sources"][0]["description"], p["sources"][0]["startOffset"], p["sources"][0]["endOffset"], p["sources"][0]["latestOffset"], p["sink"], p["name"], p["stateOperators"], sorted(p["durationMs"]), p["eventTime"], bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", p["timestamp"]))]


def progress_of_rate_micro_batch(spark, tmp):
    df = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 2).load()
    p = _run(df.writeStream.format("noop")).lastProgress
    return [_keys(json.loads(p.json)), p["name"], p["sources"][0]["description"], p["sources"][0]["startOffset"], json.loads(p["sources"][0]["endOffset"])["offset"], p["sink"]]


def progress_of_rate(spark, tmp):
    query = spark.readStream.format("rate").option("rowsPerSecond", 10).option("numPartitions", 1).load().writeStream.format("noop").start()
    try:
        while not query.lastProgress or query.lastProgress["numInputRows"] == 0:
            time.sleep(0.1)
        p = query.lastProgress
        return [list(p), list(p["sources"][0]), p["sources"][0]["description"], type(p["sources"][0]["endOffset"]).__name__, p["sink"]]
    finally:
        query.stop()


def progress_of_a_file_sink(spark, tmp):
    p = _run(spark.readStream.text(_lines(tmp, "f", "a")).writeStream.format("parquet").option("path", str(tmp / "out")).option("checkpointLocation", str(tmp / "cp"))).lastProgress
    return [p["sink"], p["sources"][0]["description"]]


def progress_of_foreach_batch_and_foreach(spark, tmp):
    path = _lines(tmp, "f", "a")
    return [_run(spark.readStream.text(path).writeStream.foreachBatch(lambda df, n: None)).lastProgress["sink"], re.sub("@.*", "", json.dumps(_run(spark.readStream.text(path).writeStream.foreach(lambda r: None)).lastProgress["sink"])), _run(spark.readStream.text(path).writeStream.format("console")).lastProgress["sink"]["numOutputRows"]]


def progress_with_a_watermark(spark, tmp):
    path = _lines(tmp, "f", "2024-01-01 00:10:00", "2024-01-01 00:00:00")
    df = spark.readStream.text(path).select(F.to_timestamp("value").alias("t")).withWatermark("t", "1 minute")
    query = _run(df.writeStream.option("checkpointLocation", str(tmp / "cp")).format("memory").queryName("p2"))
    return [[p["eventTime"] for p in query.recentProgress], (tmp / "cp" / "commits" / "0").read_text(), [p["batchId"] for p in query.recentProgress]]


def progress_with_observed_metrics(spark, tmp):
    df = spark.readStream.text(_lines(tmp, "f", "a", "b")).observe("m", F.count(F.lit(1)).alias("n"))
    return _run(df.writeStream.format("noop")).lastProgress["observedMetrics"]


def progress_attributes(spark, tmp):
    p = _run(spark.readStream.text(_lines(tmp, "f", "a")).writeStream.format("memory").queryName("p3")).lastProgress
    return [type(p).__name__, isinstance(p, dict), type(p.id).__name__, type(p["id"]).__name__, p.name, p.batchId, p.numInputRows, p.sources[0].description[:17], type(p.sources[0]).__name__, p.sink.description, type(p.durationMs).__name__, p.stateOperators, p.observedMetrics, p.json == json.dumps(json.loads(p.json), separators=(",", ":")), p.prettyJson.splitlines()[0]]


def members_of_a_query(spark, tmp):
    writer = spark.readStream.text(_lines(tmp, "f", "a")).writeStream.format("memory").queryName("m1")
    query = writer.start()
    found = [query.name, query.isActive, type(query.id).__name__, len(query.id), query.id != query.runId, [q.name for q in spark.streams.active], spark.streams.get(query.id).name, query.exception(), query.awaitTermination(0.1)]
    query.processAllAvailable()
    found += [spark.table("m1").count(), query.status["isDataAvailable"], list(query.status), query.lastProgress["numInputRows"] >= 0]
    query.stop()
    return [*found, query.isActive, query.status, query.awaitTermination(), query.awaitTermination(1), spark.streams.active, query.exception(), spark.streams.get(query.id) is None]


def a_query_before_its_first_batch(spark, tmp):
    (tmp / "in").mkdir()
    query = spark.readStream.text(str(tmp / "in")).writeStream.format("noop").start()
    try:
        query.processAllAvailable()
        return [query.status["isDataAvailable"], query.name]
    finally:
        query.stop()


def listener_events(spark, tmp):
    seen = []

    class Listener(StreamingQueryListener):
        def onQueryStarted(self, event):
            seen.append(["started", event.name, type(event.id).__name__, bool(event.timestamp)])

        def onQueryProgress(self, event):
            seen.append(["progress", event.progress.batchId, event.progress.numInputRows])

        def onQueryIdle(self, event):
            pass

        def onQueryTerminated(self, event):
            seen.append(["terminated", event.exception, event.errorClassOnException])

    listener = Listener()
    spark.streams.addListener(listener)
    try:
        _run(spark.readStream.text(_lines(tmp, "f", "a")).writeStream.format("noop").queryName("e1"))
        deadline = time.time() + 20
        while seen[-1][0] != "terminated" and time.time() < deadline:
            time.sleep(0.05)
    finally:
        spark.streams.removeListener(listener)
    return seen


# --- logs ------------------------------------------------------------------------------------------------------------

def logs_of_files(spark, tmp):
    path = _lines(tmp, "a", "1")
    _lines(tmp, "b", "2")
    query = _run(spark.readStream.option("maxFilesPerTrigger", 1).text(path).writeStream.format("text").option("path", str(tmp / "out")).option("checkpointLocation", str(tmp / "cp")))
    cp = tmp / "cp"
    names = sorted(os.path.relpath(os.path.join(d, f), cp) for part in ("offsets", "commits", "sources") for d, _, fs in os.walk(cp / part) for f in fs if not f.startswith("."))
    offsets = (cp / "offsets" / "1").read_text().split("\n")
    meta = json.loads(offsets[1])
    sink = (tmp / "out" / "_spark_metadata" / "0").read_text()
    return [names, (cp / "metadata").read_text() == json.dumps({"id": query.id}, separators=(",", ":")), offsets[0], list(meta), meta["batchWatermarkMs"], sorted(meta["conf"]), offsets[2:], (cp / "commits" / "1").read_text(), (cp / "sources" / "0" / "1").read_text(), re.sub(r'part-[^"]*?\.txt|"modificationTime":\d+', "#", sink), sorted({re.sub(r"part-\d{5}-[-0-9a-f]{36}", "part", n) for n in os.listdir(tmp / "out") if not n.startswith(".")})]


def logs_of_rate_micro_batch(spark, tmp):
    _run(spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 2).load().writeStream.format("noop").option("checkpointLocation", str(tmp / "cp")))
    return [(tmp / "cp" / "offsets" / "0").read_text().split("\n")[2:], sorted(n for n in os.listdir(tmp / "cp" / "sources") if not n.startswith(".")) if (tmp / "cp" / "sources").exists() else None]


# --- errors ----------------------------------------------------------------------------------------------------------

def _stream(spark):
    return spark.readStream.format("rate").load()


def collect_of_a_stream(spark):
    return _stream(spark).collect()


def show_of_a_stream(spark):
    _stream(spark).show()


def count_of_a_stream(spark):
    return _stream(spark).count()


def write_of_a_stream(spark, tmp):
    return _stream(spark).write.parquet(str(tmp / "o"))


def write_stream_of_a_batch_frame(spark):
    return spark.range(1).writeStream


def to_pandas_of_a_stream(spark):
    return _stream(spark).toPandas()


def rdd_of_a_stream(spark):
    return _stream(spark).rdd.collect()


def no_checkpoint(spark, tmp):
    return _stream(spark).writeStream.format("parquet").start(str(tmp / "o"))


def no_path(spark, tmp):
    return _stream(spark).writeStream.format("parquet").option("checkpointLocation", str(tmp / "cp")).start()


def no_schema(spark, tmp):
    return spark.readStream.json(str(tmp))


def no_schema_of_a_table(spark):
    return spark.readStream.table("nope")


def an_unknown_source(spark):
    return spark.readStream.format("nope").load()


def an_unknown_sink(spark):
    return _stream(spark).writeStream.format("nope").start()


def a_batch_only_source(spark):
    return spark.readStream.format("jdbc").load()


def a_memory_sink_without_a_name(spark):
    return _stream(spark).writeStream.format("memory").start()


def a_bad_trigger_text(spark):
    return _stream(spark).writeStream.trigger(processingTime="soon").format("noop").start()


def a_negative_trigger(spark):
    return _stream(spark).writeStream.trigger(processingTime="-1 second").format("noop").start()


def a_blank_trigger(spark):
    return _stream(spark).writeStream.trigger(processingTime="  ")


def two_triggers(spark):
    return _stream(spark).writeStream.trigger(processingTime="1 second", once=True)


def no_trigger_at_all(spark):
    return _stream(spark).writeStream.trigger()


def a_false_trigger(spark):
    return _stream(spark).writeStream.trigger(once=False)


def a_trigger_by_position(spark):
    return _stream(spark).writeStream.trigger("1 second")


def a_bad_output_mode(spark):
    return _stream(spark).writeStream.outputMode("sideways")


def a_blank_output_mode(spark):
    return _stream(spark).writeStream.outputMode(" ")


def complete_without_an_aggregate(spark):
    return _stream(spark).writeStream.outputMode("complete").format("noop").start()


def update_to_files(spark, tmp):
    return _stream(spark).writeStream.outputMode("update").format("parquet").option("checkpointLocation", str(tmp / "cp")).start(str(tmp / "o"))


def an_aggregate_in_append_mode(spark):
    return _stream(spark).groupBy("value").count().writeStream.outputMode("append").format("noop").start()


def a_sort_of_a_stream(spark):
    return _stream(spark).orderBy("value").writeStream.format("noop").start()


def a_window_over_a_stream(spark):
    return _stream(spark).select(F.expr("row_number() over (order by value)")).writeStream.format("noop").start()


def a_union_with_a_batch_frame(spark):
    return _stream(spark).select("value").union(spark.range(1)).writeStream.format("noop").start()


def a_full_join_with_a_static_frame(spark):
    return _stream(spark).join(spark.range(1).withColumnRenamed("id", "value"), "value", "full").writeStream.format("noop").start()


def a_right_join_with_a_static_frame(spark):
    return _stream(spark).join(spark.range(1).withColumnRenamed("id", "value"), "value", "right").writeStream.format("noop").start()


def an_anti_join_against_a_stream(spark):
    return spark.range(1).withColumnRenamed("id", "value").join(_stream(spark), "value", "left_anti").writeStream.format("noop").start()


def partition_by_to_memory(spark):
    return _stream(spark).writeStream.partitionBy("value").format("memory").queryName("x1").start()


def partition_by_an_unknown_column(spark, tmp):
    return _stream(spark).writeStream.partitionBy("nope").format("parquet").option("checkpointLocation", str(tmp / "cp")).start(str(tmp / "o"))


def foreach_batch_with_partition_by(spark):
    return _stream(spark).writeStream.partitionBy("value").foreachBatch(lambda d, n: None).start()


def foreach_of_what_is_no_function(spark):
    return _stream(spark).writeStream.foreach(5)


def foreach_without_process(spark):
    class Empty:
        pass

    return _stream(spark).writeStream.foreach(Empty())


def a_query_name_in_use(spark):
    query = _stream(spark).writeStream.format("noop").queryName("taken").start()
    try:
        return _stream(spark).writeStream.format("noop").queryName("taken").start()
    finally:
        query.stop()


def a_blank_query_name(spark):
    return _stream(spark).writeStream.queryName("  ")


def a_blank_path(spark):
    return spark.readStream.schema("a int").csv("  ")


def a_path_that_is_no_string(spark):
    return spark.readStream.schema("a int").csv(["a", "b"])


def a_missing_input_directory(spark, tmp):
    return spark.readStream.schema("a int").csv(str(tmp / "nope")).writeStream.format("noop").start()


def a_missing_column_in_a_stream(spark):
    return _stream(spark).select("nope")


def rate_with_a_bad_option(spark):
    return spark.readStream.format("rate").option("rowsPerSecond", 0).load()


def rate_with_an_option_of_a_wrong_type(spark):
    return spark.readStream.format("rate").option("rowsPerSecond", "many").load()


def rate_micro_batch_without_rows(spark):
    return spark.readStream.format("rate-micro-batch").load()


def rate_with_a_schema(spark):
    return spark.readStream.format("rate").schema("a int").load()


def socket_without_a_host(spark):
    return spark.readStream.format("socket").option("port", 9999).load()


def socket_without_a_port(spark):
    return spark.readStream.format("socket").option("host", "localhost").load()


def socket_without_a_listener(spark):
    query = spark.readStream.format("socket").option("host", "localhost").option("port", 1).load().writeStream.format("noop").start()
    query.awaitTermination(30)


def files_with_both_limits(spark, tmp):
    query = spark.readStream.option("maxFilesPerTrigger", 1).option("maxBytesPerTrigger", 1).text(_lines(tmp, "f", "a")).writeStream.format("noop").start()
    query.awaitTermination(30)


def files_with_a_bad_limit(spark, tmp):
    query = spark.readStream.option("maxFilesPerTrigger", 0).text(_lines(tmp, "f", "a")).writeStream.format("noop").start()
    query.awaitTermination(30)


def a_user_error_in_foreach_batch(spark, tmp):
    def each(df, n):
        raise ValueError("told you so")

    query = spark.readStream.text(_lines(tmp, "f", "a")).writeStream.foreachBatch(each).start()
    query.awaitTermination(60)


def what_a_failed_query_says(spark, tmp):
    path = _lines(tmp, "f", "x")
    query = spark.readStream.text(path).select(F.col("value").cast("int")).writeStream.format("noop").queryName("failed").start()
    try:
        query.awaitTermination(60)
    except Exception as e:
        found = [type(e).__name__, e.getCondition(), sorted(e.getMessageParameters() or {})]
    return [*found, query.isActive, type(query.exception()).__name__, query.exception().getCondition(), query.status["message"][:27], query.status["isTriggerActive"]]


def await_any_termination_after_a_failure(spark, tmp):
    spark.streams.resetTerminated()
    query = spark.readStream.text(_lines(tmp, "f", "x")).select(F.col("value").cast("int")).writeStream.format("noop").start()
    try:
        spark.streams.awaitAnyTermination(60)
    finally:
        spark.streams.resetTerminated()


def await_with_a_negative_time(spark):
    query = _stream(spark).writeStream.format("noop").start()
    try:
        return query.awaitTermination(-1)
    finally:
        query.stop()


def a_watermark_of_an_unknown_column(spark):
    return _stream(spark).withWatermark("nope", "1 minute").writeStream.format("noop").start()


def a_watermark_of_a_wrong_type(spark):
    return _stream(spark).withWatermark("value", "1 minute").writeStream.format("noop").start()


def a_watermark_with_a_bad_delay(spark):
    return _stream(spark).withWatermark("timestamp", "soon")


def a_checkpoint_of_more_sources(spark, tmp):
    path = _lines(tmp, "f", "a")
    df = spark.readStream.text(path)
    _run(df.union(df).writeStream.format("noop").option("checkpointLocation", str(tmp / "cp")))
    query = df.writeStream.format("noop").option("checkpointLocation", str(tmp / "cp")).start()
    query.awaitTermination(60)


def a_checkpoint_of_a_newer_version(spark, tmp):
    df = spark.readStream.text(_lines(tmp, "f", "a"))
    _run(df.writeStream.format("noop").option("checkpointLocation", str(tmp / "cp")))
    for name in ("0", ".0.crc"):
        (tmp / "cp" / "offsets" / name).unlink(missing_ok=True)
    (tmp / "cp" / "offsets" / "0").write_text("v99\n{}\n-")
    query = df.writeStream.format("noop").option("checkpointLocation", str(tmp / "cp")).start()
    query.awaitTermination(60)


def a_second_query_on_one_checkpoint(spark, tmp):
    df = spark.readStream.text(_lines(tmp, "f", "a"))
    first = df.writeStream.format("noop").option("checkpointLocation", str(tmp / "cp")).start()
    try:
        return df.writeStream.format("noop").option("checkpointLocation", str(tmp / "cp")).start()
    finally:
        first.stop()


def continuous_with_files(spark, tmp):
    query = spark.readStream.text(_lines(tmp, "f", "a")).writeStream.format("noop").trigger(continuous="1 second").start()
    query.awaitTermination(30)


def continuous_with_an_aggregate(spark):
    return _stream(spark).groupBy().count().writeStream.outputMode("complete").format("noop").trigger(continuous="1 second").start()


def continuous_with_the_clock(spark):
    return _stream(spark).select(F.current_timestamp()).writeStream.format("memory").queryName("c1").trigger(continuous="1 second").start()


def continuous_to_foreach_batch(spark):
    return _stream(spark).writeStream.foreachBatch(lambda d, n: None).trigger(continuous="1 second").start()


def drop_duplicates_within_watermark_of_a_batch_frame(spark):
    return spark.range(1).dropDuplicatesWithinWatermark(["id"]).collect()


def modified_after_in_a_stream(spark, tmp):
    return spark.readStream.option("modifiedAfter", "2024-01-01T00:00:00").text(_lines(tmp, "f", "a"))
