"""Random numbers of a seed: functions, samples and splits of rows that lie in the same partitions in both engines."""

from pyspark.sql import functions as F

QUERIES = [
    "select rand(5), randn(5), rand(5L), random(5), random(0) from range(0,3,1,1)",
    "select id, rand(5), randn(7), randn(7)+1, spark_partition_id() from range(0,6,1,3)",
    "select rand(-1), rand(null), randn(null), random(null) from range(0,2,1,1)",
    "select rand(id) from range(2)",
    "select rand('5') from range(2)",
    "select rand(1.5) from range(2)",
    "select rand(1+1) from range(0,2,1,1)",
    "select rand(cast(5 as smallint)) from range(0,2,1,1)",
    "select rand(1,2) from range(0,2,1,1)",
    "select shuffle(sequence(1,20), 9) from range(0,3,1,1)",
    "select shuffle('abc', 3)",
    "select shuffle(array(1,2,3), 'a')",
    "select shuffle(array(1,2,3), id) from range(2)",
    "select uuid(id) from range(2)",
    "select uuid('a') from range(2)",
    "select uniform(10, 20, 0), uniform(1.0, 2.5, 0), uniform(1L, 5, 3), uniform(10.0f, 20, 2), uniform(1.0D, 20, 2), uniform(5S, 20Y, 4), uniform(1.25, 100, 5), uniform(5, 1, 2) from range(0,4,1,2)",
    "select uniform(null, 20, 0), uniform(1, null, 0), uniform(1,2,null)",
    "select uniform(id, 20, 0) from range(2)",
    "select uniform('a', 20, 0) from range(2)",
    "select uniform(1, 20, 'x') from range(2)",
    "select uniform(1,2,3,4)",
    "select uniform(1)",
    "select randstr(10, 5), randstr(3, 5), randstr(0, 1), randstr(3S, 5L) from range(0,4,1,2)",
    "select randstr(id, 5) from range(2)",
    "select randstr(-1, 5) from range(2)",
    "select randstr('a', 5) from range(2)",
    "select randstr(5, 'a') from range(2)",
    "select randstr(null, 5), randstr(5, null) from range(2)",
    "select randstr(5, id) from range(2)",
    "select randstr() from range(2)",
    "select * from (select * from range(0,20,1,1)) tablesample (30 percent) repeatable (5)",
    "select * from (select * from range(0,20,1,1)) tablesample (bucket 3 out of 10) repeatable (5)",
    "select * from (select * from range(0,20,1,1)) tablesample (130 percent) repeatable (5)",
    "select id, rand(5) from range(0,10,1,2) where id % 2 = 0",
    "select id from range(0,10,1,2) where rand(5) < 0.5 and id > 2",
    "select id from range(0,10,1,2) where id > 2 and rand(5) < 0.5",
    "select sum(rand(5)) from range(0,10,1,2)",
    "select id % 2 k, max(rand(5)) from range(0,10,1,1) group by 1 order by 1",
    "select max(id), rand(5) from range(0,10,1,1)",
    "select id, rand(5) from range(0,5,1,1) order by rand(5)",
    "values (rand(5)), (rand(5))",
    "select * from values (rand(5)), (rand(5))",
    "select * from range(3) where uniform(1,2,3) = 1",
]


def _ids(frame):
    return [row[0] for row in frame.collect()]


def sample(spark):
    df = spark.range(0, 20, 1, 3)
    return [_ids(df.sample(0.5, 3)), _ids(df.sample(False, 0.3, 42))]


def sample_with_replacement(spark):
    df = spark.range(0, 20, 1, 3)
    return [_ids(df.sample(True, 0.8, 42)), _ids(df.sample(True, 2.5, 7)), _ids(df.sample(True, 0.0, 3))]


def sample_of_more_than_all(spark):
    return spark.range(4).sample(1.5, 3)


def sample_of_less_than_nothing(spark):
    return spark.range(4).sample(-0.5, 3)


def sample_with_replacement_of_less_than_nothing(spark):
    return spark.range(4).sample(True, -0.5, 3)


def random_split(spark):
    return [_ids(part) for part in spark.range(0, 20, 1, 3).randomSplit([1.0, 2.0, 3.0], 11)]


def random_split_sorts_each_partition(spark):
    df = spark.createDataFrame([(i * 7 % 10, str(i)) for i in range(10)], "a int, b string")
    return [[tuple(row) for row in part.collect()] for part in df.randomSplit([0.5, 0.5], 3)]


def random_split_by_nothing(spark):
    return len(spark.range(4).randomSplit([0.0, 0.0], 3))


def random_split_by_less_than_nothing(spark):
    return len(spark.range(4).randomSplit([-1.0, 2.0], 3))


def sample_by(spark):
    return _ids(spark.range(0, 20, 1, 3).stat.sampleBy("id", {1: 0.5, 2: 0.9, 3: 1.0, 4: 0.2, 5: 0.3, 6: 0.4}, 5))


def a_list_is_cut_as_pyspark_cuts_it(spark):
    df = spark.createDataFrame([(i * 7 % 10, str(i)) for i in range(7)], "a int, b string")
    return [tuple(row) for row in df.select("a", F.rand(3)).collect()]


def functions_of_python(spark):
    df = spark.range(0, 20, 1, 3)
    return [tuple(row) for row in df.select(F.shuffle(F.array(F.lit(1), F.lit(2)), 4), F.uniform(1, 5, 3), F.randstr(5, 3), F.uuid(3)).collect()]


def two_calls_of_one_seed(spark):
    return [tuple(row) for row in spark.range(0, 20, 1, 3).select(F.rand(3).alias("a"), F.rand(3).alias("b"), F.rand(4).alias("c")).limit(2).collect()]
