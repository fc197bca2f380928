"""Clock changes and old offsets: date arithmetic, casts, texts and windows where local days are not 24 hours."""

from pyspark.sql import functions as F

ZONES = ["America/New_York", "Asia/Kolkata"]

# The clock of New York goes forward at 07:00Z on 2024-03-10 and back at 06:00Z on 2024-11-03.
VIEWS = {
    "spring_times": "SELECT * FROM VALUES (timestamp'2024-03-09 17:00:00Z'), (timestamp'2024-03-10 06:30:00Z'), (timestamp'2024-03-10 07:30:00Z'), (timestamp'2024-03-31 00:30:00Z'), (null) AS t(ts)",
    "autumn_times": "SELECT * FROM VALUES (timestamp'2024-11-02 16:00:00Z'), (timestamp'2024-11-03 05:30:00Z'), (timestamp'2024-11-03 06:30:00Z'), (timestamp'2024-04-06 15:15:00Z'), (timestamp'2018-11-04 02:30:00Z') AS t(ts)",
    "old_times": "SELECT * FROM VALUES (timestamp'1883-11-18 16:00:00Z'), (timestamp'1883-11-18 18:30:00Z'), (timestamp'1800-01-01 00:00:00Z'), (timestamp'1945-10-14 17:00:00Z') AS t(ts)",
}

_OF_TIMESTAMPS = [
    "ts + interval 1 day", "ts - interval 1 day", "ts + interval '1' day", "ts + interval 24 hours", "ts + interval '1 01:00:00' day to second", "ts + interval 1 month", "ts - interval '1' month", "ts + interval 1 week", "ts + interval 1 day 1 hour", "ts + make_interval(0, 0, 0, 1)", "ts + make_interval(0, 1, 0, 1, 2)", "ts + make_dt_interval(1)", "ts + interval '1' year",
    "timestampadd(DAY, 1, ts)", "timestampadd(HOUR, 24, ts)", "timestampadd(WEEK, 1, ts)", "timestampadd(MONTH, 1, ts)", "timestampadd(MINUTE, 60, ts)", "timestampdiff(DAY, ts, timestamp'2024-11-05 05:00:00Z')", "timestampdiff(HOUR, ts, timestamp'2024-11-05 05:00:00Z')", "timestampdiff(MONTH, ts, timestamp'2024-11-05 05:00:00Z')", "ts - timestamp'2024-03-01 05:00:00Z'", "ts - date'2024-03-01'", "date'2024-11-05' - ts",
    "cast(ts as string)", "cast(ts as date)", "cast(cast(ts as date) as timestamp)", "cast(ts as timestamp_ntz)", "cast(cast(ts as timestamp_ntz) as timestamp)", "cast(cast(ts as string) as timestamp)", "cast(ts as bigint)", "cast(ts as double)",
    "date_trunc('day', ts)", "date_trunc('hour', ts)", "date_trunc('minute', ts)", "date_trunc('week', ts)", "date_trunc('month', ts)", "date_trunc('year', ts)", "date_trunc('quarter', ts)", "trunc(ts, 'month')",
    "hour(ts)", "minute(ts)", "second(ts)", "day(ts)", "dayofweek(ts)", "weekofyear(ts)", "extract(second from ts)", "date_format(ts, 'yyyy-MM-dd HH:mm:ss XXX')", "date_format(ts, 'z VV O')", "date_format(ts, 'zzzz')", "unix_timestamp(ts)", "from_unixtime(unix_timestamp(ts))", "unix_timestamp(cast(ts as string))", "to_timestamp(date_format(ts, 'yyyy-MM-dd HH:mm:ss'), 'yyyy-MM-dd HH:mm:ss')", "to_timestamp(date_format(ts, 'yyyy-MM-dd HH:mm:ss XXX'), 'yyyy-MM-dd HH:mm:ss XXX')", "to_unix_timestamp(ts)", "unix_micros(ts)",
    "from_utc_timestamp(ts, 'America/New_York')", "to_utc_timestamp(ts, 'America/New_York')", "from_utc_timestamp(ts, 'Asia/Tokyo')", "to_utc_timestamp(ts, 'Europe/Paris')", "convert_timezone('America/New_York', 'Asia/Tokyo', cast(ts as timestamp_ntz))", "convert_timezone('Asia/Tokyo', cast(ts as timestamp_ntz))", "months_between(ts, timestamp'2024-01-31 12:00:00')", "months_between(ts, date'2024-01-01')", "add_months(ts, 1)", "date_add(ts, 1)", "datediff(ts, date'2024-03-01')", "last_day(ts)", "next_day(ts, 'MON')", "ts = cast(ts as date)", "ts < date'2024-03-10'", "window(ts, '1 day')", "window(ts, '1 hour')", "window(ts, '2 days', '1 day', '5 hours')", "to_json(named_struct('t', ts))", "to_csv(named_struct('t', ts))", "struct(ts)", "concat(ts, '')", "dayname(ts)", "make_date(year(ts), month(ts), day(ts))",
    "sequence(ts, ts + interval 2 days, interval 1 day)", "sequence(ts, ts + interval 2 hours, interval 1 hour)", "sequence(ts, ts + interval 2 months, interval 1 month)", "sequence(cast(ts as date), cast(ts as date) + 2)", "date_part('HOUR', ts)", "current_timezone()",
]

_ALONE = [
    "timestamp'2024-03-10 02:30:00'", "timestamp'2024-11-03 01:30:00'", "timestamp'2024-03-31 02:30:00'", "cast('2024-03-10 02:30:00' as timestamp)", "cast('2024-11-03 01:30:00' as timestamp)", "to_timestamp('2024-03-10 02:30', 'yyyy-MM-dd HH:mm')", "to_timestamp('2024-11-03 01:30', 'yyyy-MM-dd HH:mm')", "cast('2024-03-10 02:30:00 America/New_York' as timestamp)", "timestamp'2024-11-03 01:30:00-05:00'", "timestamp'1883-11-18 12:01:00'", "timestamp'1900-01-01 00:00:00'", "cast('2024-10-06 02:15:00' as timestamp)", "cast('2018-11-04 00:30:00' as timestamp)", "cast(date'2018-11-04' as timestamp)", "date_trunc('day', timestamp'2018-11-04 15:00:00')",
    "make_timestamp(2024, 3, 10, 2, 30, 0)", "make_timestamp(2024, 11, 3, 1, 30, 0)", "make_timestamp(2024, 3, 10, 2, 30, 0, 'America/New_York')", "make_timestamp(2018, 11, 4, 0, 30, 0)", "make_timestamp_ltz(2024, 3, 10, 2, 30, 0)", "make_timestamp_ntz(2024, 3, 10, 2, 30, 0)", "cast(timestamp_ntz'2024-03-10 02:30:00' as timestamp)", "cast(timestamp_ntz'2024-11-03 01:30:00' as timestamp)", "timestamp'2024-03-09 02:30:00' + interval 1 day", "timestamp'2024-11-02 01:30:00' + interval 1 day", "timestamp'2024-11-04 01:30:00' - interval 1 day", "timestamp'2024-02-10 02:30:00' + interval 1 month", "timestamp'2024-03-09 02:30:00' + interval '1' day", "timestamp'2024-03-09 02:30:00' + interval '24' hour", "date'2024-03-10' + interval 2 hours 30 minutes", "date'2024-03-10' + interval '2' hour", "date'2024-03-09' + interval 1 day", "cast(date'2024-03-11' as timestamp) - cast(date'2024-03-10' as timestamp)", "timestamp'2024-03-11 00:00:00' - timestamp'2024-03-10 00:00:00'", "timestamp'2024-11-04 00:00:00' - timestamp'2024-11-03 00:00:00'",
    "timestampdiff(DAY, timestamp'2024-03-10 00:00:00', timestamp'2024-03-11 00:00:00')", "timestampdiff(HOUR, timestamp'2024-03-10 00:00:00', timestamp'2024-03-11 00:00:00')", "timestampdiff(DAY, timestamp'2024-03-09 12:00:00', timestamp'2024-03-10 12:00:00')", "timestampdiff(WEEK, timestamp'2024-03-03 12:00:00', timestamp'2024-03-10 12:00:00')", "timestampdiff(MONTH, timestamp'2024-02-10 12:00:00', timestamp'2024-03-10 12:00:00')", "datediff(DAY, timestamp'2024-03-09 12:00:00', timestamp'2024-03-10 12:00:00')", "dateadd(DAY, 1, timestamp'2024-03-09 12:00:00')",
    "sequence(timestamp'2024-03-09 12:00:00', timestamp'2024-03-11 12:00:00', interval 1 day)", "sequence(timestamp'2024-03-09 12:00:00', timestamp'2024-03-11 12:00:00', interval '1' day)", "sequence(timestamp'2024-03-09 12:00:00', timestamp'2024-03-11 12:00:00', interval 24 hours)", "sequence(timestamp'2024-03-09 02:30:00', timestamp'2024-03-11 02:30:00', interval 1 day)", "sequence(timestamp'2024-11-02 01:30:00', timestamp'2024-11-04 01:30:00', interval 1 day)", "sequence(timestamp'2024-11-04 12:00:00', timestamp'2024-11-02 12:00:00', interval -1 day)", "sequence(date'2024-03-09', date'2024-03-12', interval 1 day)", "sequence(date'2024-01-31', date'2024-05-31', interval 1 month)", "sequence(date'2024-03-09', timestamp'2024-03-11 00:00:00', interval 1 day)", "sequence(timestamp'2024-01-31 02:30:00', timestamp'2024-05-31 02:30:00', interval 1 month)",
    "unix_timestamp('2024-03-10 02:30:00')", "unix_timestamp('2024-11-03 01:30:00')", "unix_timestamp('2024-03-10', 'yyyy-MM-dd')", "unix_timestamp(date'2024-03-11')", "from_unixtime(1710055800)", "from_unixtime(1710055800, 'yyyy-MM-dd HH:mm XXX')", "timestamp_seconds(1730611800)", "to_date(timestamp'2024-03-10 00:30:00')", "to_date('2024-03-10 23:30:00')", "from_json('{\"t\": \"2024-03-10 02:30:00\"}', 't timestamp')", "from_json('{\"t\": \"2024-03-10T02:30:00Z\"}', 't timestamp')", "from_csv('2024-11-03 01:30:00', 't timestamp')", "from_json('{\"t\": \"10/03/2024\"}', 't timestamp', map('timestampFormat', 'dd/MM/yyyy'))", "months_between(timestamp'2024-03-31 23:30:00', timestamp'2024-02-29 23:30:00')", "months_between(timestamp'2024-03-10 12:00:00', timestamp'2024-02-09 12:00:00')", "window(timestamp'2024-03-10 12:00:00', '1 day')", "to_timestamp_ltz('2024-03-10 02:30:00')", "try_to_timestamp('2024-03-10 02:30:00')", "timestamp_ntz'2024-03-10 02:30:00' + interval 1 day", "timestamp_ntz'2024-03-10 02:30:00' = timestamp'2024-03-10 02:30:00'", "hash(timestamp'2024-03-10 02:30:00')", "date_format('2024-03-10 02:30:00', 'HH:mm XXX')", "date_from_unix_date(19792)", "interval 1 day = interval 24 hours", "typeof(interval 1 day)", "typeof(interval '1' day)", "typeof(make_interval(0, 0, 0, 1))", "cast(interval 1 day as string)",
]

QUERIES = [
    *[f"SELECT ts, {text} AS v FROM {relation}" for relation in VIEWS for text in _OF_TIMESTAMPS if relation != "old_times" or "window(" not in text],
    *[f"SELECT {text} AS v" for text in _ALONE],
]


def _of_frames(spark, zone):
    spark.conf.set("spark.sql.session.timeZone", zone)
    try:
        df = spark.sql("SELECT ts, id FROM (SELECT explode(sequence(timestamp'2024-11-03 00:00:00', timestamp'2024-11-03 04:00:00', interval 30 minutes)) ts, 1 id)")
        daily = spark.sql("SELECT explode(sequence(timestamp'2024-03-08 12:00:00', timestamp'2024-03-13 12:00:00', interval 6 hours)) ts")
        return [
            df.groupBy(F.window("ts", "1 hour")).count().orderBy("window").collect(),
            df.groupBy(F.window("ts", "1 day")).count().orderBy("window").collect(),
            daily.groupBy(F.window("ts", "1 day")).count().orderBy("window").collect(),
            daily.groupBy(F.window("ts", "1 day", startTime="5 hours")).count().orderBy("window").collect(),
            daily.groupBy(F.to_date("ts").alias("d")).count().orderBy("d").collect(),
            daily.select(F.date_trunc("day", "ts").alias("d")).distinct().orderBy("d").collect(),
            df.select(F.col("ts").cast("string")).collect(),
            spark.createDataFrame([("2024-03-10 02:30:00",)], "s string").select(F.to_timestamp("s"), F.col("s").cast("timestamp"), F.unix_timestamp("s")).collect(),
        ]
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")


def frames_in_new_york(spark):
    return _of_frames(spark, "America/New_York")


def frames_in_kolkata(spark):
    return _of_frames(spark, "Asia/Kolkata")


def zones_by_name(spark):
    """The zones that a session takes, and the names that it shows."""
    found = []
    for zone in ["UTC", "GMT", "Z", "UT", "+05:30", "-08:00", "+5", "GMT+5", "UTC+05:30", "PST", "EST", "America/New_York", "US/Pacific", "Asia/Calcutta", "Etc/GMT+3", "Local", "Mars/Phobos", "utc", "+25:00", ""]:
        try:
            spark.conf.set("spark.sql.session.timeZone", zone)
            row = spark.sql("SELECT current_timezone() AS z, cast(timestamp_seconds(1720000000) as string) AS t, date_format(timestamp_seconds(1720000000), 'VV z XXX') AS f").collect()[0]
            found.append([zone, list(row)])
        except Exception as error:
            found.append([zone, type(error).__name__])
        finally:
            spark.conf.set("spark.sql.session.timeZone", "UTC")
    return found
