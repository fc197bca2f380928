"""Bronze to silver: incremental ETL run from cron with availableNow."""
import argparse
import logging
import sys

from pyspark.sql import SparkSession, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

logging.basicConfig(level=logging.INFO, stream=sys.stderr)
log = logging.getLogger(__name__)


def quality_checks(df: DataFrame) -> DataFrame:
    return df.withColumn(
        "status",
        F.when(F.col("amount").isNull(), F.lit("missing_amount"))
        .when(F.col("amount") < 0, F.lit("negative"))
        .when(~F.col("email").rlike(r"^[^@\s]+@[^@\s]+\.[a-z]+$"), F.lit("bad_email"))
        .otherwise(F.lit("ok")),
    )


def run(spark: SparkSession, source: str, target: str) -> None:
    schema = StructType.fromJson({"type": "struct", "fields": [
        {"name": "id", "type": "long", "nullable": True, "metadata": {}},
        {"name": "email", "type": "string", "nullable": True, "metadata": {}},
        {"name": "amount", "type": "double", "nullable": True, "metadata": {}},
        {"name": "_corrupt_record", "type": "string", "nullable": True, "metadata": {}},
    ]})
    bronze = spark.readStream.format("json").schema(schema).options(maxFilesPerTrigger=1, mode="PERMISSIVE").load(source)
    bronze.transform(quality_checks).createOrReplaceTempView("bronze")
    silver = spark.sql("""
        SELECT id, lower(trim(email)) AS email, amount, status,
               CASE WHEN amount >= 100 THEN 'big' WHEN amount IS NULL THEN NULL ELSE 'small' END AS size,
               _corrupt_record IS NOT NULL AS corrupt
        FROM bronze
        WHERE id IS NOT NULL OR _corrupt_record IS NOT NULL
    """)

    def write(batch: DataFrame, batch_id: int) -> None:
        deduped = batch.dropDuplicates(["id", "email"])
        good, bad = deduped.filter("status = 'ok'"), deduped.filter("status <> 'ok'")
        good.write.mode("append").partitionBy("size").parquet(f"{target}/good")
        bad.coalesce(1).write.mode("append").json(f"{target}/bad")
        log.info("batch %s written", batch_id)

    for attempt in range(2):
        query = (
            silver.writeStream.foreachBatch(write)
            .option("checkpointLocation", f"{target}/_checkpoint").trigger(availableNow=True).start()
        )
        query.awaitTermination()
        print("run", attempt, "batches", len(query.recentProgress) if attempt == 0 else None)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", default="data/bronze")
    parser.add_argument("--target", default="silver")
    args = parser.parse_args()
    spark = SparkSession.builder.appName("etl").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    run(spark, args.source, args.target)
    print(spark.read.parquet("silver/good").count(), spark.read.json("silver/bad").groupBy("status").count().orderBy("status").collect())
