# Upsert a stream of customer changes into a database with foreachBatch.
import sqlite3
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql.functions import col, current_timestamp, lit, row_number, to_date
from pyspark.sql.types import DateType, IntegerType, StringType, StructField, StructType

DB = "customers.db"

spark = SparkSession.builder.appName("upsert").config("spark.sql.shuffle.partitions", "2").getOrCreate()
spark.sparkContext.setLogLevel("ERROR")

con = sqlite3.connect(DB, check_same_thread=False)
con.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT, version INTEGER, batch INTEGER)")
con.commit()


def upsert_to_db(micro_batch_df: DataFrame, batch_id: int):
    if micro_batch_df.rdd.isEmpty():
        print(f"batch {batch_id}: empty")
        return
    micro_batch_df.persist()
    w = Window.partitionBy("id").orderBy(col("version").desc())
    latest = micro_batch_df.withColumn("rn", row_number().over(w)).filter(col("rn") == 1).drop("rn")
    rows = [(r.id, r.name, r.city, r.version, batch_id) for r in latest.collect()]
    con.executemany(
        "INSERT INTO customers VALUES (?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET name=excluded.name, city=excluded.city, version=excluded.version, batch=excluded.batch "
        "WHERE excluded.version > customers.version",
        rows,
    )
    con.commit()
    print(f"batch {batch_id}: {micro_batch_df.count()} changes, {len(rows)} customers")
    micro_batch_df.unpersist()


schema = StructType() \
    .add("id", IntegerType()) \
    .add("name", StringType()) \
    .add("city", StringType()) \
    .add("version", "integer")

changes = spark.readStream.schema(schema).option("maxFilesPerTrigger", "1").json("data/changes/*.json")

query = (changes
         .writeStream
         .foreachBatch(upsert_to_db)
         .outputMode("update")
         .option("checkpointLocation", "checkpoints/upsert")
         .trigger(availableNow=True)
         .start())
query.awaitTermination()

for row in con.execute("SELECT * FROM customers ORDER BY id"):
    print(row)
con.close()
spark.stop()
