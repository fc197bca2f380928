"""SQL text: files by their path, views over formats, literals, pipes, UNPIVOT, units of time."""

VIEWS = {
    "emp": "SELECT * FROM VALUES (1, 'ann', 'eng', 100.0D), (2, 'bob', 'eng', 80.0D), (3, 'cid', 'ops', null), (4, 'dee', null, 70.0D) AS emp(id, name, dept, pay)",
    "sales": "SELECT * FROM VALUES ('a', 1, 2, null, 4), ('b', 5, null, 7, 8) AS t(k, q1, q2, q3, q4)",
}

_STRINGS = [
    "SELECT r'\\d'",
    'SELECT R"\\d\'x"',
    "SELECT r'a\\'",
    "SELECT r'it''s'",
    "SELECT r'a' 'b'",
    'SELECT \'a\' r\'\\b\' "c"',
    'SELECT \'a\' \'b\' "c"',
    "SELECT 'a''b'",
    'SELECT "a""b"',
    'SELECT \'a"b\', "a\'b"',
    "SELECT 'a''' 'b'",
    "SELECT '\\u0041'",
    "SELECT '\\U00000041'",
    "SELECT '\\U0001F600'",
    "SELECT '\\uD83D\\uDE00'",
    "SELECT '\\u004'",
    "SELECT '\\U0041'",
    "SELECT '\\UFFFFFFFF'",
    "SELECT '\\101'",
    "SELECT '\\377'",
    "SELECT '\\001x'",
    "SELECT '\\0'",
    "SELECT '\\08'",
    "SELECT '\\177'",
    "SELECT '\\200'",
    "SELECT '\\18'",
    "SELECT '\\1'",
    "SELECT '\\n\\t\\r\\b\\Z'",
    "SELECT '\\a\\f\\v\\x\\q\\e'",
    "SELECT '\\%\\_'",
    'SELECT \'\\\\\\\'\\"\'',
    "SELECT '\\\\%'",
    "SELECT 'a\\'b'",
    "SELECT 'a\\",
    "SELECT 'a' AS x",
    "SELECT 'x' AS 'y'",
    'SELECT 1 AS "y"',
    'SELECT 1 "y"',
    "SELECT 'a' x",
    "SELECT 'a' 'b' x",
    "SELECT length('\\u00e9é😀')",
    "SELECT 'a' || r'\\n' || 'b'",
    "SELECT 'a' LIKE r'a'",
    "SELECT 'a\\\\d' RLIKE r'\\\\d'",
    "SELECT '1' RLIKE r'^\\d$'",
    "SELECT date r'2024-01-01'",
    'SELECT date "2024-01-01"',
    "SELECT date'2024-01-01' 'x'",
    'SELECT x\'1F\', X\'1f0\', x"AB", X\'\'',
    "SELECT x'1G'",
    "SELECT x'1F' AS a",
    "SELECT x '1F'",
    "SELECT r 'a'",
    "SELECT n'a'",
    "SELECT e'a\\n'",
    "SELECT b'a'",
    "SELECT u&'a'",
    'SELECT 0x1F',
    "SELECT '''a', 'a''', ''''",
    "SELECT ''",
    'SELECT """"',
    "SELECT r''",
    "SELECT 'unterminated",
    'SELECT "unterminated',
    "SELECT r'unterminated",
    "SELECT -- 'it",
    "SELECT 1 -- 'it",
    "SELECT 1 /* 'it */",
    'SELECT 1 /* "it',
    "SELECT `a'b` FROM (SELECT 1 AS `a'b`)",
    'SELECT r.a FROM (SELECT 1 AS a) r',
    'SELECT \'{"a": 1}\' :: string',
    "SELECT map('a', 1)['a'], 'a'[0]",
    "SELECT * FROM emp WHERE name = r'ann'",
    "SELECT 'a\nb'",
    "SELECT 'a' -- c\n 'b'",
    "SELECT 1 -- c\\\n 'b'",
]

_NUMBERS = [
    'SELECT 1BD',
    'SELECT 1bd',
    'SELECT 1.2BD',
    'SELECT 1.20BD',
    'SELECT .5BD',
    'SELECT 1.BD',
    'SELECT 1e3BD',
    'SELECT 1e-3BD',
    'SELECT 1E3BD',
    'SELECT 1.5e3BD',
    'SELECT 1e40BD',
    'SELECT 12345678901234567890123456789012345678BD',
    'SELECT 123456789012345678901234567890123456789BD',
    'SELECT 123456789012345678901234567890123456789',
    'SELECT 0.123456789012345678901234567890123456789',
    'SELECT 99999999999999999999999999999999999999.9',
    'SELECT 1L, 1l',
    'SELECT 1S, 1s, 1Y, 1y',
    'SELECT 1D, 1d, 1F, 1f',
    'SELECT 1.5D, 1.5F, 1.D, 1.F, .5D, .5F, .5f',
    'SELECT 1e3D, 1e3F, 1.5e3D, 1e-3F',
    'SELECT 1e3, 1E3, 1e+3, 1e-3, 1.5e3, .5e3, 1.e3',
    'SELECT 1., .5, 0.5, 00.50, 1.0',
    'SELECT 1e309',
    'SELECT -1e309',
    'SELECT 1e309D',
    'SELECT 1e39F',
    'SELECT 3.4028235e38F, 3.4028236e38F',
    'SELECT 1e-400, 1e-50F',
    'SELECT 128Y',
    'SELECT -128Y',
    'SELECT -129Y',
    'SELECT 32768S',
    'SELECT -32768S',
    'SELECT 9223372036854775808L',
    'SELECT -9223372036854775808L',
    'SELECT - 9223372036854775808L',
    'SELECT 9223372036854775807, 9223372036854775808',
    'SELECT -9223372036854775808',
    'SELECT 2147483647, 2147483648, -2147483648, - 2147483648',
    'SELECT - 128Y',
    'SELECT -1BD, -1.5, -1.5D, -.5',
    'SELECT +1, +1.5, + 1',
    'SELECT 007, 0, -0, 0.0, -0.0, -0D, -0BD',
    'SELECT 1e3L',
    'SELECT 1.5L',
    'SELECT 1.5Y',
    'SELECT 1.5S',
    'SELECT 1e3Y',
    'SELECT 1LL',
    'SELECT 1YY',
    'SELECT 1a',
    'SELECT 1_000',
    'SELECT 1 a',
    'SELECT 1 BD',
    'SELECT 1.5 BD',
    'SELECT 1.5a',
    'SELECT 1.a',
    'SELECT 1.5BDx',
    'SELECT 1e',
    'SELECT 1e+',
    'SELECT 1e3x',
    'SELECT 1e3e',
    'SELECT 1DD',
    'SELECT 1Dx',
    'SELECT 1x FROM (SELECT 2 AS 1x)',
    'SELECT t.1x FROM (SELECT 2 AS `1x`) t',
    'SELECT * FROM (SELECT 1 AS 1a)',
    'SELECT 1.2.3',
    'SELECT 1..2',
    'SELECT 1.2e3.4',
    'SELECT array(1,2)[1L], array(1,2)[1BD]',
    'SELECT typeof(1BD), typeof(1e3BD), typeof(1e-3BD), typeof(0.10BD), typeof(100BD), typeof(0.001), typeof(00.10), typeof(0BD), typeof(0.00)',
    'SELECT 1e0BD, 10e1BD, 1.0e1BD, 0e5BD, 0e-5BD',
    'SELECT 1e-38BD, 1e-39BD, 1e-40BD, 1e37BD',
    'SELECT 1e38BD',
    'SELECT 1D + 1BD, 1Y + 1S, 1F * 2',
    'SELECT 5DIV, 5 DIV 2',
    'SELECT 5DIV2',
    'SELECT 1AND 2',
    'SELECT 1=1AND 2=2',
    'SELECT 1FROM emp',
    'SELECT 1,2FROM emp',
    'SELECT 1.FROM emp',
    'SELECT 1.0FROM emp',
    'SELECT 2OR 1',
    'SELECT 1IN (1)',
    'SELECT 1-1, 1 -1, 1--1',
    'SELECT 0b1',
    'SELECT 0xFF',
    'SELECT NaN',
    'SELECT Infinity',
    'SELECT 1e99999999999',
    'SELECT 1 LIMIT 1L',
    'SELECT 1 LIMIT 1BD',
    'SELECT 1 LIMIT 1.',
    "SELECT decimal '1.5', double '1e3', int '5', bigint '5', tinyint '5', float '1', boolean 'true', string 'a', binary '1F'",
    "SELECT interval '1' foo",
    "SELECT timestamp_ltz '2024-01-01 00:00:00', timestamp_ntz '2024-01-01 00:00:00'",
    "SELECT geo 'x'",
    "SELECT date 'x'",
    "SELECT timestamp 'x'",
]

_ORDER_BY_ALL = [
    'SELECT * FROM emp ORDER BY ALL',
    'SELECT dept, id FROM emp ORDER BY ALL DESC',
    'SELECT dept, id FROM emp ORDER BY ALL ASC NULLS LAST',
    'SELECT dept, id FROM emp ORDER BY ALL DESC NULLS FIRST',
    'SELECT dept, id FROM emp ORDER BY ALL NULLS LAST',
    'SELECT dept, count(*) FROM emp GROUP BY ALL ORDER BY ALL',
    'SELECT dept AS d, count(*) FROM emp GROUP BY ALL',
    'SELECT dept, id + 1 FROM emp GROUP BY ALL',
    'SELECT count(*) FROM emp GROUP BY ALL',
    'SELECT count(*), dept, count(*) + id FROM emp GROUP BY ALL',
    'SELECT ALL FROM (SELECT 1 AS all)',
    'SELECT id, all FROM (SELECT 1 AS id, 3 AS `all` UNION ALL SELECT 2, 1) ORDER BY all',
    'SELECT id, x FROM (SELECT 1 AS id, 3 AS x) ORDER BY all, id',
    'SELECT id, all FROM (SELECT 1 AS id, 3 AS `all` UNION ALL SELECT 2, 1) ORDER BY `all`',
    'SELECT dept, id FROM emp ORDER BY ALL LIMIT 2',
    'SELECT DISTINCT dept FROM emp ORDER BY ALL',
    'SELECT id FROM emp UNION ALL SELECT 0 ORDER BY ALL',
    'SELECT map(1, 2) AS m ORDER BY ALL',
    'SELECT id FROM emp SORT BY ALL',
    'SELECT id, row_number() OVER (ORDER BY ALL) FROM emp',
    'SELECT id, pay * 2 FROM emp ORDER BY ALL',
    'SELECT dept, count(*) FROM emp GROUP BY all, dept',
    'SELECT dept, count(*) FROM emp GROUP BY ALL HAVING count(*) > 1',
    'SELECT * FROM VALUES (2, 1), (1, 2) t(a, b) ORDER BY ALL',
    'VALUES (2, 1), (1, 2) ORDER BY ALL',
    'SELECT id, explode(array(2, 1)) FROM emp WHERE id < 3 ORDER BY ALL',
]

_UNPIVOT = [
    'SELECT * FROM sales UNPIVOT (v FOR q IN (q1, q2, q3, q4))',
    'SELECT * FROM sales UNPIVOT INCLUDE NULLS (v FOR q IN (q1, q2, q3, q4))',
    'SELECT * FROM sales UNPIVOT EXCLUDE NULLS (v FOR q IN (q1, q2, q3, q4))',
    'SELECT * FROM sales UNPIVOT (v FOR q IN (q1 AS a, q2 b, q3))',
    'SELECT * FROM sales UNPIVOT (v FOR q IN (q1 AS `Q 1`)) AS u',
    'SELECT u.v FROM sales UNPIVOT (v FOR q IN (q1, q2)) AS u',
    'SELECT u.v FROM sales UNPIVOT (v FOR q IN (q1, q2)) u',
    'SELECT * FROM sales UNPIVOT (v FOR q IN (q1, q2)) AS u(a, b, c, d, e)',
    'SELECT * FROM sales UNPIVOT ((a, b) FOR h IN ((q1, q2), (q3, q4)))',
    'SELECT * FROM sales UNPIVOT INCLUDE NULLS ((a, b) FOR h IN ((q1, q2) AS h1, (q3, q4) AS h2))',
    'SELECT * FROM sales UNPIVOT EXCLUDE NULLS ((a, b) FOR h IN ((q1, q2) AS h1, (q2, q2) h2))',
    'SELECT * FROM sales UNPIVOT ((a, b) FOR h IN (q1, q2))',
    'SELECT * FROM sales UNPIVOT ((a) FOR h IN ((q1), (q2)))',
    'SELECT * FROM sales UNPIVOT (a FOR h IN ((q1), (q2)))',
    'SELECT * FROM sales UNPIVOT (a FOR h IN ((q1, q2)))',
    'SELECT * FROM sales UNPIVOT (v FOR q IN (k, q1))',
    'SELECT * FROM sales UNPIVOT (v FOR q IN (nope))',
    'SELECT * FROM sales UNPIVOT (v FOR q IN ())',
    'SELECT * FROM sales UNPIVOT (v FOR q IN (q1 + 1))',
    'SELECT * FROM sales UNPIVOT (v FOR q IN (q1 AS a, q2 AS a))',
    'SELECT * FROM sales UNPIVOT (v FOR q IN (q1, q1))',
    'SELECT * FROM sales UNPIVOT (v FOR v IN (q1, q2))',
    'SELECT * FROM sales UNPIVOT (k FOR q IN (q1, q2))',
    'SELECT * FROM sales UNPIVOT (t.v FOR q IN (q1, q2))',
    'SELECT * FROM sales UNPIVOT (v FOR q IN (sales.q1, sales.q2))',
    'SELECT * FROM sales s UNPIVOT (v FOR q IN (s.q1, s.q2))',
    'SELECT s.k FROM sales s UNPIVOT (v FOR q IN (s.q1, s.q2))',
    'SELECT * FROM sales UNPIVOT (v FOR q IN (*))',
    "SELECT * FROM (SELECT 1 AS a, 'x' AS b) UNPIVOT (v FOR q IN (a, b))",
    'SELECT * FROM (SELECT 1 AS a, 2.5D AS b, 3L AS c) UNPIVOT (v FOR q IN (a, b, c))',
    "SELECT * FROM (SELECT 1 AS a, date'2024-01-01' AS b) UNPIVOT (v FOR q IN (a, b))",
    'SELECT * FROM (SELECT 1 AS a, array(1) AS b) UNPIVOT (v FOR q IN (a, b))',
    'SELECT * FROM (SELECT struct(1 AS x, 2 AS y) AS s) UNPIVOT (v FOR q IN (s.x, s.y))',
    "SELECT * FROM (SELECT named_struct('x', 1) AS s, 1 AS a) UNPIVOT (v FOR q IN (s.x, a))",
    'SELECT * FROM sales UNPIVOT (v FOR q IN (q1, q2)) JOIN emp ON v = id',
    'SELECT * FROM emp JOIN sales UNPIVOT (v FOR q IN (q1, q2)) ON v = id',
    'SELECT * FROM sales UNPIVOT (v FOR q IN (q1, q2)) WHERE v > 1',
    'SELECT * FROM sales UNPIVOT (v FOR q IN (q1, q2)) UNPIVOT (w FOR r IN (q3, q4))',
    'SELECT q, sum(v) FROM sales UNPIVOT (v FOR q IN (q1, q2)) GROUP BY q',
    "SELECT * FROM sales UNPIVOT (v FOR q IN (q1 AS 'a'))",
    'SELECT * FROM sales UNPIVOT NULLS (v FOR q IN (q1))',
    'SELECT unpivot FROM (SELECT 1 AS unpivot)',
    'SELECT * FROM sales unpivot',
    'SELECT * FROM sales LATERAL VIEW explode(array(1)) e AS x UNPIVOT (v FOR q IN (q1, q2))',
    'SELECT * FROM (VALUES (1, 2)) UNPIVOT (v FOR q IN (col1, col2))',
    'SELECT * FROM sales, emp UNPIVOT (v FOR q IN (id, pay))',
]

_PIPES = [
    'FROM emp |> SELECT id, name',
    'TABLE emp |> WHERE id > 2',
    'SELECT * FROM emp |> WHERE id > 2 |> SELECT id',
    'FROM emp |> SELECT id, id + 1',
    'FROM emp |> SELECT *',
    'FROM emp |> SELECT * EXCEPT (pay)',
    'FROM emp |> SELECT DISTINCT dept',
    'FROM emp |> SELECT count(*)',
    'FROM emp |> SELECT explode(array(id, 10)) AS x',
    'FROM emp |> SELECT id AS a, a + 1 AS b',
    'FROM emp |> SELECT row_number() OVER (ORDER BY id) AS r',
    'FROM emp |> EXTEND id + 1 AS x',
    'FROM emp |> EXTEND id + 1 AS x, x + 1 AS y',
    'FROM emp |> EXTEND id + 1',
    'FROM emp |> EXTEND id',
    'FROM emp |> EXTEND sum(id) OVER ()',
    'FROM emp |> EXTEND sum(id) AS x',
    'FROM emp |> EXTEND explode(array(1)) AS x',
    'FROM emp |> EXTEND *',
    'FROM emp |> SET id = id * 10',
    'FROM emp |> SET id = id * 10, pay = id',
    'FROM emp |> SET id = 1, id = id + 1',
    'FROM emp |> SET nope = 1',
    'FROM emp |> SET emp.id = 1',
    'FROM emp |> SET id = sum(id)',
    'FROM emp |> SET id = sum(id) OVER ()',
    'FROM emp |> DROP id, pay',
    'FROM emp |> DROP nope',
    'FROM emp |> DROP id, nope',
    'FROM emp |> DROP id, id',
    'FROM emp |> DROP emp.id',
    'FROM emp |> DROP id, name, dept, pay',
    'FROM emp |> AS e |> SELECT e.id',
    'FROM emp |> AS e |> SELECT emp.id',
    'FROM emp |> AS e(a, b, c, d)',
    'FROM emp |> WHERE count(*) > 1',
    'FROM emp |> WHERE id = (SELECT max(id) FROM emp)',
    'FROM emp |> WHERE row_number() OVER (ORDER BY id) = 1',
    'FROM emp |> AGGREGATE sum(id) AS s',
    'FROM emp |> AGGREGATE sum(id) AS s GROUP BY dept',
    'FROM emp |> AGGREGATE sum(id), count(*) GROUP BY dept AS d',
    'FROM emp |> AGGREGATE sum(id) GROUP BY dept, id % 2',
    'FROM emp |> AGGREGATE sum(id) GROUP BY dept, id % 2 AS m',
    'FROM emp |> AGGREGATE GROUP BY dept',
    'FROM emp |> AGGREGATE id GROUP BY dept',
    'FROM emp |> AGGREGATE dept GROUP BY dept',
    'FROM emp |> AGGREGATE sum(id) + 1 AS x GROUP BY dept',
    'FROM emp |> AGGREGATE sum(id) GROUP BY ROLLUP (dept)',
    'FROM emp |> AGGREGATE sum(id) GROUP BY CUBE (dept, name)',
    'FROM emp |> AGGREGATE sum(id) GROUP BY GROUPING SETS ((dept), ())',
    'FROM emp |> AGGREGATE sum(id) GROUP BY dept WITH ROLLUP',
    'FROM emp |> AGGREGATE sum(id) GROUP BY ALL',
    'FROM emp |> AGGREGATE sum(id) GROUP BY 1',
    'FROM emp |> AGGREGATE sum(id) GROUP BY 3',
    'FROM emp |> AGGREGATE',
    'FROM emp |> AGGREGATE sum(id) OVER ()',
    'FROM emp |> AGGREGATE *',
    'FROM emp |> AGGREGATE count(DISTINCT dept) FILTER (WHERE id > 1)',
    'FROM emp |> AGGREGATE GROUP BY dept |> ORDER BY dept',
    'FROM emp |> JOIN sales ON emp.id = sales.q1',
    'FROM emp |> AS a |> LEFT JOIN sales s ON a.id = s.q1 |> SELECT a.id, s.k',
    'FROM emp |> CROSS JOIN sales |> AGGREGATE count(*)',
    'FROM emp |> LEFT SEMI JOIN sales ON id = q1',
    'FROM emp |> LEFT ANTI JOIN sales ON id = q1',
    'FROM emp |> FULL OUTER JOIN sales ON id = q1 |> SELECT id, k |> ORDER BY ALL',
    'FROM emp |> RIGHT JOIN sales ON id = q1 |> SELECT id, k',
    'FROM emp |> INNER JOIN sales ON id = q1 |> SELECT id, k',
    'FROM emp |> NATURAL JOIN (SELECT 1 AS id, 9 AS z)',
    'FROM emp |> JOIN (SELECT 1 AS id, 9 AS z) USING (id)',
    'FROM emp |> SEMI JOIN sales ON id = q1',
    'FROM emp |> ANTI JOIN sales ON id = q1',
    'FROM emp |> JOIN LATERAL (SELECT id + 1 AS n)',
    'FROM emp |> JOIN sales JOIN sales s2',
    'FROM emp |> ORDER BY id DESC',
    'FROM emp |> ORDER BY id DESC |> LIMIT 1',
    'FROM emp |> ORDER BY ALL DESC',
    'FROM emp |> LIMIT 1',
    'FROM emp |> ORDER BY id |> LIMIT 1 OFFSET 1',
    'FROM emp |> ORDER BY id |> OFFSET 2',
    'FROM emp |> ORDER BY id LIMIT 1',
    'FROM emp |> ORDER BY id LIMIT 1 OFFSET 2',
    'FROM emp |> LIMIT ALL',
    'FROM emp |> SORT BY id',
    'FROM emp |> DISTRIBUTE BY id |> LIMIT 0',
    'FROM emp |> CLUSTER BY id',
    'FROM emp |> UNION ALL SELECT * FROM emp |> AGGREGATE count(*)',
    'FROM emp |> SELECT id |> UNION ALL VALUES (9)',
    'FROM emp |> SELECT id |> UNION ALL (SELECT 9)',
    'FROM emp |> SELECT id |> UNION ALL TABLE dept_ids',
    "FROM emp |> SELECT dept |> UNION SELECT 'x' |> ORDER BY dept",
    "FROM emp |> SELECT dept |> UNION DISTINCT SELECT 'x' |> ORDER BY dept",
    'FROM emp |> SELECT id |> INTERSECT SELECT 1',
    'FROM emp |> SELECT id |> INTERSECT ALL SELECT 1',
    'FROM emp |> SELECT id |> EXCEPT SELECT 1 |> ORDER BY id',
    'FROM emp |> SELECT id |> MINUS SELECT 1 |> ORDER BY id',
    'FROM emp |> SELECT id |> UNION ALL BY NAME SELECT 7 AS id |> ORDER BY id',
    'FROM emp |> SELECT id |> UNION ALL SELECT 9, 8',
    'FROM emp |> TABLESAMPLE (100 PERCENT)',
    'FROM emp |> TABLESAMPLE (2 ROWS)',
    'FROM emp |> TABLESAMPLE (2 ROWS) REPEATABLE (1)',
    'FROM emp |> TABLESAMPLE (100 PERCENT) REPEATABLE (1) |> AGGREGATE count(*)',
    'FROM emp |> TABLESAMPLE (BUCKET 1 OUT OF 1)',
    'FROM sales |> UNPIVOT (v FOR q IN (q1, q2))',
    'FROM sales |> UNPIVOT INCLUDE NULLS (v FOR q IN (q1, q2)) |> WHERE v IS NULL',
    'FROM sales |> UNPIVOT (v FOR q IN (q1, q2)) |> AS u |> SELECT u.v',
    'FROM sales |> UNPIVOT ((a, b) FOR h IN ((q1, q2) AS h1, (q3, q4)))',
    "FROM emp |> SELECT dept, id |> PIVOT (sum(id) FOR dept IN ('eng', 'ops'))",
    "FROM emp |> SELECT dept, id |> PIVOT (sum(id) AS s, count(*) AS c FOR dept IN ('eng' AS e))",
    'FROM emp |> WINDOW w AS (ORDER BY id) |> SELECT row_number() OVER w',
    'FROM emp |> SELECT id, row_number() OVER w AS r WINDOW w AS (ORDER BY id)',
    'FROM emp |> EXTEND row_number() OVER w AS r WINDOW w AS (ORDER BY id)',
    'FROM emp |> EXTEND id + 1 AS x WINDOW w AS (ORDER BY id)',
    'FROM emp |> GROUP BY dept',
    'FROM emp |> HAVING id > 1',
    'FROM emp |> FROM emp',
    'FROM emp |> RENAME id AS x',
    'FROM emp |> CALL f()',
    'FROM emp |> ',
    'FROM emp |> NOPE',
    'FROM emp |> LATERAL VIEW explode(array(1, 2)) t AS x |> SELECT id, x',
    'FROM emp |> LATERAL VIEW OUTER explode(array(1, 2)) t AS x |> AGGREGATE count(x)',
    'SELECT id FROM emp ORDER BY id |> LIMIT 1',
    'SELECT id FROM emp LIMIT 2 |> LIMIT 1',
    'SELECT id FROM emp UNION ALL SELECT 9 |> AGGREGATE count(*)',
    'SELECT * FROM (FROM emp |> SELECT id) t WHERE id > 3',
    'WITH x AS (FROM emp |> SELECT id) FROM x |> AGGREGATE sum(id)',
    'WITH x AS (SELECT 1 AS a) SELECT * FROM x |> EXTEND 2 AS b',
    'VALUES (1), (2) |> SELECT col1 + 1 AS y',
    'SELECT (FROM emp |> AGGREGATE max(id)) AS m',
    'SELECT id FROM emp WHERE id IN (FROM emp |> WHERE id < 3 |> SELECT id)',
    '(SELECT 1 AS a) |> SELECT a + 1',
    "FROM emp |> SELECT id |> WHERE name = 'ann'",
    'FROM emp |> WHERE id > 1 |> WHERE id < 4 |> SELECT id |> ORDER BY id DESC |> LIMIT 1',
]

_PIPE_TAILS = [
    'FROM emp |> SELECT id |> UNION ALL SELECT 9 LIMIT 0',
    'FROM emp |> SELECT id |> UNION ALL SELECT 9 ORDER BY id DESC LIMIT 2',
    'FROM emp |> SELECT id |> UNION ALL SELECT 9 ORDER BY id LIMIT 2 OFFSET 1',
    'FROM emp |> SELECT id |> UNION ALL SELECT 1 INTERSECT SELECT 1',
    'FROM emp |> SELECT id |> UNION ALL SELECT 9 UNION SELECT 9',
    'FROM emp |> SELECT id |> EXCEPT SELECT 1 UNION ALL SELECT 2 |> ORDER BY id',
    'FROM emp |> SELECT id UNION ALL SELECT 9',
    'FROM emp |> SELECT id ORDER BY id DESC LIMIT 1',
    'FROM emp |> WHERE id > 1 ORDER BY id LIMIT 1',
    'FROM emp |> WHERE id > 1 UNION ALL SELECT * FROM emp |> AGGREGATE count(*)',
    'FROM emp |> EXTEND id + 1 AS x LIMIT 1',
    'FROM emp |> AGGREGATE sum(id) AS s GROUP BY dept ORDER BY s, dept LIMIT 1',
    'FROM emp |> AS e ORDER BY e.id LIMIT 1',
    'FROM emp |> JOIN sales ON id = q1 LIMIT 0',
    'FROM emp |> LIMIT 3 UNION ALL SELECT * FROM emp |> AGGREGATE count(*)',
    'FROM emp |> LIMIT 1 ORDER BY id',
    'FROM emp |> ORDER BY id LIMIT 2 |> SELECT * EXCEPT (pay)',
    'FROM emp |> SELECT id |> UNION ALL SELECT * EXCEPT (name, dept, pay) FROM emp |> AGGREGATE count(*)',
    'FROM emp |> JOIN sales ON id = q1 WHERE id = 1',
    'FROM emp |> AS e WHERE id = 1',
    'FROM emp |> WHERE id > 1 HAVING id > 2',
    'FROM emp |> WHERE id > 1 GROUP BY id',
    'FROM emp |> WHERE id > 1 WINDOW w AS (ORDER BY id)',
    'FROM emp |> LIMIT 1 WHERE id = 1',
    'FROM emp |> EXTEND DISTINCT id AS x',
    'FROM emp |> DROP DISTINCT id',
    'FROM emp |> AGGREGATE DISTINCT sum(id)',
    'FROM emp |> AGGREGATE sum(id) WHERE id > 1',
    'FROM emp |> AGGREGATE sum(id) GROUP BY dept HAVING sum(id) > 1',
    'FROM emp |> AGGREGATE sum(id) FROM emp',
    'FROM emp |> SELECT id FROM emp',
    'FROM emp |> SELECT id WHERE id > 1',
    'FROM emp |> EXTEND id AS x WHERE id > 1',
    'FROM emp |> JOIN sales s ON id = q1 JOIN sales t ON id = t.q1',
    'FROM emp |> AS e JOIN sales ON id = q1',
    'FROM emp |> TABLESAMPLE (2 ROWS) e',
    'FROM sales |> UNPIVOT (v FOR q IN (q1, q2)) JOIN emp ON v = id',
    'FROM emp |> SET ID = 5',
    'FROM emp |> SET id == 5',
    'FROM emp |> SET id = 5, ID = 6',
    'SELECT GROUP FROM (SELECT 1 AS GROUP) |> AGGREGATE sum(GROUP)',
    'SELECT 1 AS cube |> AGGREGATE count(*) GROUP BY cube',
    'SELECT 1 AS `union` |> SELECT `union`',
    'SELECT 1 AS window |> SET window = 2',
    'SELECT 1 AS window |> EXTEND window + 1 AS x',
    'SELECT 1 AS a, 2 AS order |> SELECT order',
    'SELECT 1 AS limit |> SELECT limit',
    'FROM emp |> AGGREGATE sum(id) AS s GROUP BY 3, 1',
    'FROM emp |> AGGREGATE sum(id) AS s GROUP BY 9',
    'FROM emp |> AGGREGATE sum(id) AS s GROUP BY 0',
]

_TWICE = [
    'WITH a AS (SELECT 1), a AS (SELECT 2) SELECT * FROM a',
    'WITH a AS (SELECT 1), A AS (SELECT 2) SELECT * FROM a',
    'SELECT row_number() OVER w FROM emp WINDOW w AS (ORDER BY id), w AS (ORDER BY name)',
    'SELECT row_number() OVER w FROM emp WINDOW w AS (ORDER BY id), W AS (ORDER BY name)',
    'SELECT 1 INTERSECT BY NAME SELECT 1',
    'SELECT 1 AS a UNION BY NAME SELECT 1 AS a',
    'SELECT 1 AS a UNION ALL BY NAME SELECT 1 AS a',
    'SELECT a, a FROM (SELECT 1 AS a, 2 AS A)',
    'SELECT * FROM (SELECT 1 AS a, 2 AS a) t',
    'SELECT t.a FROM (SELECT 1 AS a, 2 AS a) t',
]

_SIGNS = [
    'SELECT -5::string',
    'SELECT -5::string::int',
    'SELECT -128::tinyint',
    'SELECT - 128::tinyint',
    'SELECT -(5)::string',
    'SELECT -5.5::int',
    'SELECT -a::string FROM (SELECT 1 AS a)',
    'SELECT +5::string',
    'SELECT - -5::string',
    "SELECT X'+1'",
    "SELECT X'-1'",
    "SELECT -'5'::int",
]

_NAMES = [
    'SELECT table FROM (SELECT 1 AS table)',
    'SELECT t.table FROM (SELECT 1 AS table) t',
    'SELECT interval FROM (SELECT 1 AS interval)',
    'SELECT interval + 1 FROM (SELECT 1 AS interval)',
    'SELECT interval IS NULL, interval IN (1), interval BETWEEN 0 AND 2, CASE WHEN interval = 1 THEN interval END FROM (SELECT 1 AS interval)',
    'SELECT interval y FROM (SELECT 1 AS interval) ORDER BY interval DESC LIMIT 1',
    'SELECT -interval, interval * 2, interval || 1 FROM (SELECT 1 AS interval)',
    "SELECT window.start, window.end, count(*) FROM VALUES (timestamp'2024-01-01 00:00:01'), (timestamp'2024-01-01 00:00:02'), (timestamp'2024-01-01 00:00:07') AS t(ts) GROUP BY window(ts, '5 seconds')",
    "SELECT window, count(*) AS n FROM VALUES (timestamp'2024-01-01 00:00:01') AS t(ts) GROUP BY window(ts, '5 seconds')",
    "SELECT window(ts, '5 seconds').start, count(*) FROM VALUES (timestamp'2024-01-01 00:00:01') AS t(ts) GROUP BY window(ts, '5 seconds') HAVING window.start > timestamp'2020-01-01 00:00:00'",
    "SELECT k, window.start AS s, sum(k) FROM VALUES (timestamp'2024-01-01 00:00:01', 1), (timestamp'2024-01-01 00:00:09', 1) AS t(ts, k) GROUP BY k, window(ts, '5 seconds') ORDER BY s",
    "SELECT window FROM VALUES (timestamp'2024-01-01 00:00:01') AS t(ts)",
    'SELECT exists FROM (SELECT 1 AS exists)',
    'SELECT exists(SELECT 1)',
    'SELECT exists(array(1, 2), x -> x > 1)',
    'SELECT struct FROM (SELECT 1 AS struct)',
    'SELECT struct.x FROM (SELECT struct(1 AS x) AS struct)',
    'SELECT struct(id AS x, name) FROM emp',
    'SELECT named_struct(\'a\', 1).a',
    'SELECT extract FROM (SELECT 1 AS extract)',
    'SELECT trim FROM (SELECT 1 AS trim)',
    'SELECT position, substring, overlay FROM (SELECT 1 AS position, 2 AS substring, 3 AS overlay)',
    'SELECT array, map FROM (SELECT 1 AS array, 2 AS map)',
    'SELECT date, timestamp, time FROM (SELECT 1 AS date, 2 AS timestamp, 3 AS time)',
    'SELECT case FROM (SELECT 1 AS case)',
    'SELECT first, last, any_value FROM (SELECT 1 AS first, 2 AS last, 3 AS any_value)',
    'SELECT left, right FROM (SELECT 1 AS left, 2 AS right)',
    'SELECT values FROM (SELECT 1 AS values)',
    'SELECT end, then FROM (SELECT 1 AS end, 2 AS then)',
    'SELECT set, show, current_date FROM (SELECT 1 AS set, 2 AS show, 3 AS current_date)',
    'SELECT over, partition, rows, range FROM (SELECT 1 AS over, 2 AS partition, 3 AS rows, 4 AS range)',
    'SELECT lateral, natural, using FROM (SELECT 1 AS lateral, 2 AS natural, 3 AS using)',
    'SELECT id AS a, a + a AS b, b + b AS c, c + c AS d, d + d AS e, e - d AS f FROM range(4)',
    'SELECT sum(id) AS s, s + s AS t, t + t AS u, u + u AS v, v + v AS w FROM range(4)',
    'SELECT id % 2 AS k, sum(id) AS s, s + s AS t, t + t + t + t + t AS u, u * u + s AS v FROM range(6) GROUP BY id % 2 HAVING v > 10 ORDER BY v DESC',
    'SELECT id % 2 AS k, sum(id) + max(id) + min(id) + count(*) + 1 AS s, s + 1 AS t FROM range(6) GROUP BY id % 2 HAVING t > 3 ORDER BY t',
    'SELECT id % 2 AS k, sum(id) + max(id) + min(id) + count(*) + 1 AS s, s + 1 AS t FROM range(6) GROUP BY id % 2 ORDER BY s + t, k',
    'SELECT id, row_number() OVER (ORDER BY id DESC) + id + id + id + id AS r, r + 1 AS q, sum(q) OVER (ORDER BY id) AS z FROM range(4) ORDER BY id',
    'SELECT id + 1 + 1 + 1 + 1 + 1 AS a, explode(array(1, 2)) AS e, a + 1 AS f FROM range(2)',
    'SELECT id + 1 + 1 + 1 + 1 + 1 AS a, a AS b, b AS c, transform(array(1, 2), x -> x + c + a) AS l FROM range(2)',
    'SELECT DISTINCT id % 2 + 1 + 1 + 1 + 1 AS a, a * 2 AS b FROM range(4) ORDER BY b',
    'SELECT id + 1 + 1 + 1 + 1 AS a, a * 2 AS b FROM range(4) QUALIFY row_number() OVER (ORDER BY b DESC) < 3',
    'SELECT id + 1 + 1 + 1 + 1 AS a, (SELECT max(v) FROM VALUES (1), (2) AS t(v) WHERE v < a) AS b, a + b AS c FROM range(2)',
    'SELECT a.x + 1 + 1 + 1 + 1 + 1 AS y, y + 1 AS z, struct(y, z) AS s, s.y + z AS w FROM VALUES (1), (2) AS a(x) WHERE x > 1',
    'SELECT 1 + 1 + 1 + 1 + 1 AS a, a + 1 AS b',
    'SELECT 1 + 1 + 1 + 1 + 1 AS a, a + 1 AS b, a / 0 AS c',
    'SELECT id + 1 + 1 + 1 + 1 AS a, a + 1 AS b FROM range(4) WHERE a > 1',
    'SELECT id + 1 + 1 + 1 + 1 AS a, a + 1 AS b FROM range(4) ORDER BY a + b DESC LIMIT 2',
    'SELECT id + 1 + 1 + 1 + 1 AS a, count(*) AS n, a + n AS m FROM range(4) GROUP BY 1 ORDER BY 3',
    'SELECT id + 1 + 1 + 1 + 1 AS a, a AS a, a FROM range(1)',
    'SELECT id + 1 + 1 + 1 + 1 AS a, a + 1 AS a FROM range(1)',
    'SELECT id + 1 + 1 + 1 + 1 AS id, id + 1 AS b FROM range(1)',
    'SELECT id AS a, sum(a) AS s FROM range(3) GROUP BY id',
    'SELECT id + 1 + 1 + 1 + 1 AS a, sum(a) AS s FROM range(3) GROUP BY id',
    'SELECT k, s, s + s + s + s + s AS t, rank() OVER (ORDER BY t DESC) AS r FROM (SELECT id % 3 AS k, sum(id) AS s FROM range(9) GROUP BY 1) ORDER BY k',
    'SELECT id % 3 AS k, sum(id) + 1 + 1 + 1 + 1 AS s, rank() OVER (ORDER BY sum(id) DESC) AS r, s + r AS q, q + q AS p FROM range(9) GROUP BY id % 3 ORDER BY k',
    'SELECT CASE WHEN id > 0 THEN 1 / id ELSE 0 END + 1 + 1 AS a, CASE WHEN id > 1 THEN a ELSE 0 END AS b FROM range(3)',
    'SELECT id % 2 AS k, collect_list(id) AS l, size(l) + size(l) + size(l) + size(l) AS n, n + n AS m FROM range(4) GROUP BY 1 HAVING m > 1 ORDER BY 1',
    'SELECT id % 2 AS k, sum(id) AS s, s + 1 + 1 + 1 + 1 + 1 AS t, t + t AS u FROM range(4) GROUP BY ROLLUP (id % 2) HAVING u > 1 ORDER BY u, k',
    'SELECT lambda, cast, is, between FROM (SELECT 1 AS lambda, 2 AS cast, 3 AS is, 4 AS between)',
    'SELECT distinct FROM (SELECT 1 AS distinct)',
    'SELECT not FROM (SELECT 1 AS not)',
    'SELECT year, month, day, hour FROM (SELECT 1 AS year, 2 AS month, 3 AS day, 4 AS hour)',
    'SELECT prior, connect, sample, top, qualify FROM (SELECT 1 AS prior, 2 AS connect, 3 AS sample, 4 AS top, 5 AS qualify)',
    'SELECT user, session_user, system, outer, fetch FROM (SELECT 1 AS user, 2 AS session_user, 3 AS system, 4 AS outer, 5 AS fetch)',
    'SELECT count FROM (SELECT 1 AS count)',
    'SELECT filter, cluster, sort, limit, offset FROM (SELECT 1 AS filter, 2 AS cluster, 3 AS sort, 4 AS limit, 5 AS offset)',
    'SELECT select FROM (SELECT 1 AS select)',
    'SELECT * FROM (SELECT 1 AS where)',
    'SELECT 1 AS group, 2 AS having, 3 AS order, 4 AS by, 5 AS union, 6 AS on, 7 AS join',
    'SELECT t.order, t.group, t.where FROM (SELECT 1 AS order, 2 AS group, 3 AS where) t',
    "SELECT extract(day FROM date'2024-01-02'), extract(DAY FROM date'2024-01-02'), extract(Day FROM date'2024-01-02')",
    "SELECT CAST(NULL AS array<int>), CAST(NULL AS int), CAST(1 AS string), CAST(NULL AS struct<a: int>)",
    'SELECT id FROM emp QUALIFY id > 1',
    'SELECT id FROM emp QUALIFY row_number() OVER (ORDER BY id) = 1',
    'SELECT id FROM emp FOR JSON AUTO',
    'SELECT * FROM explode(array(1)) WITH ORDINALITY',
    "SELECT 1 AS 'x'",
    "SELECT 'id' FROM emp",
    "SELECT e.'id' FROM emp e",
    "SELECT id FROM 'emp'",
    'SELECT * FROM emp "e"',
    'SELECT id FORM emp ORDER BY name',
    'SELECT * FROM emp TABLESAMPLE (2 ROWS) e',
    'SELECT e.id FROM emp TABLESAMPLE (2 ROWS) AS e WHERE e.id = 1',
    'SELECT * FROM emp e TABLESAMPLE (2 ROWS)',
    'SELECT * FROM (SELECT id FROM emp) TABLESAMPLE (1 ROWS) AS e',
    "SELECT * FROM VALUES (1, 'a''b', \"c\\\\'d\") AS t(a, b, c)",
    'SELECT * FROM VALUES (1, 2.0D, \'x\') AS t(a, b, c) UNPIVOT (v FOR n IN (a, b))',
    'SELECT * FROM VALUES (1, 2L, \'x\', \'y\') AS t(a, b, c, d) UNPIVOT ((v, w) FOR n IN ((a, c), (b, d)))',
    'SELECT * FROM VALUES (1, 2, \'x\', \'y\') AS t(a, b, c, d) UNPIVOT ((v, w) FOR n IN ((a, c), (d, b)))',
]

_UNITS = [
    "SELECT timestampadd(DAY, 1, timestamp'2024-01-31 10:00:00')",
    "SELECT timestampadd(MONTH, 1, date'2024-01-31')",
    "SELECT timestampadd(YEAR, 1, '2024-02-29')",
    "SELECT timestampadd(QUARTER, 1, timestamp_ntz'2024-01-31 10:00:00')",
    "SELECT timestampadd(WEEK, -1, timestamp'2024-01-31 10:00:00'), timestampadd(hour, 2, timestamp'2024-01-31 10:00:00'), timestampadd(MINUTE, 2, timestamp'2024-01-31 10:00:00'), timestampadd(SECOND, 2, timestamp'2024-01-31 10:00:00'), timestampadd(MILLISECOND, 2, timestamp'2024-01-31 10:00:00'), timestampadd(MICROSECOND, 2, timestamp'2024-01-31 10:00:00')",
    "SELECT timestampadd(DAYOFYEAR, 1, timestamp'2024-01-31 10:00:00')",
    "SELECT timestampadd(DECADE, 1, timestamp'2024-01-31 10:00:00')",
    "SELECT timestampadd(DAYS, 1, timestamp'2024-01-31 10:00:00')",
    "SELECT timestampadd('DAY', 1, timestamp'2024-01-31 10:00:00')",
    "SELECT timestampadd(nope, 1, timestamp'2024-01-31 10:00:00')",
    'SELECT timestampadd(DAY, 1)',
    "SELECT timestampadd(DAY, 1L, timestamp'2024-01-31 10:00:00')",
    "SELECT timestampadd(DAY, 1.5, timestamp'2024-01-31 10:00:00')",
    "SELECT timestampadd(DAY, '1', timestamp'2024-01-31 10:00:00')",
    "SELECT timestampadd(DAY, null, timestamp'2024-01-31 10:00:00')",
    'SELECT timestampadd(DAY, 1, null)',
    'SELECT timestampadd(DAY, 1, 5)',
    "SELECT timestampadd(YEAR, 1000000, timestamp'2024-01-31 10:00:00')",
    "SELECT dateadd(DAY, 1, date'2024-01-31')",
    "SELECT date_add(DAY, 1, date'2024-01-31')",
    "SELECT dateadd(MONTH, 1, timestamp'2024-01-31 10:00:00')",
    "SELECT dateadd('MONTH', 1, timestamp'2024-01-31 10:00:00')",
    "SELECT dateadd(date'2024-01-31', 1), date_add(date'2024-01-31', 1)",
    "SELECT dateadd(date'2024-01-31')",
    "SELECT timestampdiff(DAY, timestamp'2024-01-01 00:00:00', timestamp'2024-03-01 12:00:00')",
    "SELECT timestampdiff(MONTH, date'2024-01-31', date'2024-02-29'), timestampdiff(MONTH, date'2024-02-29', date'2024-01-31'), timestampdiff(QUARTER, date'2024-01-31', date'2025-02-28'), timestampdiff(YEAR, date'2024-02-29', date'2025-02-28'), timestampdiff(WEEK, date'2024-01-01', date'2024-01-15'), timestampdiff(HOUR, date'2024-01-01', date'2024-01-15'), timestampdiff(MICROSECOND, date'2024-01-01', date'2024-01-02')",
    "SELECT timestampdiff(SECOND, timestamp'2024-01-01 00:00:00.9', timestamp'2024-01-01 00:00:02.1'), timestampdiff(MILLISECOND, timestamp'2024-01-01 00:00:00.9', timestamp'2024-01-01 00:00:02.1')",
    "SELECT datediff(DAY, date'2024-01-31', date'2024-03-01'), date_diff(HOUR, timestamp'2024-01-31 00:00:00', timestamp'2024-03-01 00:30:00')",
    "SELECT datediff(date'2024-03-31', date'2024-03-01'), date_diff(date'2024-03-31', date'2024-03-01')",
    "SELECT datediff('DAY', date'2024-01-31', date'2024-03-01')",
    "SELECT datediff(nope, date'2024-01-31', date'2024-03-01')",
    "SELECT timestampdiff(DAY, '2024-01-01', '2024-01-02')",
    "SELECT timestampdiff(DAY, null, '2024-01-02')",
    'SELECT timestampdiff(DAY, 1, 2)',
    "SELECT timestampdiff(DAY, date'2024-01-01')",
    "SELECT timestampdiff(DAY, timestamp_ntz'2024-01-01 00:00:00', timestamp_ntz'2024-01-02 00:00:00')",
    "SELECT timestampdiff(DAYOFYEAR, date'2024-01-01', date'2024-01-05')",
    "SELECT DAY, timestampadd(DAY, DAY, date'2024-01-01') FROM (SELECT 3 AS DAY)",
    "SELECT timestampadd(d.x, 1, date'2024-01-01')",
]

_INTERVALS = [
    'SELECT interval 1 day',
    'SELECT interval 1 day 1 hour',
    'SELECT interval 1 day 2 hours 3 minutes 4 seconds 5 milliseconds 6 microseconds',
    'SELECT interval 1 month 2 days',
    'SELECT interval 1 year 1 day',
    "SELECT interval '1 month 2 days'",
    'SELECT interval 1.5 days',
    "SELECT interval '1.5' day",
    'SELECT interval 1 foo',
    'SELECT interval 1',
    "SELECT interval ''",
    "SELECT interval 'x'",
    "SELECT interval '1'",
    "SELECT interval '1' day to hour",
    "SELECT interval '1:2' day to hour",
    'SELECT interval 1 day = interval 24 hours',
    "SELECT date'2024-01-01' + interval 1 day, date'2024-01-01' + interval 1 hour, date'2024-01-01' + interval 1 month",
    "SELECT timestamp'2024-01-01 00:00:00' + interval 1 day 1 hour",
    "SELECT timestamp'2024-01-01 00:00:00' + interval 1 month 1 day",
    "SELECT date'2024-01-01' + interval 1 month 1 day",
    'SELECT interval 1 day IS NULL, interval 1 day > interval 1 hour',
    "SELECT sequence(date'2024-01-01', date'2024-01-03', interval 1 day)",
    'SELECT current_date() - interval 1 day IS NOT NULL',
    'SELECT interval 1 day -1',
    'SELECT 1 day',
    'SELECT hash(interval 1 day), xxhash64(interval 1 month)',
    "SELECT INTERVAL '1 2:3' DAY TO MINUTE, INTERVAL '100:59' HOUR TO MINUTE, INTERVAL '1 02:03:04.000001' DAY TO SECOND",
    "SELECT interval '2:03' hour to minute",
    "SELECT interval '1' day '2' hour",
    "SELECT interval '1 day 2 hours'",
    'SELECT interval 1.5 seconds',
    'SELECT interval 90 minutes',
    "SELECT interval -'1 2' day to hour",
]

_NEIGHBOURS = [
    "SELECT * FROM IDENTIFIER('emp')",
    "SELECT IDENTIFIER('id') FROM emp",
    "SELECT IDENTIFIER('i' || 'd') FROM emp",
    'SELECT * FROM emp VERSION AS OF 1',
    "SELECT * FROM emp TIMESTAMP AS OF '2024-01-01'",
    'SELECT :name',
    'SELECT * FROM emp WHERE id = :id',
    'SELECT ?',
]

_GROUPINGS = [
    "SELECT 0.5D AS c, max(id) FROM range(3) GROUP BY GROUPING SETS ((0.5D), ()) ORDER BY ALL",
    "SELECT 'a' AS c, max(id) FROM range(3) GROUP BY GROUPING SETS (('a'), ()) ORDER BY ALL",
    "SELECT 'a' AS c, max(id), max('a') FROM range(3) GROUP BY ROLLUP('a') ORDER BY ALL",
    "SELECT concat('a', 'b') AS c, max(id), max('a') FROM range(3) GROUP BY ROLLUP('a') ORDER BY ALL",
    "SELECT true AS c, id, if(true, 1, 2) FROM range(2) GROUP BY CUBE(true, id) ORDER BY ALL",
    "SELECT 1 + 1 AS c, 2 AS e, max(id) FROM range(2) GROUP BY CUBE(1 + 1) ORDER BY ALL",
    "SELECT 'a' = 'a' AS c, max(id) FROM range(3) GROUP BY ROLLUP('a') ORDER BY ALL",
    "SELECT grouping('a') g, 'a' AS c, max(id) FROM range(3) GROUP BY ROLLUP('a') ORDER BY ALL",
    "SELECT max(id) FROM range(3) GROUP BY ROLLUP('a') HAVING 'a' IS NULL ORDER BY ALL",
    "SELECT 1L c, max(id) FROM range(3) GROUP BY ROLLUP(1L) ORDER BY ALL",
    "SELECT NULL c, max(id) FROM range(3) GROUP BY ROLLUP(NULL) ORDER BY ALL",
    "SELECT DATE'2024-01-01' c, max(id) FROM range(3) GROUP BY ROLLUP(DATE'2024-01-01') ORDER BY ALL",
    "SELECT id + 1 c, (id + 1) + 1 d, max(1) FROM range(2) GROUP BY ROLLUP(id, 1) ORDER BY ALL",
    "SELECT g, s, count(*) FROM VALUES (1,'a'),(1,'b'),(2,'a') AS t(g, s) GROUP BY g, s GROUPING SETS ((g), ()) ORDER BY ALL",
    "SELECT g, s, count(*), grouping_id() FROM VALUES (1,'a'),(1,'b'),(2,'a') AS t(g, s) GROUP BY s, g GROUPING SETS ((g), (g, s)) ORDER BY ALL",
    "SELECT g, count(*) FROM VALUES (1,'a'),(1,'b'),(2,'a') AS t(g, s) GROUP BY g GROUPING SETS ((g), (s)) ORDER BY ALL",
    "SELECT g, s, count(*), grouping_id() FROM VALUES (1,'a'),(1,'b'),(2,'a') AS t(g, s) GROUP BY g, ROLLUP(s) ORDER BY ALL",
    "SELECT g, s, count(*), grouping_id() FROM VALUES (1,'a'),(1,'b'),(2,'a') AS t(g, s) GROUP BY CUBE(g), ROLLUP(s) ORDER BY ALL",
    "SELECT g, s, count(*), grouping_id() FROM VALUES (1,'a'),(1,'b'),(2,'a') AS t(g, s) GROUP BY GROUPING SETS((g), ()), s ORDER BY ALL",
    "SELECT g, s, count(*), grouping_id() FROM VALUES (1,'a'),(1,'b'),(2,'a') AS t(g, s) GROUP BY ROLLUP(g), g, s ORDER BY ALL",
    "SELECT g, s, count(*), grouping_id() FROM VALUES (1,'a'),(1,'b'),(2,'a') AS t(g, s) GROUP BY GROUPING SETS(ROLLUP(g, s), CUBE(s)) ORDER BY ALL",
    "SELECT g, s, count(*) FROM VALUES (1,'a'),(1,'b'),(2,'a') AS t(g, s) GROUP BY g, s WITH ROLLUP ORDER BY ALL",
    "SELECT g, s, count(*) FROM VALUES (1,'a'),(1,'b'),(2,'a') AS t(g, s) GROUP BY g, s WITH CUBE ORDER BY ALL",
    "SELECT g, s, count(*) FROM VALUES (1,'a'),(1,'b'),(2,'a') AS t(g, s) GROUP BY 1, 2 GROUPING SETS ((1), (2)) ORDER BY ALL",
    "SELECT g + 1, s, count(*) FROM VALUES (1,'a'),(1,'b'),(2,'a') AS t(g, s) GROUP BY g + 1, s GROUPING SETS ((g + 1), (s)) ORDER BY ALL",
    "SELECT g, s, count(*), grouping_id() FROM VALUES (1,'a'),(1,'b'),(2,'a') AS t(g, s) GROUP BY g, s, GROUPING SETS ((g), ()) ORDER BY ALL",
    "SELECT g, s, count(*) FROM VALUES (1,'a'),(1,'b'),(2,'a') AS t(g, s) GROUP BY ROLLUP(g) , CUBE(s) HAVING count(*) > 1 ORDER BY ALL",
    "SELECT count(*) FROM VALUES (1,'a') AS t(g, s) GROUP BY ROLLUP(g), ROLLUP(g) ORDER BY ALL",
    "SELECT count(*) FROM VALUES (1,'a') AS t(g, s) GROUP BY ROLLUP((g, s), g) ORDER BY ALL",
]

_VALUES = [
    "SELECT * FROM VALUES (1.0D), ('NaN')",
    "SELECT * FROM VALUES (1), ('a')",
    "SELECT * FROM VALUES (DATE'2024-01-01'), ('2024-01-02')",
    "SELECT * FROM VALUES (1), (2.5BD), (3L), (1.5D)",
    "SELECT * FROM VALUES (true), ('a')",
    "SELECT * FROM VALUES (DATE'2024-01-01'), (TIMESTAMP'2024-01-02 00:00:00')",
    "SELECT * FROM VALUES (array(1)), (array('a'))",
    "SELECT * FROM VALUES (array(1)), (array(2L))",
    "SELECT * FROM VALUES (struct(1 AS a)), (struct(2L AS a))",
    "SELECT * FROM VALUES (NULL), ('a')",
    "SELECT * FROM VALUES (1), (NULL), ('3')",
    "VALUES (1), (1, 2)",
    "VALUES (1), ('a')",
    "VALUES (1 + 1), ('a')",
    "VALUES (-1), ('a')",
    "VALUES (CAST(1 AS int)), ('a')",
    "VALUES (DATE'2024-01-01'), (1)",
    "VALUES (NULL), ('a'), (NULL)",
    "VALUES (array(1)), (1)",
    "VALUES (interval 1 day), ('a')",
    "VALUES struct(1, 2), struct(3, 4)",
    "VALUES (struct(1, 2)), (struct(3, 4))",
    "VALUES (named_struct('a', 1)), (named_struct('a', 2))",
    "VALUES (struct(1 AS a), 2)",
    "VALUES (1, 2), struct(3, 4)",
    "VALUES STRUCT(1, 'x')",
    "VALUES 1, 2",
    "VALUES (1.5), (2), (3L)",
    "VALUES (X'00'), ('a')",
    "SELECT * FROM (VALUES (1), ('a')) t",
    "SELECT * FROM VALUES 1, -2, 'a' AS t(x)",
    "SELECT * FROM VALUES 1, (2), -3 AS t(x) ORDER BY x",
    "SELECT x FROM VALUES 1, 2 t(x)",
    "VALUES DATE'2024-01-31', NULL",
    "SELECT * FROM VALUES array(1, 2), array(3) AS t(a)",
    "INSERT INTO nowhere VALUES 1, 2",
]

_CONDITIONS = [
    "SELECT id FROM range(1) WHERE NULL",
    "SELECT count(*) FILTER (WHERE NULL) FROM range(1)",
    "SELECT id FROM range(1) HAVING NULL",
    "SELECT count(*) FROM range(1) HAVING NULL",
    "SELECT a.id FROM range(1) a JOIN range(1) b ON NULL",
    "SELECT CASE WHEN NULL THEN 1 ELSE 2 END, if(NULL, 1, 2), NOT NULL, NULL AND true, NULL OR NULL",
    "SELECT count_if(NULL), bool_and(NULL) FROM range(1)",
    "SELECT filter(array(1), x -> NULL), exists(array(1), x -> NULL)",
    "SELECT id FROM range(1) WHERE 1",
    "SELECT id FROM range(1) WHERE 'a'",
    "SELECT count(*) FROM range(1) HAVING 1",
    "SELECT a.id FROM range(1) a JOIN range(1) b ON 1",
    "SELECT a.id FROM range(1) a JOIN range(1) b ON a.id = b.id AND NULL",
    "SELECT a.id FROM range(1) a JOIN range(1) b ON 'a'",
    "SELECT count(*) FILTER (WHERE 1) FROM range(1)",
    "SELECT count(*) FILTER (WHERE NULL) OVER () FROM range(1)",
    "SELECT count(*) FILTER (WHERE 1) OVER () FROM range(1)",
    "SELECT id FROM range(1) WHERE NULL AND id > 0",
    "SELECT id FROM range(1) WHERE NOT NULL",
    "SELECT id FROM range(1) QUALIFY NULL",
    "SELECT id, row_number() OVER (ORDER BY id) r FROM range(1) QUALIFY NULL",
    "FROM range(1) |> WHERE NULL",
]

QUERIES = [*_STRINGS, *_NUMBERS, *_ORDER_BY_ALL, *_UNPIVOT, *_PIPES, *_PIPE_TAILS, *_TWICE, *_SIGNS, *_NAMES, *_UNITS, *_INTERVALS, *_NEIGHBOURS, *_GROUPINGS, *_VALUES, *_CONDITIONS]

PYTHON = [
    "spark.table('emp').orderBy('all')",
    "spark.table('sales').unpivot('k', ['q1', 'q2'], 'q', 'v')",
    "spark.table('sales').unpivot(['k'], None, 'q', 'v')",
    "spark.table('sales').melt(['k', 'q3'], ['q1'], 'q', 'v')",
    "spark.table('sales').select('q1', 'q2').unpivot([], None, 'q', 'v')",
    "spark.table('sales').unpivot(['k'], [], 'q', 'v')",
    "spark.table('sales').unpivot([], ['k', 'q1'], 'q', 'v')",
    "spark.table('sales').unpivot('*', ['q1'], 'q', 'v')",
    "spark.table('sales').unpivot('k', ['*'], 'q', 'v')",
    "spark.table('sales').unpivot('k', ['q1'], 'k', 'v')",
    "spark.table('sales').unpivot('k', ['q1'], 'q', 'K')",
    "spark.table('sales').unpivot('k', ['q1'], 'q', 'q')",
    "spark.table('sales').unpivot(['k', 'k'], ['q1'], 'q', 'v')",
    "spark.table('sales').unpivot('k', ['q1', 'q1'], 'q', 'v')",
    "spark.table('sales').unpivot('nope', ['q1'], 'q', 'v')",
    "spark.table('sales').unpivot('k', ['nope'], 'q', 'v')",
]


def _files(tmp):
    for name, text in (("c/x.csv", "id,s\n1,a\n2,b\n"), ("j/x.json", '{"id":1,"s":"a"}\n{"id":2,"s":"b"}\n'), ("t.txt", "l1\nl2\n"), ("part/k=1/x.json", '{"v":1}\n')):
        path = tmp / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp / "empty").mkdir()


def _asked(spark, texts, tmp):
    """What each text gives: its columns and rows, or its condition."""
    answers = []
    for text in texts:
        try:
            frame = spark.sql(text.format(tmp=tmp))
            answers.append([frame.columns, sorted((tuple(row) for row in frame.collect()), key=repr)])
        except Exception as error:
            found = getattr(error, "getCondition", lambda: None)()
            answers.append([type(error).__name__, found])
    return answers


def files_by_their_path(spark, tmp):
    _files(tmp)
    spark.range(2).coalesce(1).write.parquet(f"{tmp}/p")
    texts = ["SELECT * FROM csv.`{tmp}/c`", "SELECT * FROM json.`{tmp}/j`", "SELECT * FROM JSON.`{tmp}/j/x.json`", "SELECT * FROM text.`{tmp}/t.txt`", "SELECT * FROM parquet.`{tmp}/p`", "SELECT * FROM json.`{tmp}/part`", "SELECT * FROM json.`{tmp}/j/*.json`", "SELECT * FROM json.`file:{tmp}/j`", "SELECT j.id FROM json.`{tmp}/j` AS j", "SELECT * FROM json.`{tmp}/j` t(a, b)", "SELECT count(*) FROM json.`{tmp}/j` a JOIN json.`{tmp}/j` b USING (id)", "TABLE json.`{tmp}/j`", "WITH json AS (SELECT 1 AS x) SELECT * FROM json.`{tmp}/j`", "SELECT _metadata.file_name FROM json.`{tmp}/j`", "SELECT * FROM `json`.`{tmp}/j`"]
    return [_asked(spark, texts, tmp), spark.table(f"json.`{tmp}/j`"), spark.read.table(f"text.`{tmp}/t.txt`").collect(), spark.catalog.tableExists(f"json.`{tmp}/j`")]


def files_by_their_path_refused(spark, tmp):
    _files(tmp)
    texts = ["SELECT * FROM parquet.`{tmp}/nope`", "SELECT * FROM csv.nope", "SELECT * FROM parquet.``", "SELECT * FROM json.`{tmp}/empty`", "SELECT * FROM parquet.`{tmp}/empty`", "SELECT * FROM text.`{tmp}/empty`", "SELECT * FROM parquet.`{tmp}/c`", "SELECT * FROM nosuch.`{tmp}/j`", "SELECT * FROM default.`{tmp}/j`", "SELECT * FROM jdbc.`{tmp}/j`", "SELECT * FROM hive.`{tmp}/j`", "SELECT * FROM rate.`{tmp}/j`", "SELECT * FROM socket.`{tmp}/j`", "SELECT * FROM console.`{tmp}/j`", "SELECT * FROM noop.`{tmp}/j`", "SELECT * FROM spark_catalog.json.`{tmp}/j`", "SELECT * FROM a.json.`{tmp}/j`", "SELECT * FROM `json.{tmp}/j`", "INSERT INTO json.`{tmp}/j` VALUES (3, 'c')", "CREATE TABLE json.`{tmp}/j` AS SELECT 1", "DESCRIBE json.`{tmp}/j`", "DROP TABLE json.`{tmp}/j`"]
    return _asked(spark, texts, tmp)


def files_by_their_path_switched_off(spark, tmp):
    _files(tmp)
    spark.conf.set("spark.sql.runSQLOnFiles", "false")
    try:
        return _asked(spark, ["SELECT * FROM json.`{tmp}/j`"], tmp)
    finally:
        spark.conf.unset("spark.sql.runSQLOnFiles")


def a_view_of_files_by_their_path(spark, tmp):
    _files(tmp)
    texts = ["CREATE OR REPLACE TEMP VIEW by_path AS SELECT * FROM json.`{tmp}/j`", "SELECT * FROM by_path", "DROP VIEW by_path"]
    return _asked(spark, texts, tmp)


def views_over_formats(spark, tmp):
    _files(tmp)
    texts = ["CREATE TEMPORARY VIEW u1 USING json OPTIONS (path '{tmp}/j')", "SELECT * FROM u1", "CREATE TEMPORARY VIEW u1 USING json OPTIONS (path '{tmp}/j')", "CREATE OR REPLACE TEMPORARY VIEW u1 USING csv OPTIONS (path \"{tmp}/c\", header true, inferSchema \"true\")", "SELECT * FROM u1", "CREATE OR REPLACE TEMP VIEW u1 (a int, b string) USING csv OPTIONS ('path' = '{tmp}/c', header = 'true')", "SELECT * FROM u1", "CREATE OR REPLACE TEMP VIEW u1 (a int NOT NULL COMMENT 'x', b string) USING csv OPTIONS (path '{tmp}/c', header 'true')", "SELECT * FROM u1", "CREATE GLOBAL TEMP VIEW sqltext_g USING json OPTIONS (path '{tmp}/j')", "SELECT * FROM global_temp.sqltext_g", "CREATE GLOBAL TEMPORARY VIEW sqltext_g USING json OPTIONS (path '{tmp}/j')", "CREATE OR REPLACE GLOBAL TEMPORARY VIEW sqltext_g USING text OPTIONS (path '{tmp}/t.txt')", "SELECT * FROM global_temp.sqltext_g", "DROP VIEW global_temp.sqltext_g", "CREATE TEMP VIEW session.u2 (x string) USING text OPTIONS (path '{tmp}/t.txt')", "SELECT * FROM u2", "CREATE TEMP TABLE u3 USING json OPTIONS (path '{tmp}/j')", "SELECT * FROM u3", "DROP VIEW u1", "DROP VIEW u2", "DROP VIEW u3"]
    return _asked(spark, texts, tmp)


def views_over_formats_refused(spark, tmp):
    _files(tmp)
    texts = ["CREATE TEMP VIEW u4 (a, b) USING csv OPTIONS (path '{tmp}/c')", "CREATE TEMP VIEW IF NOT EXISTS u4 USING json OPTIONS (path '{tmp}/j')", "CREATE TEMP VIEW u4 USING json OPTIONS (path '{tmp}/nope')", "CREATE TEMP VIEW u4 USING rate", "CREATE TEMP VIEW u4 USING json OPTIONS ()", "CREATE TEMP VIEW u4 USING json OPTIONS (path)", "CREATE TEMP VIEW u4 USING json OPTIONS (path '{tmp}/j', path '{tmp}/j')", "CREATE TEMP VIEW default.u4 USING json OPTIONS (path '{tmp}/j')", "CREATE TEMP VIEW a.b.u4 USING json OPTIONS (path '{tmp}/j')", "CREATE TEMP VIEW u4 USING json OPTIONS (path '{tmp}/j') AS SELECT 1", "CREATE VIEW u4 USING json OPTIONS (path '{tmp}/j')", "CREATE TEMP VIEW u4 (x int) USING text OPTIONS (path '{tmp}/t.txt')", "SELECT * FROM u4"]
    return _asked(spark, texts, tmp)


def views_of_queries(spark, tmp):
    texts = ["CREATE TEMP VIEW u5 (x, y COMMENT 'c') COMMENT 'about' AS SELECT 1 AS a, 2 AS b", "SELECT * FROM u5", "CREATE OR REPLACE TEMP VIEW u5 AS VALUES (1)", "SELECT * FROM u5", "CREATE OR REPLACE TEMP VIEW u5 AS FROM emp |> SELECT id", "SELECT * FROM u5", "CREATE OR REPLACE TEMP VIEW u5 AS TABLE emp", "CREATE OR REPLACE TEMP VIEW u5 AS WITH a AS (SELECT 1) SELECT * FROM a", "CREATE OR REPLACE TEMP VIEW u5 AS (SELECT 1)", "CREATE GLOBAL TEMP VIEW sqltext_q AS SELECT 1 AS a", "CREATE GLOBAL TEMP VIEW sqltext_q AS SELECT 1 AS a", "CREATE OR REPLACE GLOBAL TEMP VIEW sqltext_q AS SELECT 2 AS b", "SELECT * FROM global_temp.sqltext_q", "DROP VIEW global_temp.sqltext_q", "CREATE GLOBAL TEMP VIEW default.sqltext_q AS SELECT 1 AS a", "CREATE GLOBAL TEMP VIEW global_temp.sqltext_q AS SELECT 1 AS a", "CREATE TEMP VIEW u6 (x) AS SELECT 1 AS a, 2 AS b", "CREATE TEMP VIEW u6 (x, y, z) AS SELECT 1 AS a, 2 AS b", "CREATE TEMP VIEW u6 (x, X) AS SELECT 1 AS a, 2 AS b", "CREATE TEMP VIEW IF NOT EXISTS u6 AS SELECT 1", "CREATE TEMP VIEW u6 TBLPROPERTIES (a = 'b') AS SELECT 1", "CREATE TEMP VIEW u6 AS SELECT * FROM u6", "DROP VIEW u5"]
    return _asked(spark, texts, tmp)


def temporary_tables(spark, tmp):
    _files(tmp)
    texts = ["CREATE TEMP TABLE u7 AS SELECT 1 AS a", "CREATE TEMP TABLE u7 (x int) USING json OPTIONS (path '{tmp}/j') AS SELECT 1", "CREATE TEMPORARY TABLE u7 USING json OPTIONS (path '{tmp}/j')", "SELECT * FROM u7", "CREATE OR REPLACE TEMP TABLE u7 USING json OPTIONS (path '{tmp}/j')", "CREATE TEMP TABLE IF NOT EXISTS u7 USING json OPTIONS (path '{tmp}/j')", "DROP VIEW u7", "CREATE TEMP VIEW temp AS SELECT 1 AS a", "SELECT * FROM temp", "DROP VIEW temp", "CREATE TEMP VIEW view AS SELECT 1 AS a", "DROP VIEW view", "CREATE TEMP VIEW u7 USING json OPTIONS ('path' '{tmp}/j')", "SELECT * FROM u7", "DROP VIEW u7", "CREATE TEMP VIEW u7 USING csv OPTIONS ('path' '{tmp}/c', 'header' = 'true')", "SELECT * FROM u7", "DROP VIEW u7"]
    return _asked(spark, texts, tmp)


def columns_twice(spark, tmp):
    texts = ["CREATE TEMP VIEW u8 AS SELECT 1 AS a, 2 AS a", "CREATE TEMP VIEW u8 AS SELECT 1 AS a, 2 AS A", "CREATE TEMP VIEW u8 (a, A) AS SELECT 1, 2", "CREATE TEMP VIEW u8 (a, b) AS SELECT 1 AS x, 2 AS x", "SELECT * FROM u8", "DROP VIEW u8", "CREATE TABLE twice_a (a int, A int) USING parquet", "CREATE TABLE twice_b (a struct<b: int, B: int>) USING parquet", "CREATE TABLE twice_c USING parquet AS SELECT 1 AS a, 2 AS A", "CREATE TABLE twice_d (a int, b int) USING parquet PARTITIONED BY (b, B)", "DROP TABLE IF EXISTS twice_b", "DROP TABLE IF EXISTS twice_d"]
    return _asked(spark, texts, tmp)


def clauses_of_a_table(spark, tmp):
    _files(tmp)
    texts = ["CREATE TABLE ct1 (a int, b int) USING csv OPTIONS (header 'true', sep='|') PARTITIONED BY (b) COMMENT 'it''s' TBLPROPERTIES ('x'='y')", "INSERT INTO ct1 VALUES (1, 2)", "SELECT * FROM ct1", "DROP TABLE ct1", "CREATE TABLE ct2 (a int) USING csv USING json", "CREATE TABLE ct2 (a int) USING csv COMMENT 'a' COMMENT 'b'", "CREATE TABLE ct2 (a int) USING csv AS SELECT 1", "CREATE TABLE ct2 USING csv PARTITIONED BY (b int) AS SELECT 1 AS a, 2 AS b", "CREATE TABLE ct2 USING parquet PARTITIONED BY (b) COMMENT 'x' AS SELECT 2 AS b, 1 AS a", "SELECT * FROM ct2", "DROP TABLE ct2", "CREATE TABLE ct3 (a int, c struct<x:int>, d string) USING json PARTITIONED BY (b int)", "SELECT * FROM ct3", "DROP TABLE ct3", "CREATE TABLE ct3 (a int) USING parquet PARTITIONED BY (nope)", "CREATE TABLE ct3 (a int) USING parquet PARTITIONED BY (a)", "CREATE TABLE ct4 USING parquet", "CREATE TABLE ct4 USING json LOCATION '{tmp}/j'", "SELECT * FROM ct4", "DROP TABLE ct4", "CREATE TABLE ct4 USING csv OPTIONS (header true, inferSchema true, path '{tmp}/c')", "SELECT * FROM ct4", "DROP TABLE ct4", "CREATE TABLE ct5 (a int) USING csv OPTIONS (path '{tmp}/c') LOCATION '{tmp}/c'", "CREATE TABLE ct6 (a foo) USING parquet", "CREATE TABLE ct7 () USING parquet", "CREATE TABLE ct8 USING csv OPTIONS (header true) AS SELECT 1 AS a", "SELECT * FROM ct8", "DROP TABLE ct8", "CREATE TABLE ct9 SELECT 1 AS a", "CREATE TABLE IF NOT EXISTS ct9 (b int) USING parquet;", "SELECT * FROM ct9", "DROP TABLE ct9", "CREATE TABLE ct10 (a int) USING parquet AS", "CREATE TABLE ct10 (a int) nonsense", "CREATE TABLE (a int)"]
    return _asked(spark, texts, tmp)


def descriptions_of_a_table(spark, tmp):
    spark.sql("CREATE TABLE described_ct (a int, b string COMMENT 'c''d', c int) USING parquet PARTITIONED BY (c) COMMENT 'it''s'")
    try:
        table = spark.catalog.getTable("described_ct")
        return [table.description, table.tableType, [(column.name, column.description) for column in spark.catalog.listColumns("described_ct")], spark.sql("DESCRIBE described_ct").collect()]
    finally:
        spark.sql("DROP TABLE described_ct")


def stored_in_columns_of_other_types(spark, tmp):
    texts = ["CREATE TABLE st3 (a int) USING parquet", *[f"INSERT INTO st3 VALUES ({value})" for value in ("'x'", "'1'", "1L", "true", "1.5", "null", "date'2024-01-01'", "1D")], "SELECT * FROM st3", "DROP TABLE st3", "CREATE TABLE st4 (a boolean, t timestamp, d date, s string, st struct<x:int>, l array<int>, dec decimal(5,2)) USING json", *[f"INSERT INTO st4 VALUES ({row})" for row in ("1, null, null, null, null, null, null", "'true', null, null, null, null, null, null", "null, date'2024-01-01', timestamp'2024-01-01 00:00:00', 5, named_struct('x', 1L), array(1L), 1", "null, '2024-01-01', null, true, null, null, null", "null, 5, null, true, null, null, null", "null, null, null, true, named_struct('x', 'a'), null, null", "null, null, null, true, named_struct('y', 1), null, null", "null, null, null, true, null, array('a'), null", "null, null, null, array(1), null, null, 1")], "SELECT * FROM st4", "DROP TABLE st4"]
    return _asked(spark, texts, tmp)


def kinds_of_tables_refused(spark, tmp):
    texts = ["CREATE TABLE kt1 (a array<int>) USING csv", "CREATE TABLE kt1 (a int, b foo) USING parquet PARTITIONED BY (b)", "CREATE TABLE kt1 (a int) USING parquet PARTITIONED BY (b foo)", "CREATE TEMPORARY TABLE kt2 USING json OPTIONS (path '{tmp}/nope');", "SELECT * FROM kt1"]
    return _asked(spark, texts, tmp)


def frames_in_a_text(spark):
    frame = spark.createDataFrame([(1, "a")], "id int, `a``b` string")
    return [spark.sql("SELECT {df[id]}, {c} FROM {df}", df=frame, c=frame["`a``b`"]).collect(), sum("firesteel" in table.name for table in spark.catalog.listTables())]


def statistics_of_nulls(spark):
    frame = spark.createDataFrame([(1, 10.5), (2, None), (3, 3.0), (4, 3.0), (None, 2.0)], "a int, b double")
    return [round(frame.corr("a", "b"), 6), round(frame.cov("a", "b"), 6), round(frame.stat.corr("b", "a"), 6)]


def partitions_twice(spark, tmp):
    frame = spark.range(3).selectExpr("id", "id % 2 AS a")
    answers = []
    for keys in (["a", "a"], ["a", "A"], ["A"], ["id", "a"], ["nope"]):
        try:
            frame.write.partitionBy(*keys).parquet(f"{tmp}/p{len(answers)}")
            answers.append(sorted({path.parent.name for path in (tmp / f"p{len(answers)}").rglob("*.parquet")}))
        except Exception as error:
            answers.append([type(error).__name__, getattr(error, "getCondition", lambda: None)()])
    return answers


def settings_behind_comments(spark, tmp):
    texts = ["/* a */ SET spark.sql.shuffle.partitions", "-- a\nSET spark.sql.shuffle.partitions", "  SET spark.sql.shuffle.partitions ", "SET /* a */ spark.sql.shuffle.partitions", "SET spark.sql.shuffle.partitions /* a */", "SET `my-key` = `1`", "SET my-key = 1", "SET a b", "SET my.key = a=b", "SET my.key =", "SET = 3", "SET my.key;"]
    return _asked(spark, texts, tmp)


def parameters_beside_types(spark):
    return [
        spark.sql("SELECT from_json('{}', 'a int'), CAST(named_struct('a', 1) AS struct<a:int>), :x AS x", args={"x": 5}).collect(),
        spark.sql("SELECT ':x', \":x\", `:x`, :x /* :y */ -- :z\n FROM (SELECT 1 AS `:x`)", args={"x": 5}).collect(),
        spark.sql("SELECT r'\\', :x, '\\':x', id::string FROM range(1)", args={"x": "it's \\ \"q\""}).collect(),
        spark.sql("SELECT ?, '?', id FROM range(3) WHERE id > ?", args=[7, 1]).collect(),
    ]


def intervals_in_columns(spark):
    spark.sql("SELECT interval 1 day AS d, interval 2 hour AS h").createOrReplaceTempView("intervals_of_sqltext")
    found = spark.sql("SELECT typeof(d), typeof(h), cast(d AS string), cast(h AS string), d + h, d * 2, -d, d + interval 1 minute FROM intervals_of_sqltext")
    return [found.schema.simpleString(), found.collect(), spark.sql("DESCRIBE intervals_of_sqltext").collect(), spark.sql("SELECT max(h), first(d) FROM intervals_of_sqltext").schema.simpleString()]
