# nc -lk 9999, then: spark-submit socket_upper.py localhost 9999
import sys

from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession
from pyspark.sql.functions import length, trim, upper

if __name__ == "__main__":
    if len(sys.argv) != 3:
        print("Usage: socket_upper.py <hostname> <port>", file=sys.stderr)
        sys.exit(-1)

    host = sys.argv[1]
    port = int(sys.argv[2])

    conf = SparkConf().setAppName("SocketUpper").setMaster("local[2]").set("spark.ui.enabled", "false")
    spark = SparkSession.builder.config(conf=conf).getOrCreate()
    sc = spark.sparkContext
    sc.setLogLevel("WARN")

    lines = spark.readStream.format("socket").option("host", host).option("port", port).load()
    shouted = lines.select(upper(trim(lines.value)).alias("shout"), length("value").alias("n")).where("n > 0")

    def show_batch(df, epoch_id):
        for row in df.collect():
            print(f"{row.shout} ({row['n']})", flush=True)

    query = shouted.writeStream.outputMode("append").foreachBatch(show_batch).start()
    try:
        query.awaitTermination()
    except KeyboardInterrupt:
        print("Stopping on Ctrl-C")
        query.stop()
        spark.stop()
