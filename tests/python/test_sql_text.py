"""SQL text: what is not there is refused by its name, and an error says where its cause stands."""

from __future__ import annotations

import re

import pytest
from firesteel.errors import AnalysisException, ParseException, UnsupportedOperationException


@pytest.fixture(scope="module", autouse=True)
def people(spark):
    spark.sql("CREATE OR REPLACE TEMP VIEW people AS SELECT 1 AS id, 'ann' AS name")
    yield
    spark.sql("DROP VIEW people")


@pytest.mark.parametrize(
    "text",
    [
        "CACHE TABLE people",
        "CACHE LAZY TABLE people",
        "UNCACHE TABLE people",
        "CLEAR CACHE",
        "MERGE INTO t USING people ON t.id = people.id WHEN MATCHED THEN DELETE",
        "UPDATE t SET id = 1",
        "DELETE FROM t WHERE id = 1",
        "TRUNCATE TABLE t",
        "DESCRIBE QUERY SELECT id FROM people",
        "DESCRIBE FUNCTION upper",
        "DECLARE VARIABLE x INT DEFAULT 5",
        "SET VAR x = 6",
        "SET VARIABLE x = 6",
        "EXECUTE IMMEDIATE 'SELECT 1'",
        "BEGIN SELECT 1; END",
        "EXPLAIN SELECT 1",
        "INSERT OVERWRITE DIRECTORY '/tmp/x' USING json SELECT 1",
        "INSERT OVERWRITE LOCAL DIRECTORY '/tmp/x' USING json SELECT 1",
        "SHOW DATABASES",
        "SHOW FUNCTIONS",
        "USE default",
        "RESET",
        "CREATE DATABASE d",
        "CREATE FUNCTION f AS 'x'",
        "CREATE TEMPORARY FUNCTION f(x INT) RETURNS INT RETURN x",
        "ALTER TABLE people RENAME TO p",
        "ANALYZE TABLE people COMPUTE STATISTICS",
        "REFRESH TABLE people",
        "ADD JAR '/tmp/x.jar'",
        "LOAD DATA INPATH 'x' INTO TABLE t",
    ],
)
def test_a_statement_that_is_not_there_is_refused_by_its_name(spark, text):
    with pytest.raises(UnsupportedOperationException, match="not implemented in Firesteel") as raised:
        spark.sql(text)
    assert text.split()[0] in str(raised.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("CREATE VIEW v AS SELECT 1", "a view that is not TEMPORARY"),
        ("SELECT * FROM people FOR VERSION AS OF 1", "time travel"),
        ("SELECT * FROM STREAM people", "a stream in SQL"),
        ("SELECT * FROM STREAM(people)", "a stream in SQL"),
        ("SELECT TRANSFORM(id) USING 'cat' FROM people", "TRANSFORM"),
        ("SELECT id FROM people CLUSTER BY id", "CLUSTER BY"),
        ("SELECT /*+ REPARTITION(2) */ * FROM people", "a hint about partitions"),
        ("SELECT * FROM people, LATERAL (SELECT id + 1 AS n)", "LATERAL"),
        ("SELECT * FROM people PIVOT (max(name) FOR (id, name) IN ((1, 'ann')))", "PIVOT"),
        ("SELECT name COLLATE UTF8_LCASE FROM people", "COLLATE"),
        ("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT * FROM r", "WITH RECURSIVE"),
        ("SELECT IDENTIFIER(name) FROM people", "IDENTIFIER"),
        ("SELECT * FROM people WITH (a = 1)", "WITH (…)"),
        ("SELECT * FROM orc.`/tmp/x`", "'orc'"),
        ("INSERT INTO people BY NAME SELECT 1 AS id", "BY NAME"),
    ],
)
def test_a_clause_that_is_not_there_is_refused_by_its_name(spark, text, named):
    with pytest.raises(UnsupportedOperationException, match=re.escape(named)):
        spark.sql(text)


def test_a_table_of_the_name_of_a_missing_statement_is_a_table(spark):
    assert spark.sql("SELECT reset.id FROM people AS reset").collect() == [(1,)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("SELECT 'a\nb', 1.5BD,\n  'é' foo bar", "line 3, pos 10"),
        ("SELECT r'\\' 1 2", "line 1, pos 12"),
        ("SELECT 'open", "line 1, pos 7"),
        ("SELECT /* it's */ 1 'x' 2", "line 1, pos 24"),
    ],
)
def test_a_syntax_error_behind_literals_has_its_place(spark, text, place):
    with pytest.raises(ParseException, match=place):
        spark.sql(text)


def test_a_pipe_names_the_column_that_it_misses(spark):
    with pytest.raises(AnalysisException, match="nope"):
        spark.sql("FROM people |> SET nope = 1")


def test_raw_literals_are_skipped_when_parameters_are_filled_in(spark):
    assert spark.sql(r"SELECT r'\' || :a || ':a'", args={"a": "x"}).collect() == [("\\x:a",)]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT (SELECT max(v) FROM VALUES (1) AS s(v) WHERE v <= t.id) AS x FROM range(3) AS t",
        "SELECT EXISTS (SELECT 1 FROM VALUES (1) AS s(v) WHERE v < t.id) AS x FROM range(3) AS t",
        "SELECT id FROM range(3) AS t WHERE id IN (SELECT v + t.id FROM VALUES (0) AS s(v))",
    ],
)
def test_a_query_that_is_no_join_with_the_one_around_it_is_refused(spark, text):
    with pytest.raises(UnsupportedOperationException, match=r"a query .* write it as a join"):
        spark.sql(text).collect()
