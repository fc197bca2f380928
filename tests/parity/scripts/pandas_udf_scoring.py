# Score a stream of houses with a (pretend) trained model through pandas UDFs.
from typing import Iterator, Tuple

import numpy as np
import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.functions import PandasUDFType, col, pandas_udf, struct
from pyspark.sql.types import DoubleType, FloatType, LongType, StructField, StructType

spark = (SparkSession.builder
         .appName("house-prices")
         .config("spark.sql.execution.arrow.pyspark.enabled", "true")
         .config("spark.sql.execution.arrow.maxRecordsPerBatch", 2)
         .getOrCreate())
spark.sparkContext.setLogLevel("ERROR")


class Model:
    def __init__(self):
        self.coef = np.array([1500.0, 10000.0, -250.0])

    def predict(self, X):
        return X @ self.coef + 20000.0


@pandas_udf(DoubleType())
def predict(batches: Iterator[Tuple[pd.Series, pd.Series, pd.Series]]) -> Iterator[pd.Series]:
    model = Model()  # loaded once
    for area, rooms, age in batches:
        yield pd.Series(model.predict(np.column_stack([area, rooms, age])))


@pandas_udf("string")
def bucket(price: pd.Series) -> pd.Series:
    return pd.cut(price, [0, 100000, 150000, np.inf], labels=["low", "mid", "high"]).astype(str)


@pandas_udf("cheap boolean, per_m2 double")
def details(price: pd.Series, area: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"cheap": price < 100000, "per_m2": (price / area).round(2)})


houses = spark.readStream.schema("id LONG, area DOUBLE, rooms INT, age INT").csv("data/houses", header=True)
scored = houses.withColumn("price", predict("area", "rooms", "age")).withColumn("bucket", bucket(col("price")))
scored = scored.withColumn("d", details("price", "area")).select("id", "price", "bucket", "d.*")

query = scored.writeStream.format("json").option("path", "predictions").option("checkpointLocation", "chk").trigger(availableNow=True).start()
query.awaitTermination()

pdf = spark.read.schema("id LONG, price DOUBLE, bucket STRING, cheap BOOLEAN, per_m2 DOUBLE").json("predictions").toPandas().sort_values("id")
print(pdf.to_string(index=False))
