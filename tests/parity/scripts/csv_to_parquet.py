"""Convert a landing folder of CSV files to Parquet, one run at a time."""
import os
import time

import pyspark.sql.functions as F
import pyspark.sql.types as T
from pyspark.sql import SparkSession


def get_spark():
    return (
        SparkSession.builder.appName("csv-to-parquet")
        .config("spark.sql.streaming.schemaInference", "true")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
        .getOrCreate()
    )


def main():
    spark = get_spark()
    df = (
        spark.readStream.format("csv")
        .option("header", True)
        .option("sep", ";")
        .option("maxFilesPerTrigger", 2)
        .option("nullValue", "NA")
        .load(os.path.join("data", "sales"))
    )
    df.printSchema()
    cleaned = (
        df.withColumnRenamed("Order ID", "order_id")
        .withColumn("order_id", F.col("order_id").cast(T.LongType()))
        .withColumn("price", F.regexp_replace("price", ",", ".").cast("double"))
        .withColumn("ordered_at", F.to_timestamp("ordered_at", "dd/MM/yyyy HH:mm"))
        .withColumn("year", F.year("ordered_at"))
        .na.fill({"country": "unknown"})
        .drop("comment")
    )
    q = (
        cleaned.writeStream.format("parquet")
        .queryName("csv2parquet")
        .option("checkpointLocation", "out/_chk")
        .option("compression", "snappy")
        .partitionBy("year", "country")
        .trigger(once=True)
        .start("out/sales")
    )
    while q.isActive:
        time.sleep(0.2)
    print(q.name, q.exception(), q.lastProgress["numInputRows"])
    back = spark.read.parquet("out/sales")
    print(sorted(back.columns))
    back.groupBy("country").agg(F.sum("price").alias("total"), F.count("*").alias("n")).orderBy("country").show()


if __name__ == "__main__":
    main()
