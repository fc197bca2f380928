# The first thing everybody does with a stream: print it.
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, length

spark = SparkSession.builder.appName("console").getOrCreate()
spark.sparkContext.setLogLevel("OFF")

df = spark.readStream.option("maxFilesPerTrigger", 1).schema("id int, text string, score double").json("data/in")

q = df.writeStream.format("console").option("checkpointLocation", "c1").trigger(availableNow=True).start()
q.awaitTermination()

q = df.select("text", length("text").alias("n")).writeStream.format("console").option("truncate", False).option("numRows", 1).trigger(once=True).start()
q.awaitTermination()

q = df.where(col("id") > 100).writeStream.format("console").option("truncate", "false").trigger(availableNow=True).start()
q.awaitTermination()
