# Rate source with a Python UDF, kept in memory and queried with SQL while it runs
import time
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf, col, expr
from pyspark.sql.types import StringType, IntegerType
from pyspark.sql import functions as sf

spark = SparkSession.builder.master("local[2]").appName("RateUdf").getOrCreate()
spark.sparkContext.setLogLevel("OFF")
spark.conf.set("spark.sql.shuffle.partitions", 2)

@udf(returnType=StringType())
def fizzbuzz(n):
    if n % 15 == 0:
        return "FizzBuzz"
    if n % 3 == 0:
        return "Fizz"
    if n % 5 == 0:
        return "Buzz"
    return str(n)

digits = udf(lambda n: len(str(n)), IntegerType())

df = spark.readStream.format("rate").option("rowsPerSecond", 20).option("numPartitions", 1).load()
out = df.withColumn("word", fizzbuzz(col("value"))).withColumn("digits", digits("value")).withColumn("even", expr("value % 2 = 0"))

query = out.writeStream.queryName("numbers").format("memory").outputMode("append").trigger(processingTime="500 milliseconds").start()

while spark.sql("SELECT COUNT(*) FROM numbers").collect()[0][0] < 20:
    time.sleep(0.5)
query.stop()

spark.sql("SELECT value, word, digits, even FROM numbers WHERE value < 16 ORDER BY value").show(16)
print(query.isActive, spark.streams.active)
