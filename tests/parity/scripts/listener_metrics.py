# Collect metrics of a streaming query with a listener and print a report at the end.
import json
import time
from collections import defaultdict

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, current_timestamp, lit
from pyspark.sql.streaming import StreamingQueryListener, StreamingQuery, StreamingQueryManager


class MetricsListener(StreamingQueryListener):
    def __init__(self):
        self.rows = defaultdict(int)
        self.events = []

    def onQueryStarted(self, event):
        self.events.append(("started", event.name))

    def onQueryProgress(self, event):
        p = event.progress
        self.rows[p.name] += p.numInputRows
        self.events.append(("progress", p.batchId))
        metrics = json.loads(p.json)
        assert metrics["batchId"] == p.batchId

    def onQueryIdle(self, event):
        pass

    def onQueryTerminated(self, event):
        self.events.append(("terminated", event.exception))


spark = SparkSession.builder.appName("metrics").getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
listener = MetricsListener()
spark.streams.addListener(listener)

df = spark.readStream.option("maxFilesPerTrigger", 1).schema("level STRING, msg STRING").option("delimiter", "\t").csv("data/logs")
query = df.filter(col("level").isin("ERROR", "WARN")).writeStream.queryName("logs").format("csv").option("path", "alerts").option("checkpointLocation", "chk").trigger(availableNow=True).start()
query.awaitTermination()

deadline = time.time() + 20
while ("terminated", None) not in listener.events and time.time() < deadline:
    time.sleep(0.1)
spark.streams.removeListener(listener)

print(dict(listener.rows))
for e in listener.events:
    print(e)
print([(p["batchId"], p["numInputRows"]) for p in query.recentProgress])
print(query.status)
