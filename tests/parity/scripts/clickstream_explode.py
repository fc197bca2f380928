# Parse nested click events that arrive as text, flatten the items, partition by day.
import json
from pyspark.sql import SparkSession
from pyspark.sql.functions import *
from pyspark.sql.types import *
from pyspark.sql.window import Window

spark = SparkSession.builder.appName("clicks").config("spark.sql.session.timeZone", "UTC").getOrCreate()
spark.sparkContext.setLogLevel("ERROR")

item = StructType([StructField("sku", StringType()), StructField("qty", IntegerType()), StructField("tags", ArrayType(StringType()))])
schema = StructType([
    StructField("user", StringType()),
    StructField("ts", LongType()),
    StructField("items", ArrayType(item)),
    StructField("props", MapType(StringType(), StringType())),
])

raw = spark.readStream.text("data/clicks")
parsed = raw.withColumn("e", from_json(col("value"), schema)).withColumn("browser", get_json_object("value", "$.props.browser"))
good = parsed.filter(col("e.user").isNotNull())

flat = (
    good.select("e.*", "browser")
    .withColumn("at", to_timestamp(from_unixtime(col("ts") / 1000)))
    .withColumn("day", to_date("at"))
    .withColumn("item", explode("items"))
    .select(
        "user", "day", date_format("at", "HH:mm").alias("hhmm"), upper("browser").alias("browser"),
        col("item.sku").alias("sku"), col("item.qty").alias("qty"), size("item.tags").alias("n_tags"),
        array_contains("item.tags", "sale").alias("on_sale"), expr("transform(item.tags, t -> upper(t))").alias("tags"),
        col("props")["campaign"].alias("campaign"), to_json(struct("user", "item")).alias("payload"),
    )
)
flat.printSchema()

query = (
    flat.writeStream.format("parquet").option("path", "clicks").option("checkpointLocation", "chk")
    .partitionBy("day").outputMode("append").trigger(availableNow=True).start()
)
query.awaitTermination()
print("rows read:", query.lastProgress["numInputRows"])

spark.read.parquet("clicks").orderBy("user", "hhmm", "sku").drop("payload").show(truncate=False)
