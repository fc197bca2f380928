"""Odd text and numbers: one question of each kind of difference that the fuzz found and that is no more."""

from decimal import Decimal


def _file(tmp, text, name="in.txt"):
    path = tmp / name
    path.write_bytes(text.encode("utf-8"))
    return str(path)


def _text(path):
    return b"".join(part.read_bytes() for part in sorted(path.glob("part-*"))).decode("utf-8")


EXPRESSIONS = [
    'get_json_object(\'{"a":1} x\', \'$.a\')',
    'get_json_object(\'{"a":1\', \'$.a\')',
    'get_json_object(\'{"a":1,"a":2}\', \'$.a\')',
    'get_json_object(\'{"a":null,"a":2}\', \'$.a\')',
    "get_json_object('null', '$')",
    "get_json_object('[[1,2],[3]]', '$[*][*]')",
    "get_json_object('[[1,2],[3]]', '$[*][0]')",
    "get_json_object('[[1,2],[3]]', '$[0][*]')",
    'get_json_object(\'[{"a":"x"}]\', \'$[*].a\')',
    'get_json_object(\'[{"a":"x"},{"a":"y"}]\', \'$[*].a\')',
    'get_json_object(\'[{"a":[1,2]},{"a":[3]}]\', \'$[*].a[*]\')',
    'get_json_object(\'{"a":{"b":2}}\', \'$.*.b\')',
    'get_json_object(\'{"a":1}\', \'$. a\')',
    'get_json_object(\'{"a":1}\', \'$ .a\')',
    "get_json_object('[1]', '$[ 0]')",
    "get_json_object('[1]', '$[0 ]')",
    'get_json_object(\'{"a":1e400,"b":-0,"c":1.10,"d":1e2,"e":123456789012345678901234567890}\', \'$\')',
    'get_json_object("{\'a\':\'b\\"c\'}", \'$.a\')',
    'get_json_object(\'{"a":"\x01"}\', \'$.a\')',
    "length(get_json_object(concat(repeat('[', 900), repeat(']', 900)), '$'))",
    "length(get_json_object(concat(repeat('[', 1001), repeat(']', 1001)), '$'))",
    "json_array_length('[1,2] x')",
    'json_array_length("[\'a\']")',
    "json_array_length('[1,]')",
    'json_object_keys(\'{"a":1,"a":2} x\')',
    'json_tuple(\'{"a":1,"a":2}\', \'a\')',
    'json_tuple(\'{"a":1,"a":null}\', \'a\')',
    'json_tuple(\'{"it\'\'s":1.50}\', \'it\'\'s\')',
    'from_json(\'{"1":"a"}\', \'map<int,string>\')',
    'from_json(\'{"a":{"1":"a"}}\', \'a map<string,map<int,string>>\')',
    'from_json(\'{"a":1,"b":"x"}\', \'a int, b string, a int\')',
    'from_json(\'{"a":1\', \'a int, b string, a string\', map(\'columnNameOfCorruptRecord\', \'a\'))',
    'from_json(\'{"a":"1","b":"-1","c":"x"}\', \'a date, b date, c date\')',
    'from_json(\'{"a":"1"}\', \'a date\', map(\'dateFormat\', \'yyyy-M-d\'))',
    'from_json(\'{"a":9223372036854775807}\', \'a timestamp\')',
    'from_json(\'{"a":[1e400,NaN,-INF,1.10],"b":-0,"c":NaN}\', \'a string, b string, c string\')',
    'from_json(\'{"a":-0}\', \'a double\')',
    'from_json(\'{"a":1,"a":"x"}\', \'a int, _corrupt_record string\')',
    'from_json(\'{"a":1,"a":2,"a":"x"}\', \'a int\')',
    'from_json(\'{"a":{"b":"x","c":"z"},"a":{"b":1}}\', \'a struct<b:int,c:string>\')',
    'from_json(\'{"a":[2,"x",3],"b":1}\', \'a array<int>, b int\')',
    'from_json(\'{"a":[{"b":"x","c":"1"}],"b":1}\', \'a array<struct<b:int,c:string>>, b int, _corrupt_record string\')',
    'from_json(\'{"a":{"k":{"b":"x","c":"1"}}}\', \'a map<string,struct<b:int,c:string>>\')',
    'from_json(\'{"a":"YQ==YQ=="}\', \'a binary\')',
    'from_json(\'{"a":"YQ==\\\\n"}\', \'a binary\')',
    'from_json(\'{"a":"x"}\', \'a timestamp\', map(\'timestampFormat\', \'yyyyTHH\'))',
    'from_json(\'{"a":"x"}\', \'a string\', map(\'timestampFormat\', \'yyyyTHH\'))',
    'from_json(\'{"a":"x"}\', \'a timestamp\', map(\'timestampFormat\', \'Y\'))',
    'schema_of_json(\'{"a":""}\')',
    'schema_of_json(\'["",1]\')',
    'schema_of_json(\'{"a":{}}\')',
    "schema_of_json('[{}]')",
    "schema_of_json('')",
    'schema_of_json(\'{"a":1,"a":"x"}\')',
    "to_json(named_struct('a', CAST('1e-18' AS decimal(38,18)), 'b', CAST(0 AS decimal(38,18)), 'c', CAST('0.000001' AS decimal(10,8))))",
    "to_json(map(CAST('1e-7' AS decimal(10,8)), 1))",
    "to_csv(named_struct('a', CAST('1e-18' AS decimal(38,18)), 'b', CAST(0 AS decimal(10,7))))",
    "to_csv(named_struct('a', array(CAST('1e-18' AS decimal(38,18)))))",
    "CAST(CAST('1e-18' AS decimal(38,18)) AS string)",
    "format_string('%s', CAST('1e-18' AS decimal(38,18)))",
    "from_csv('a,b\\n', 'x string, _corrupt_record string')",
    "from_csv('a,b\\n\\n', 'x string, _corrupt_record string')",
    "from_csv('a,b\\r', 'x string, _corrupt_record string')",
    "from_csv('\ufeffa,b', 'x string, y string')",
    "from_csv('a,b,c', 'x string, y string, x string', map('columnNameOfCorruptRecord', 'x'))",
    "from_csv('a,b', 'x int, x string', map('columnNameOfCorruptRecord', 'x'))",
    "from_csv('x', 'a date', map('dateFormat', 'yyyyTHH'))",
    "schema_of_csv('\ufeff1,2')",
    "schema_of_csv('-1.,1e0,1e2,1.0,.5')",
    "to_csv(named_struct('a', CAST(NULL AS string)))",
    "to_csv(named_struct('a', CAST(NULL AS string), 'b', CAST(NULL AS int)))",
    "to_csv(named_struct('a', CAST(NULL AS string)), map('nullValue', 'x'))",
    "to_csv(named_struct('a', 'xay', 'b', 'zb'), map('lineSep', 'ab'))",
    "to_csv(named_struct('a', ' #', 'b', '#'))",
    "regexp_replace('A', '\\\\w', '\\\\')",
    "regexp_replace('A', '\\\\w', '$1')",
    "regexp_replace('A', '\\\\w', '$x')",
    "regexp_replace('b', '(', 'a', 100)",
    "split('a', '(')",
    "regexp_extract_all('b', 'a', 5)",
    "regexp_extract_all('a', 'a', 5)",
    "regexp_count('iIİı', '(?iu)i')",
    "regexp_count('hiIjİı', '(?iu)[h-j]')",
    "regexp_count('İIẞ', '(?iU).\\\\p{Graph}{2}')",
    "regexp_count('aé', '(?U)\\\\p{alpha}')",
    "floor(double('Infinity'))",
    "ceil(double('NaN'))",
    'ceil(-1e30D)',
    "conv('-9223372036854775809', 10, 2)",
    "conv('18446744073709551616', 10, 16)",
    "conv('-18446744073709551615', 10, -10)",
    "CAST('1e38' AS decimal(38,0))",
    "CAST('1e37' AS decimal(5,0))",
    "CAST('0e400' AS decimal(5,2))",
    "CAST('１.５' AS decimal(5,2))",
    "CAST('1e٣' AS decimal(10,2))",
    "TRY_CAST('\xa01' AS double)",
    "TRY_CAST('\u30001' AS int)",
    "TRY_CAST('0x1.8p1d' AS double)",
    "TRY_CAST('0x1.ffffffffffffffp0' AS double)",
    "TRY_CAST('0x0.0000000000001p-1022' AS double)",
    "TRY_CAST('0x1.0000018p0' AS float)",
    "TRY_CAST('0x1p1024' AS double)",
    'unix_micros(TRY_CAST(1e30D AS timestamp))',
    'CAST(1e30D AS timestamp)',
    "CAST(double('NaN') AS timestamp)",
    'unix_micros(CAST(CAST(1e30 AS decimal(38,0)) AS timestamp))',
    "to_char(-1.5, '99.PR')",
    "to_char(1, '99.MI')",
    "to_char(1, '9.')",
    "format_number(1234567.891D, '#,##0.00;(#,##0.00)')",
    "format_number(-1.5D, '#,##0.00;(#,##0.00)')",
    "format_number(1234567.891D, '0.###E0')",
    "format_number(1234567.891D, '##0.#####E0')",
    "format_number(0D, '0.###E0')",
    "format_number(-0.001D, '0.###E00')",
    "format_number(0.005D, '0.00%')",
    "format_number(1.5D, '0‰')",
    "format_number(1.5D, '¤0.0')",
    'format_number(2.5D, "\'#\'#")',
    'format_number(1.5D, "0\'x\'\'y\'")',
    "format_number(0.1D, '#.##')",
    "format_number(1D, '#.')",
    "format_number(1.5D, '0.0.0')",
    "format_number(1.5D, '#,')",
    "format_number(1.5D, '0%%')",
    "format_number(1234567890123456789L, '#,##0.0')",
    "format_number(CAST(1.005 AS decimal(5,3)), '0.00')",
    "format_number(double('-Infinity'), 'x0y')",
    "format_number(1.5D, '')",
    'format_number(1.5D, -1)',
    "format_string('%x %#x %X %08X', -129, 255, 255L, 1)",
    "format_string('%#o %o', 8, tinyint(-1))",
    "format_string('%a %A %.2a %.0a', 1.5D, -0.1D, 1e300D, 4.9e-324D)",
    "format_string('%020a|%-12a|%+a', 1.5D, 1.5D, 0D)",
    "format_string('%h %h %H %h %h', 1.5D, 255L, 'abc', true, float(1))",
    "format_string('%.1f %.3s %S %b', CAST(NULL AS double), CAST(NULL AS string), CAST(NULL AS int), CAST(NULL AS int))",
    "format_string('%,012d %(08d %+-8d| % 05d', 128512, -129, 5, 255)",
    "format_string('%010.2f|%(,.2f|%+e|%#.0f', -0.1D, -12345.678D, 1.5D, 2.5D)",
    "format_string('%010.2f|%E|%(f', double('NaN'), double('Infinity'), double('-Infinity'))",
    "format_string('%g %.3g %,g %.0g', 123456789D, 0.0001D, 12345.678D, 2.5D)",
    "format_string('%s %<s %2$s %s', 'a', 'b')",
    "format_string('%5%|%-5%|')",
    "format_string('%s %d', date'2024-01-02', timestamp'2024-01-02 03:04:05')",
    "format_string('%-d', 1)",
    "format_string('%+ d', 1)",
    "format_string('%#s', 1)",
    "format_string('%.1d', 1)",
    "format_string('%,x', 1)",
    "format_string('%c', 65L)",
    "format_string('%i', 1)",
    "format_string('%5', 1)",
    "CAST('epoch' AS date)",
    "CAST(' EPOCH UTC' AS timestamp)",
    "CAST('epoch' AS timestamp_ntz)",
    "TRY_CAST('epoch x' AS date)",
    "CAST('today' AS date) = current_date()",
    "CAST('tomorrow' AS timestamp) > CAST('now' AS timestamp)",
    "to_date('epoch')",
    "date_add('epoch', 1)",
    "from_unixtime(9223372036854775, 'yyy-LLL')",
    "unix_timestamp(timestamp'1969-12-31 23:59:58.5')",
    "unix_seconds(timestamp'1969-12-31 23:59:58.5')",
    "to_unix_timestamp('1969-12-31 23:59:58.5', 'yyyy-MM-dd HH:mm:ss.S')",
    "try_to_timestamp('2024-01-02 03:04:05 GMT+1', 'yyyy-MM-dd HH:mm:ss VV')",
    "try_to_timestamp('2024-01-02 03:04:05 GMT+01:00', 'yyyy-MM-dd HH:mm:ss VV')",
    'try_to_timestamp(\'2024/603\', "y/DD\'h mm.[Sa]")',
    'try_to_timestamp(\'2024at1\', "yyyy\'at\'S\'")',
    "to_timestamp_ntz('x', 'EEE yyyy')",
    "to_timestamp('02 12 2024_0341PM', 'dd MM yyyy_HHmSa')",
    "date_format(timestamp'0001-01-01 00:00:00', 'z')",
    "unix_micros(TRY_CAST('294247-01-10' AS timestamp))",
]

VIEWS = {"w": "SELECT * FROM VALUES (timestamp'2024-01-01 00:00:00', 1), (NULL, 2) AS w(t, v)"}

OVER = [
    ("w", ["window(t, '1 day').start", "count(window(t, '1 day'))"]),
    ("VALUES ('epoch'), ('today') AS v(c)", ["TRY_CAST(c AS date)"]),
]

QUERIES = [
    "SELECT window(t, '1 day').start, count(*) FROM w GROUP BY window(t, '1 day')",
    "SELECT count(*) FROM w GROUP BY window(t, '1 day')",
]


def window_as_a_new_column(spark):
    from pyspark.sql import functions as F

    rows = spark.sql("SELECT * FROM VALUES (timestamp'2024-01-01 00:00:00', 1), (NULL, 2) AS w(t, v)")
    return rows.withColumn("w", F.window("t", "1 day")).select("v", "w.start")


def without_ansi_a_decimal_has_an_exponent(spark):
    spark.conf.set("spark.sql.ansi.enabled", "false")
    try:
        return spark.sql("SELECT CAST(CAST('1e-18' AS decimal(38,18)) AS string) a, concat(CAST(0 AS decimal(10,7)), '') b, floor(1e30D) c, conv('18446744073709551616', 10, 16) d, CAST('1e39' AS decimal(38,0)) e").collect()
    finally:
        spark.conf.set("spark.sql.ansi.enabled", "true")


def line_ends_between_quotes(spark, tmp):
    texts = ['"a\rb",c\r', '"a\r\nb",c\r\n', 'x,y\n"a\rb",c\n', 'x,y\r\n"a\rb",c\r\n', 'x,y\r"a\r\nb",c\r', 'x,y\r"a\r"b,c\r']
    return [spark.read.csv(_file(tmp, text, f"{i}.csv"), multiLine=True).collect() for i, text in enumerate(texts)]


def line_feed_within_a_line(spark, tmp):
    path = _file(tmp, "a,b\n\r\nc,d\r\n")
    return [spark.read.csv(path, lineSep="\r\n").collect(), spark.read.csv(_file(tmp, "a,b\n;c,d;", "x"), lineSep=";").collect()]


def files_of_blank_lines(spark, tmp):
    frames = [spark.read.csv(_file(tmp, "\n", "a")), spark.read.csv(_file(tmp, "", "b"), header=True), spark.read.json(_file(tmp, "\n", "c")), spark.read.json(_file(tmp, "", "d"))]
    return [[frame.schema.simpleString(), frame.count()] for frame in frames]


def byte_order_marks(spark, tmp):
    mark = "\ufeff"
    csv, json = _file(tmp, f"{mark}{mark}a\n{mark}b\n", "a"), _file(tmp, f'{mark}{{"a":1}}\n{mark}{{"a":2}}\n', "b")
    return [spark.read.csv(csv).collect(), spark.read.json(json).collect(), spark.read.csv(_file(tmp, f"\n{mark}a\n", "c")).collect()]


def header_that_is_not_enforced(spark, tmp):
    path = _file(tmp, " a ,b\n1,2\n")
    return spark.read.schema("a string, b string").csv(path, header=True, enforceSchema=False).collect()


def header_in_another_case_that_is_not_enforced(spark, tmp):
    return spark.read.schema("a string, b string").csv(_file(tmp, "A,B\n1,2\n"), header=True, enforceSchema=False).collect()


def rows_of_one_null(spark, tmp):
    frame = spark.createDataFrame([(None,), ("x",), (None,)], "a string").coalesce(1)
    frame.write.csv(str(tmp / "out"))
    frame.write.csv(str(tmp / "quoted"), quoteAll=True)
    return [_text(tmp / "out"), _text(tmp / "quoted")]


def line_separators_in_cells(spark, tmp):
    spark.createDataFrame([("x;y", "z"), ("x\ny", " #")], "a string, b string").coalesce(1).write.csv(str(tmp / "out"), lineSep=";")
    return _text(tmp / "out")


def decimals_in_files(spark, tmp):
    frame = spark.createDataFrame([(Decimal("1e-18"),)], "a decimal(38,18)").coalesce(1)
    frame.write.csv(str(tmp / "csv"))
    frame.write.json(str(tmp / "json"))
    return [_text(tmp / "csv"), _text(tmp / "json")]


def schema_with_a_name_twice(spark, tmp):
    return spark.read.schema("a string, b struct<c:int,C:int>").json(_file(tmp, "{}"))


def schema_with_a_column_twice(spark, tmp):
    return spark.read.schema("a string, a int").csv(_file(tmp, "1,2"))


def nothing_says_nothing_of_a_type(spark, tmp):
    texts = ['{"a":0}\n{"a":""}', '{"a":{}}\n{"a":1}', '{"a":{}}\n', '{"b":1.5,"b":{}}', '{"a":0}\n{"A":1.5}', '{"a":0}\n{"A":{}}', '{"a":"x"}\n{"a":[]}', '[]\n{"a":1}', '{"":1,"":2,"a":3}']
    return [spark.read.json(_file(tmp, text, f"{i}.json")).schema.simpleString() for i, text in enumerate(texts)]


def numbers_as_text_in_files(spark, tmp):
    path = _file(tmp, '{"a":1e400,"b":NaN,"c":-0}')
    return [spark.read.schema("a string, b string, c double").json(path).collect(), spark.read.schema("a string, b string").json(path, encoding="UTF-8").collect()]


def json_deeper_than_a_hundred(spark):
    deep = '{"a":' * 300 + "1" + "}" * 300
    frame = spark.createDataFrame([(deep,)], "s string")
    return frame.selectExpr("length(get_json_object(s, '$.a'))", "size(json_object_keys(s))").collect()


def times_in_zones(spark):
    answers = []
    try:
        for zone in ("America/New_York", "Asia/Kolkata", "Europe/London", "Europe/Warsaw", "Pacific/Auckland", "America/Phoenix", "Etc/GMT+5", "Asia/Singapore"):
            spark.conf.set("spark.sql.session.timeZone", zone)
            answers += [str(cell) for cell in spark.sql("SELECT unix_date(try_to_date('2024-01-02 03:04:05 Europe/London', 'yyyy-MM-dd HH:mm:ss VV')), date_format(timestamp'2024-07-02 03:04:05', 'zzzz z'), date_format(timestamp'2024-01-02 03:04:05', 'zzzz z'), date_format(timestamp'0001-01-01 00:00:00', 'z'), unix_micros(CAST('epoch' AS timestamp)), unix_micros(TRY_CAST('294247-01-10' AS timestamp))").first()]
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")
    return answers
