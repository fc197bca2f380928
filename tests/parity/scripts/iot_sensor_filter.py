#!/usr/bin/env python
# Reads sensor readings that land as JSON files and keeps the ones that are too hot.
from pyspark.sql import SparkSession
from pyspark.sql.functions import *
from pyspark.sql.types import *
from pyspark.ml import Pipeline
from pyspark.ml.feature import VectorAssembler

THRESHOLD = 30.0

spark = SparkSession \
    .builder \
    .appName("IoTSensorStream") \
    .master("local[*]") \
    .config("spark.executor.memory", "2g") \
    .config("spark.driver.memory", "1g") \
    .config("spark.sql.shuffle.partitions", 4) \
    .config("spark.streaming.stopGracefullyOnShutdown", True) \
    .getOrCreate()

spark.sparkContext.setLogLevel("ERROR")

schema = StructType([
    StructField("device_id", StringType(), True),
    StructField("temperature", DoubleType(), True),
    StructField("humidity", IntegerType(), True),
    StructField("event_time", TimestampType(), True),
    StructField("location", StructType([
        StructField("building", StringType()),
        StructField("floor", IntegerType()),
    ])),
])

readings = spark.readStream.schema(schema).option("maxFilesPerTrigger", 1).json("data/sensors")
readings.printSchema()

alerts = (
    readings
    .filter(col("temperature") > THRESHOLD)
    .withColumn("fahrenheit", round(col("temperature") * 9 / 5 + 32, 1))
    .withColumn("level", when(col("temperature") > 40, "critical").when(col("temperature") > 35, lit("high")).otherwise("warning"))
    .withColumn("day", date_format("event_time", "yyyy-MM-dd"))
    .select("device_id", "fahrenheit", "level", "day", col("location.building").alias("building"), "location.floor")
)
print("streaming:", alerts.isStreaming)

query = alerts.writeStream \
    .format("parquet") \
    .outputMode("append") \
    .option("path", "output/alerts") \
    .option("checkpointLocation", "output/checkpoint") \
    .trigger(availableNow=True) \
    .start()
query.awaitTermination()

result = spark.read.parquet("output/alerts")
print("alerts:", result.count())
result.orderBy(desc("fahrenheit"), "device_id").show(truncate=False)
