"""SQL text: the parts of SELECT, and the errors of other statements."""

VIEWS = {
    "emp": "SELECT * FROM VALUES (1, 'ann', 'eng', 100.0D, array('a', 'b')), (2, 'bob', 'eng', 80.0D, array()), (3, 'cid', 'ops', null, null), (4, 'dee', null, 70.0D, array('c')) AS emp(id, name, dept, pay, tags)",
    "dept": "SELECT * FROM VALUES ('eng', 'Engineering'), ('law', 'Legal') AS dept(code, title)",
}

QUERIES = [
    "SELECT 1", "SELECT 1 AS a, 'x' b", "SELECT * FROM emp", "SELECT emp.* FROM emp", "SELECT e.name FROM emp e", "SELECT e.name FROM emp AS e WHERE e.pay > 75", "select NAME from EMP where ID = 1", "SELECT name AS `the name` FROM emp", "SELECT * EXCEPT (tags, pay) FROM emp", "SELECT name, pay * 1.1 AS raised FROM emp WHERE pay IS NOT NULL ORDER BY raised DESC", "SELECT DISTINCT dept FROM emp", "SELECT ALL dept FROM emp",
    "SELECT dept, avg(pay) AS a FROM emp GROUP BY dept HAVING a > 75 ORDER BY dept", "SELECT dept, count(*) c FROM emp GROUP BY dept ORDER BY c DESC, dept NULLS LAST LIMIT 1", "SELECT name FROM emp ORDER BY id LIMIT 2 OFFSET 1", "SELECT name FROM emp ORDER BY id LIMIT ALL", "SELECT name FROM emp LIMIT 1 + 1",
    "SELECT name FROM emp WHERE dept IN ('eng', 'law')", "SELECT name FROM emp WHERE dept NOT IN ('eng')", "SELECT name FROM emp WHERE pay BETWEEN 70 AND 90", "SELECT name FROM emp WHERE name LIKE '%b%'", "SELECT name FROM emp WHERE name RLIKE '^[ab]'", "SELECT name FROM emp WHERE dept IS NULL OR NOT pay > 90", "SELECT name FROM emp WHERE dept <=> null", "SELECT name FROM emp WHERE id % 2 = 0 AND size(tags) >= 0",
    "SELECT name, CASE WHEN pay > 90 THEN 'high' WHEN pay > 0 THEN 'low' ELSE 'none' END AS band FROM emp", "SELECT name, CASE dept WHEN 'eng' THEN 1 ELSE 0 END FROM emp",
    "SELECT e.name, d.title FROM emp e LEFT JOIN dept d ON e.dept = d.code", "SELECT e.name, d.title FROM emp e JOIN dept d ON e.dept = d.code AND e.pay > 90", "SELECT * FROM emp e FULL OUTER JOIN dept d ON e.dept = d.code WHERE e.id IS NULL", "SELECT e.name FROM emp e LEFT SEMI JOIN dept d ON e.dept = d.code", "SELECT a.name, b.name FROM emp a, emp b WHERE a.id + 1 = b.id",
    "WITH x AS (SELECT * FROM emp WHERE id < 3) SELECT count(*) FROM x", "WITH x AS (SELECT 1 AS a), y AS (SELECT a + 1 AS b FROM x) SELECT * FROM x, y", "WITH x(p, q) AS (SELECT 1, 2) SELECT p + q FROM x", "WITH emp AS (SELECT 42 AS id) SELECT id FROM emp", "SELECT * FROM (SELECT id, name FROM emp) WHERE id > 2", "SELECT t.n FROM (SELECT count(*) AS n FROM emp) t", "SELECT * FROM (SELECT id FROM emp UNION ALL SELECT id FROM emp) t ORDER BY id",
    "SELECT id FROM emp UNION SELECT 1", "(SELECT id FROM emp ORDER BY id LIMIT 1) UNION ALL (SELECT 99)", "SELECT id FROM emp UNION ALL SELECT 9 ORDER BY id DESC LIMIT 2", "VALUES (1, 'a'), (2, 'b')", "SELECT * FROM VALUES (1, 'a'), (2, null) AS t(x, y)", "SELECT col1, col2 FROM VALUES (1, 'a')", "FROM emp SELECT name WHERE id = 1", "TABLE dept", "SELECT * FROM range(3)", "SELECT id FROM range(2, 8, 3)",
    "SELECT name, t FROM emp LATERAL VIEW explode(tags) v AS t", "SELECT name, t FROM emp LATERAL VIEW OUTER explode(tags) v AS t", "SELECT name, p, t FROM emp LATERAL VIEW posexplode(tags) v AS p, t", "SELECT name, explode(tags) FROM emp", "SELECT name, explode(tags) AS tag FROM emp WHERE id = 1", "SELECT a, b FROM VALUES (map('k', 1)) AS t(m) LATERAL VIEW explode(m) AS a, b", "SELECT x, y FROM VALUES (1) AS t(q) LATERAL VIEW explode(array(1, 2)) AS x LATERAL VIEW explode(array(x, 10)) AS y",
    "SELECT (SELECT max(pay) FROM emp)", "SELECT name FROM emp WHERE pay = (SELECT max(pay) FROM emp)", "SELECT name FROM emp WHERE dept IN (SELECT code FROM dept)", "SELECT title FROM dept d WHERE EXISTS (SELECT 1 FROM emp e WHERE e.dept = d.code)",
    "SELECT date'2024-01-31' + INTERVAL 1 MONTH AS d, timestamp'2024-01-01 00:00:00' + INTERVAL '2' HOUR AS t, date'2024-01-05' - INTERVAL 3 DAYS AS p", "SELECT a + 1 AS b, b * 2 AS c FROM VALUES (1) AS t(a)", "SELECT -- a comment\n 1 /* and /* another */ */ AS x", "SELECT 'it''s' AS a, \"double\" AS b, 'a' 'b' AS c", "SELECT `id`, `name` FROM `emp` WHERE `id` = 1", "SELECT id id2, name FROM emp WHERE id = 1;", "SELECT struct(id, name) AS s FROM emp WHERE id = 1", "SELECT named_struct('a', id).a FROM emp WHERE id = 1", "SELECT cast(pay AS INT), pay::string FROM emp WHERE id = 1", "SELECT id, name FROM emp TABLESAMPLE (100 PERCENT)", "SELECT /*+ BROADCAST(d) */ e.id FROM emp e JOIN dept d ON e.dept = d.code", "SELECT * FROM emp PIVOT (sum(pay) FOR dept IN ('eng', 'ops')) ORDER BY id", "SELECT max(id) FILTER (WHERE dept = 'eng') FROM emp", "SELECT count(DISTINCT dept), sum(DISTINCT id) FROM emp", "SELECT if(id > 2, 'big', 'small') AS sz, count(*) FROM emp GROUP BY sz ORDER BY sz", "SELECT id FROM emp WHERE name = 'ann' OR name = 'bob' AND id = 9", "SELECT sum(id), dept FROM emp GROUP BY emp.dept ORDER BY emp.dept", "SELECT dept d, pay FROM emp ORDER BY d, pay DESC NULLS LAST", "SELECT id FROM emp DISTRIBUTE BY id SORT BY id", "SELECT array_agg(name) FROM (SELECT name FROM emp ORDER BY id)",
    "SELECT name FROM emp WHERE date'2024-01-01' BETWEEN current_date() - INTERVAL 7 DAYS AND current_timestamp()", "SELECT count(*) FROM emp WHERE current_date() > date'2024-01-01' AND current_timestamp() > timestamp'2024-01-01 00:00:00' AND current_date() >= date'2020-01-01'",
    "SELECT", "SELEC 1", "SELECT 1 FROM", "SELECT * FROM emp WHERE", "SELECT (1", "SELECT 'open", "", "SELECT nope FROM emp", "SELECT * FROM nope", "SELECT nope(1)", "SELECT upper()", "SELECT upper('a', 'b')", "SELECT e.nope FROM emp e", "SELECT x.id FROM emp e", "SELECT nosuch.* FROM emp", "SELECT name FROM emp WHERE name", "SELECT name FROM emp WHERE id = 'x'", "SELECT id FROM emp LIMIT 'a'", "SELECT id, id FROM emp WHERE id = 1", "SELECT a FROM (SELECT 1 AS a, 2 AS a)", "SELECT * FROM emp GROUP BY id", "SELECT count(*) FROM emp, dept WHERE code = dept", "SELECT * FROM emp e JOIN emp e ON e.id = e.id", "SELECT 1 AS a, a AS b, b AS c", "SELECT * FROM (VALUES (1), (2)) AS t(a) WHERE a IN (SELECT 1)", "SELECT explode(tags), explode(tags) FROM emp", "SELECT 1 + explode(tags) FROM emp", "SELECT * FROM emp WHERE explode(tags) = 'a'",
]


def set_and_read_a_setting(spark):
    spark.sql("SET spark.sql.shuffle.partitions=3")
    try:
        return [spark.conf.get("spark.sql.shuffle.partitions"), spark.sql("SET spark.sql.shuffle.partitions").collect()]
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", 2)


def create_a_view_by_sql(spark):
    spark.sql("CREATE OR REPLACE TEMP VIEW made AS SELECT 1 AS a")
    found = spark.sql("SELECT a + 1 FROM made").collect()
    spark.sql("DROP VIEW made")
    return found


def show_and_describe(spark):
    return [sorted(r.viewName if "viewName" in r else r.tableName for r in spark.sql("SHOW TABLES").collect() if r.isTemporary and r.tableName in {"emp", "dept"}), [tuple(r)[:2] for r in spark.sql("DESCRIBE emp").collect()]]


def expressions_in_dataframe_calls(spark):
    df = spark.table("emp")
    return [df.filter("dept = 'eng' and pay >= 80 or name like 'd%'").count(), df.selectExpr("id + 1 as x", "case when pay > 80 then 'a' else 'b' end", "size(tags)").columns, df.where("tags is not null and array_contains(tags, 'a')").count()]


def set_time_zone(spark):
    try:
        return [spark.sql("SET TIME ZONE 'America/New_York'").collect(), spark.sql("SELECT timestamp'2024-01-01 00:00:00' = timestamp'2024-01-01 05:00:00Z' AS same").collect(), spark.conf.get("spark.sql.session.timeZone"), spark.sql("set time  zone \"+02:00\"").collect()]
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")


def set_time_zone_nowhere(spark):
    return spark.sql("SET TIME ZONE 'nowhere'")


def set_time_zone_without_quotes(spark):
    return spark.sql("SET TIME ZONE UTC")


def show_tables_by_a_pattern(spark):
    return [[row.tableName for row in spark.sql(text).collect()] for text in ("SHOW TABLES LIKE 'nothing*'", "SHOW TABLES LIKE 'EM*'", "SHOW TABLES IN default LIKE 'dept|em?p'", "SHOW TABLES 'de*'", "SHOW TABLES LIKE 'd%'")]


def show_tables_of_no_database(spark):
    return spark.sql("SHOW TABLES IN nosuchdb").collect()


def _band(spark):
    spark.udf.register("band", lambda x: None if x is None else int(x // 50), "int")


def group_by_a_python_function(spark):
    _band(spark)
    queries = ["SELECT band(pay), count(*) FROM emp GROUP BY band(pay)", "SELECT band(pay), count(*) FROM emp GROUP BY 1", "SELECT band(pay) AS b, count(*) AS n FROM emp GROUP BY b", "SELECT band(pay) + 1 AS b, sum(band(pay)) FROM emp GROUP BY band(pay)", "SELECT max(id) AS m FROM emp GROUP BY band(pay) HAVING band(pay) > 0", "SELECT count(*) AS n, band(band(pay)) FROM emp GROUP BY band(pay)"]
    frames = [spark.sql(query) for query in queries]
    return [[frame.columns, sorted((tuple(row) for row in frame.collect()), key=repr)] for frame in frames]


def order_by_a_python_function_that_groups(spark):
    _band(spark)
    return spark.sql("SELECT count(*) AS n FROM emp GROUP BY band(pay) ORDER BY band(pay)").collect()


def group_by_another_call_of_a_python_function(spark):
    _band(spark)
    return spark.sql("SELECT band(id), count(*) FROM emp GROUP BY band(pay)").collect()
