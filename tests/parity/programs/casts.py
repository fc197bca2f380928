"""Casts between every pair of types that scripts use: values, string forms, ANSI errors, try_cast."""

EXPRESSIONS = [
    # to integers
    "cast('12' as int)",
    "cast(' 12 ' as int)",
    "cast('+12' as int)",
    "cast('1.9' as int)",
    "cast('' as int)",
    "cast('x' as int)",
    "cast(null as int)",
    "cast('2147483648' as int)",
    "cast('9223372036854775808' as bigint)",
    "cast('1e3' as int)",
    "cast(1.9D as int)",
    "cast(-1.9D as int)",
    "cast(1e20D as int)",
    "cast(double('NaN') as int)",
    "cast(300 as tinyint)",
    "cast(70000 as smallint)",
    "cast(5000000000L as int)",
    "cast(2.7 as int)",
    "cast(99999999999.0 as int)",
    "cast(true as int)",
    "cast(timestamp'2024-01-01 00:00:01.9' as bigint)",
    "cast(timestamp'1969-12-31 23:59:58.5' as bigint)",
    "cast(date'2024-01-01' as int)",
    "cast(interval 3 day as int)",
    "int('5')",
    "bigint('5')",
    "'7' :: int",
    "try_cast('x' as int)",
    "try_cast('7' as int)",
    "try_cast(300 as tinyint)",
    "try_cast('x' as date)",
    "try_cast('2024-13-01' as timestamp)",
    "try_cast(1e20D as int)",
    # to floating point
    "cast('1.5' as double)",
    "cast(' 1.5 ' as double)",
    "cast('1.5d' as double)",
    "cast('NaN' as double)",
    "cast('nan' as double)",
    "cast('inf' as double)",
    "cast('-Infinity' as double)",
    "cast('1e400' as double)",
    "cast('x' as double)",
    "cast(1.1F as double)",
    "cast(16777217 as float)",
    "cast(1.1D as float)",
    "cast(true as double)",
    "cast(1.25 as double)",
    "cast(timestamp'2024-01-01 00:00:00.5' as double)",
    # to boolean
    "cast('true' as boolean)",
    "cast('T' as boolean)",
    "cast('yes' as boolean)",
    "cast('0' as boolean)",
    "cast(' false ' as boolean)",
    "cast('maybe' as boolean)",
    "cast(2 as boolean)",
    "cast(0.0D as boolean)",
    "cast(double('NaN') as boolean)",
    # to decimal
    "cast('1.255' as decimal(10,2))",
    "cast('1e2' as decimal(10,2))",
    "cast('x' as decimal(10,2))",
    "cast(1.005D as decimal(10,2))",
    "cast(1.5F as decimal(10,2))",
    "cast(123456 as decimal(5,2))",
    "cast(123 as decimal)",
    "cast(2.345 as decimal(3,2))",
    "cast(-2.345 as decimal(3,2))",
    "cast(true as decimal(3,2))",
    "try_cast(123456 as decimal(5,2))",
    "cast(double('NaN') as decimal(5,2))",
    # string forms
    "cast(1.0D as string)",
    "cast(100.0D as string)",
    "cast(1234567.0D as string)",
    "cast(12345678.0D as string)",
    "cast(0.001D as string)",
    "cast(0.0001D as string)",
    "cast(1e21D as string)",
    "cast(1.0E-10D as string)",
    "cast(0.1D + 0.2D as string)",
    "cast(-0.0D as string)",
    "cast(1.1F as string)",
    "cast(3.4e38F as string)",
    "cast(1e7F as string)",
    "cast(double('NaN') as string)",
    "cast(double('-Infinity') as string)",
    "cast(2e-3D as string)",
    "cast(4.9E-324D as string)",
    "cast(9007199254740993L as double)",
    "cast(cast(1 as decimal(10,2)) as string)",
    "cast(cast('0.00000001' as decimal(20,10)) as string)",
    "cast(cast(0 as decimal(20,10)) as string)",
    "cast(true as string)",
    "cast(-5Y as string)",
    "cast(date'2024-01-05' as string)",
    "cast(date'0005-01-05' as string)",
    "cast(timestamp'2024-01-05 01:02:03' as string)",
    "cast(timestamp'2024-01-05 01:02:03.120' as string)",
    "cast(timestamp'2024-01-05 01:02:03.000001' as string)",
    "cast(timestamp_ntz'2024-01-05 01:02:03.5' as string)",
    "cast(X'414243' as string)",
    "cast(X'414243' as binary)",
    "cast('abc' as binary)",
    "cast(array(1, null, 3) as string)",
    "cast(array('a', 'b') as string)",
    "cast(map('k', 1, 'l', null) as string)",
    "cast(struct(1, 'a', null) as string)",
    "cast(named_struct('x', 1.5D, 'y', array(true)) as string)",
    "cast(interval 1 day as string)",
    "cast(interval '1 2:03:04.5' day to second as string)",
    "cast(interval '2-3' year to month as string)",
    "cast(interval 90 minute as string)",
    "cast(interval -3 month as string)",
    "cast('abcdef' as varchar(3))",
    "cast('ab' as char(4))",
    # dates and timestamps
    "cast('2024-01-05' as date)",
    "cast('2024-1-5' as date)",
    "cast('2024-01' as date)",
    "cast('2024' as date)",
    "cast(' 2024-01-05 ' as date)",
    "cast('2024-01-05T10:00:00' as date)",
    "cast('2024-01-05 10:00' as date)",
    "cast('2024-02-30' as date)",
    "cast('01/05/2024' as date)",
    "cast('20240105' as date)",
    "cast('' as date)",
    "cast(timestamp'2024-01-05 23:59:59' as date)",
    "cast(1 as date)",
    "cast('2024-01-05 01:02:03' as timestamp)",
    "cast('2024-01-05T01:02:03Z' as timestamp)",
    "cast('2024-01-05T01:02:03+02:00' as timestamp)",
    "cast('2024-01-05 01:02:03.1234567' as timestamp)",
    "cast('2024-01-05 01:02' as timestamp)",
    "cast('2024-01-05' as timestamp)",
    "cast('2024-01-05 01:02:03 Europe/Paris' as timestamp)",
    "cast('12:30:00' as timestamp) is not null",
    "cast('2024-01-05 25:00:00' as timestamp)",
    "cast('nonsense' as timestamp)",
    "cast(date'2024-01-05' as timestamp)",
    "cast(0 as timestamp)",
    "cast(1704416523.5D as timestamp)",
    "cast(1704416523 as timestamp)",
    "cast(1.5 as timestamp)",
    "cast(true as timestamp)",
    "cast('2024-01-05 01:02:03' as timestamp_ntz)",
    "cast(timestamp'2024-01-05 01:02:03' as timestamp_ntz)",
    "cast('1' as interval)",
    "cast('interval 1 day' as interval day)",
    # nested
    "cast(array('1', '2') as array<int>)",
    "cast(array('1', 'x') as array<int>)",
    "cast(map('a', '1') as map<string,double>)",
    "cast(named_struct('a', '1', 'b', 2) as struct<x:int,y:string>)",
    "cast(array(1, 2) as string) = '[1, 2]'",
    "cast(1 as array<int>)",
    "cast(struct(1) as int)",
    "cast('[1]' as array<int>)",
    "cast(array(1) as int)",
    "cast(1 as nosuchtype)",
    "cast('a' as decimal(40,2))",
]

OVER = [
    (
        "VALUES ('1'), ('2.5'), (' 3 '), (null) AS t(s)",
        ["cast(s as double)", "try_cast(s as int)", "cast(s as decimal(5,1))", "try_cast(s as boolean)"],
    ),
    ("VALUES (1.5D), (1e10D), (double('NaN')) AS t(d)", ["try_cast(d as int)", "cast(d as string)", "cast(d as float)", "cast(d as int)"]),
    (
        "VALUES ('2024-01-05'), ('2024-01-05 10:20:30.5'), ('bad') AS t(s)",
        ["try_cast(s as date)", "try_cast(s as timestamp)", "cast(s as date)"],
    ),
]


def column_cast_names_and_types(spark):
    df = spark.createDataFrame([(1, "2", 3.5)], "a int, b string, c double")
    return df.select(
        df.a.cast("string"), df.b.cast("int"), df.c.cast("decimal(5,2)"), df.a.astype("double"), df.b.try_cast("date"),
        df.a.cast("int"), df.c.cast("float"), df.a.cast("boolean"),
    )


def cast_of_a_bad_string_column(spark):
    return spark.createDataFrame([("1",), ("oops",)], "s string").selectExpr("cast(s as int)").collect()


def cast_in_select_of_dataframe(spark):
    from pyspark.sql.types import DateType, LongType, TimestampType

    df = spark.createDataFrame([("2024-02-29", "10")], ["d", "n"])
    return df.select(df.d.cast(DateType()), df.n.cast(LongType()).alias("n"), df.d.cast(TimestampType()).alias("t"))


def cast_to_what_is_no_type(spark):
    return spark.range(1).select(spark.range(1).id.cast("nosuch")).collect()


def cast_to_a_python_object(spark):
    return spark.range(1).id.cast(5)
