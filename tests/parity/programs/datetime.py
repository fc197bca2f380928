"""Dates, timestamps, intervals and Java's patterns, in UTC and two more zones."""

import datetime as dt

from pyspark.sql import functions as F

ZONES = ["America/New_York", "Asia/Kolkata"]
VIEWS = {"t": "SELECT * FROM VALUES (date'2024-01-31', timestamp'2024-02-29 13:45:30.123456', '2023-12-31 23:59:59'), (date'1969-07-20', timestamp'1900-01-01 00:00:00', 'x'), (null, null, null) AS t(d, ts, s)"}

EXPRESSIONS = [
    "date_add(date'2024-01-31', 1)", "date_sub(date'2024-03-01', 1)", "dateadd(date'2024-01-31', 5)", "date_add('2024-01-31', 1)", "datediff(date'2024-03-01', date'2024-02-01')", "datediff('2024-01-01', '2024-01-31')", "date_diff(date'2024-03-01', date'2024-02-01')",
    "add_months(date'2024-01-31', 1)", "add_months(date'2024-02-29', 12)", "add_months(date'2024-03-31', -1)", "months_between(date'2024-03-31', date'2024-02-29')", "months_between(timestamp'2024-03-15 12:00:00', date'2024-01-01')", "months_between(date'2024-03-15', date'2024-01-01', false)",
    "last_day(date'2024-02-10')", "next_day(date'2024-01-01', 'MON')", "next_day(date'2024-01-01', 'nope')", "trunc(date'2024-05-17', 'MM')", "trunc(date'2024-05-17', 'year')", "trunc(date'2024-05-17', 'week')", "trunc(date'2024-05-17', 'quarter')", "trunc(date'2024-05-17', 'bad')", "date_trunc('hour', timestamp'2024-05-17 10:59:59')", "date_trunc('MONTH', timestamp'2024-05-17 10:59:59')", "date_trunc('week', timestamp'2024-05-17 10:59:59')", "date_trunc('millisecond', timestamp'2024-05-17 10:59:59.123456')", "date_trunc('quarter', date'2024-05-17')",
    "year(date'2024-05-17')", "quarter(date'2024-05-17')", "month(date'2024-05-17')", "day(date'2024-05-17')", "dayofmonth(date'2024-05-17')", "dayofweek(date'2024-05-17')", "weekday(date'2024-05-17')", "dayofyear(date'2024-05-17')", "weekofyear(date'2024-12-30')", "hour(timestamp'2024-05-17 10:59:58.5')", "minute(timestamp'2024-05-17 10:59:58.5')", "second(timestamp'2024-05-17 10:59:58.5')", "extract(second from timestamp'2024-05-17 10:59:58.5')", "extract(dow from date'2024-05-17')", "extract(week from date'2024-05-17')", "date_part('doy', date'2024-05-17')", "extract(day from interval '3 4:00:00' day to second)", "dayname(date'2024-05-17')", "monthname(date'2024-05-17')", "hour('2024-05-17 10:59:58')", "year('2024-05-17')",
    "make_date(2024, 2, 29)", "make_date(2023, 2, 29)", "make_timestamp(2024, 1, 2, 3, 4, 5.678)", "make_interval(0, 0, 0, 1)", "make_dt_interval(1, 2, 3, 4.5)", "date_from_unix_date(19000)", "unix_date(date'2024-01-01')",
    "to_date('2024-01-05')", "to_date('05/01/2024', 'dd/MM/yyyy')", "to_date('2024-01-05 10:00:00')", "to_date('20240105', 'yyyyMMdd')", "to_date('Jan 5, 2024', 'MMM d, yyyy')", "to_date('5-1-24', 'd-M-yy')", "to_date('bad', 'yyyy-MM-dd')", "to_date('2024-02-30', 'yyyy-MM-dd')", "try_to_date('bad', 'yyyy-MM-dd')", "to_date(null)", "to_date('2024-01-05x', 'yyyy-MM-dd')", "to_date('1/5/2024', 'MM/dd/yyyy')", "to_date('2024', 'yyyy')", "to_date('2024-01-05', 'YYYY-MM-dd')",
    "to_timestamp('2024-01-05 01:02:03')", "to_timestamp('2024-01-05T01:02:03.456Z')", "to_timestamp('05.01.2024 13:14', 'dd.MM.yyyy HH:mm')", "to_timestamp('2024-01-05 01:02:03.123', 'yyyy-MM-dd HH:mm:ss.SSS')", "to_timestamp('01:02 PM', 'hh:mm a')", "to_timestamp('2024-01-05 01:02:03 +0200', 'yyyy-MM-dd HH:mm:ss Z')", "to_timestamp('2024-01-05T01:02:03+02:00', \"yyyy-MM-dd'T'HH:mm:ssXXX\")", "to_timestamp('bad')", "try_to_timestamp('bad')", "to_timestamp('2024-01-05 01', 'yyyy-MM-dd HH')", "to_timestamp_ntz('2024-01-05 01:02:03')",
    "date_format(timestamp'2024-01-05 13:04:05.678901', 'yyyy-MM-dd HH:mm:ss')", "date_format(timestamp'2024-01-05 13:04:05.678901', 'yyyy-MM-dd HH:mm:ss.SSSSSS')", "date_format(timestamp'2024-01-05 13:04:05.678', 'ss.SSS')", "date_format(date'2024-01-05', 'EEEE, d MMMM yyyy')", "date_format(date'2024-01-05', 'EEE MMM dd yy')", "date_format(date'2024-01-05', 'D')", "date_format(date'2024-05-05', 'Q')", "date_format(date'2024-05-05', 'QQQ')", "date_format(timestamp'2024-01-05 13:04:05', 'h:mm a')", "date_format(timestamp'2024-01-05 13:04:05', 'K k H')", "date_format(timestamp'2024-01-05 13:04:05', \"yyyy-MM-dd'T'HH:mm:ss'Z'\")", "date_format(timestamp'2024-01-05 13:04:05', 'XXX')", "date_format(timestamp'2024-01-05 13:04:05', 'z')", "date_format(timestamp'2024-01-05 13:04:05', 'VV')", "date_format(timestamp'2024-01-05 13:04:05', 'O')", "date_format(date'2024-01-05', 'y')", "date_format(date'2024-01-05', 'M/d/yyyy')", "date_format(date'2024-01-05', 'YYYY')", "date_format(date'2024-01-05', 'u')", "date_format(date'2024-01-05', 'LLLL')", "date_format(date'2024-01-05', 'G')", "date_format(date'2024-01-05', 'invalid')", "date_format('2024-01-05', 'dd')", "date_format(timestamp'2024-01-05 13:04:05', '[HH]')", "date_format(timestamp'2024-01-05 13:04:05', 'F')",
    "unix_timestamp('2024-01-05 01:02:03')", "unix_timestamp('05/01/2024', 'dd/MM/yyyy')", "unix_timestamp(date'2024-01-05')", "unix_timestamp('bad')", "to_unix_timestamp('2024-01-05 01:02:03')", "from_unixtime(1704416523)", "from_unixtime(0, 'yyyy/MM/dd')", "timestamp_seconds(1.5)", "timestamp_millis(1500)", "timestamp_micros(1500)", "unix_seconds(timestamp'2024-01-05 01:02:03')", "unix_millis(timestamp'2024-01-05 01:02:03.5')", "unix_micros(timestamp'2024-01-05 01:02:03.5')",
    "from_utc_timestamp(timestamp'2024-07-05 12:00:00', 'Europe/Paris')", "to_utc_timestamp(timestamp'2024-07-05 12:00:00', 'America/New_York')", "from_utc_timestamp('2024-07-05', '+05:30')", "convert_timezone('UTC', 'Asia/Tokyo', timestamp_ntz'2024-01-01 00:00:00')", "current_timezone()",
    "date'2024-01-31' + 1", "date'2024-01-31' - 1", "1 + date'2024-01-31'", "date'2024-03-01' - date'2024-02-01'", "date'2024-01-31' + interval 1 month", "date'2024-01-31' + interval 1 day", "date'2024-01-31' + interval 1 hour", "date'2024-01-31' - interval '1' year", "timestamp'2024-01-31 10:00:00' + interval 90 minute", "timestamp'2024-01-31 10:00:00' - interval '1 02:00:00' day to second", "timestamp'2024-01-31 10:00:00' - timestamp'2024-01-30 09:00:00'", "timestamp'2024-01-31 10:00:00' + interval 1 month 2 days", "interval 1 day + interval 2 hour", "interval 2 hour * 3", "interval 1 day / 2", "interval 1 day > interval 23 hour", "timestamp'2024-01-01 00:00:00' - date'2023-12-31'", "timestampadd(HOUR, 5, timestamp'2024-01-01 00:00:00')", "timestampdiff(DAY, timestamp'2024-01-01 00:00:00', timestamp'2024-03-01 00:00:00')", "dateadd(MONTH, 1, date'2024-01-31')", "datediff(HOUR, timestamp'2024-01-01 00:00:00', timestamp'2024-01-02 01:30:00')", "date'2024-01-31' + '1'", "timestamp'2024-01-31 10:00:00' + 1",
    "current_date() = curdate()", "now() = current_timestamp()", "typeof(current_timestamp())", "typeof(localtimestamp())", "date'2024-01-01' between '2023-01-01' and '2024-12-31'", "sequence(date'2024-01-01', date'2024-03-01', interval 1 month)", "sequence(timestamp'2024-01-01 00:00:00', timestamp'2024-01-01 02:00:00', interval 1 hour)",
    "timestamp'2024-01-05 01:02:03Z'", "timestamp'2024-01-05T01:02:03+01:00'", "timestamp_ntz'2024-01-05 01:02:03'", "typeof(timestamp_ltz'2024-01-05 01:02:03')", "date'2024-1-5'",
    "window(timestamp'2024-01-05 01:02:03', '10 minutes')", "time'10:20:30'",
    "unix_timestamp() > 1700000000", "to_unix_timestamp()", "unix_timestamp(1, 2, 3)",
]

OVER = [
    (
        "t",
        ["year(d)", "date_format(ts, 'yyyy-MM-dd HH:mm')", "d + 1", "datediff(d, date'2024-01-01')", "add_months(d, 1)", "date_trunc('day', ts)", "hour(ts)", "unix_timestamp(ts)", "try_to_timestamp(s)", "cast(d as timestamp)", "cast(ts as date)", "ts > d", "last_day(d)", "weekofyear(d)", "ts + interval 1 day", "date_format(d, 'E')", "quarter(ts)", "cast(ts as double)", "cast(d as string)", "cast(ts as string)"],
    ),
]


def python_values_in_and_out(spark):
    df = spark.createDataFrame([(dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 1, 2, 3, 456), dt.timedelta(days=1, seconds=2))], ["d", "ts", "i"])
    return df


def functions(spark):
    df = spark.createDataFrame([("2024-02-29 10:20:30", 3)], "s string, n int")
    ts = F.to_timestamp("s")
    return df.select(
        F.to_date("s").alias("a"), ts.alias("b"), F.date_add(F.to_date("s"), df.n).alias("c"), F.date_sub("s", 1).alias("d"), F.date_format("s", "MM/yyyy").alias("e"), F.year(ts).alias("f"), F.month("s").alias("g"),
        F.dayofmonth("s").alias("h"), F.hour("s").alias("i"), F.minute("s").alias("j"), F.second("s").alias("k"), F.date_trunc("hour", ts).alias("l"), F.trunc("s", "month").alias("m"), F.datediff(F.lit("2024-03-05"), "s").alias("o"),
        F.months_between(F.lit("2024-03-05"), "s").alias("p"), F.add_months("s", df.n).alias("q"), F.last_day("s").alias("r"), F.unix_timestamp("s").alias("t"), F.from_unixtime(F.lit(0)).alias("u"), F.from_utc_timestamp("s", "Asia/Tokyo").alias("v"),
        F.timestamp_seconds(F.lit(1)).alias("w"), F.make_date(F.lit(2024), F.lit(1), F.lit(2)).alias("x"), F.dayofweek("s").alias("y"), F.next_day("s", "Sun").alias("z"),
    )


def another_session_zone(spark):
    """The zone changes how a timestamp reads, not what it is."""
    spark.conf.set("spark.sql.session.timeZone", "America/Los_Angeles")
    try:
        return spark.sql("SELECT cast(timestamp_seconds(0) as string) AS s, hour(timestamp_seconds(0)) AS h, cast('2024-07-01' as timestamp) = timestamp_seconds(1719817200) AS eq, to_date(timestamp_seconds(3600)) AS d, date_format(timestamp_seconds(0), 'XXX z VV') AS z").collect()
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")


def tumbling_and_sliding_windows(spark):
    df = spark.createDataFrame([("2024-01-01 00:03:00", 1), ("2024-01-01 00:07:00", 2), ("2024-01-01 00:12:00", 3)], ["s", "n"]).withColumn("ts", F.to_timestamp("s"))
    tumbling = df.groupBy(F.window("ts", "10 minutes")).agg(F.sum("n")).orderBy("window").collect()
    sliding = df.groupBy(F.window("ts", "10 minutes", "5 minutes")).count().orderBy("window").collect()
    offset = df.groupBy(F.window("ts", "10 minutes", "10 minutes", "2 minutes").alias("w")).count().orderBy("w").select("w.start", "w.end", "count").collect()
    return [tumbling, sliding, offset]


def unix_timestamp_of_now(spark):
    return spark.range(1).select(F.unix_timestamp()).columns
