# Enrich streaming orders with static customer and product tables.
import os

from pyspark.sql import SparkSession
from pyspark.sql.functions import broadcast, coalesce, col, concat_ws, expr, lit, split, sum as _sum
from pyspark.sql.utils import AnalysisException

spark = SparkSession.builder.appName("enrich").config("spark.jars.packages", os.environ.get("EXTRA_PACKAGES", "")).config("spark.sql.autoBroadcastJoinThreshold", -1).getOrCreate()
spark.sparkContext.setLogLevel("ERROR")

customers = spark.read.option("header", "true").option("inferSchema", "true").csv("data/customers.csv").cache()
products = spark.createDataFrame([("p1", "Keyboard", 49.9), ("p2", "Mouse", 19.5), ("p3", "Screen", 250.0)], ["product_id", "title", "price"])
print("customers:", customers.count(), customers.dtypes)

orders = (
    spark.readStream
    .format("text")
    .load("data/orders")
    .select(split(col("value"), r"\|").alias("f"))
    .select(
        col("f")[0].cast("int").alias("order_id"),
        col("f").getItem(1).cast("int").alias("customer_id"),
        col("f")[2].alias("product_id"),
        col("f")[3].cast("int").alias("quantity"),
    )
)

enriched = (
    orders
    .join(broadcast(customers), "customer_id", "left")
    .join(products, on="product_id", how="inner")
    .withColumn("amount", col("quantity") * col("price"))
    .withColumn("who", coalesce(concat_ws(" ", "first", "last"), lit("?")))
    .selectExpr("order_id", "who", "title", "round(amount, 2) AS amount", "nvl(country, 'n/a') AS country")
)

try:
    enriched.show()
except AnalysisException as e:
    print("as expected:", type(e).__name__)

query = enriched.writeStream.format("csv").option("header", False).option("path", "enriched").option("checkpointLocation", "chk").trigger(availableNow=True).start()
query.awaitTermination()

done = spark.read.csv("enriched", schema="order_id INT, who STRING, title STRING, amount DOUBLE, country STRING")
done.orderBy("order_id").show()
done.groupby("country").agg(_sum("amount").alias("revenue")).orderBy(expr("revenue desc")).show()
