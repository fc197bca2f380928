"""The names that views and tables may have."""

NAMES = [
    "a/b", "a.b", "`a.b`", "`a/b`", "/abs", "`/abs`", "", " x ", "a b", "`a b`", "é", "`é`", "UPPER", "1a", "`1`", "9", "1L", "a-b", "`a-b`",
    "`a=b`", "`a,b`", "$a", "a$", "_", "`a", "a.", "default.t", "spark_catalog.default.t", "spark_catalog.other.t", "spark_catalog.t",
    "x.y.z", "w.x.y.z",
]


def _condition(call):
    try:
        call()
    except Exception as error:
        return error.getCondition() if hasattr(error, "getCondition") else type(error).__name__
    return "done"


def _names(spark):
    return sorted(row.tableName for row in spark.sql("SHOW TABLES").collect())


def _ask(spark, make, forget):
    found = {}
    for name in NAMES:
        found[name] = [_condition(lambda name=name: make(name))]
        if found[name] == ["done"]:
            found[name] += _names(spark)
            for own in _names(spark):
                forget(own)
    return [found]


def views(spark):
    return _ask(spark, lambda name: spark.range(1).createOrReplaceTempView(name), spark.catalog.dropTempView)


def view_with_empty_name(spark):
    spark.range(1).createOrReplaceTempView("``")
    return [spark.catalog.dropTempView("")]


def views_of_sql(spark):
    names = ["`a/b`", "`a.b`", "a.b", "`a b`", "`..`", "session.v", "system.session.w", "UP"]
    found = [_condition(lambda name=name: spark.sql(f"CREATE TEMPORARY VIEW {name} AS SELECT 1 AS x")) for name in names]
    listed = _names(spark)
    return [found, listed, [spark.catalog.dropTempView(name) for name in listed]]
