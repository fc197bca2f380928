//! Files read once: what stands in them, by PySpark 4.3's answers to the same files.

use std::path::{Path, PathBuf};

use arrow::array::Array;
use firesteel::error::Error;
use firesteel::types::display;
use firesteel::types::simple_name;
use firesteel::types::zone::Zone;
use tempfile::TempDir;

use crate::support::{Load, read_all};

/// A directory with one file.
struct Data {
    dir: TempDir,
    file: PathBuf,
}

fn data(name: &str, bytes: &[u8]) -> Data {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, bytes).unwrap();
    Data { dir, file }
}

/// The schema and the rows of a read, as text.
fn shown(load: Load<'_>) -> Result<(String, Vec<String>), Error> {
    let (schema, batches) = read_all(load)?;
    let names: Vec<_> =
        schema.fields().iter().map(|f| format!("{}:{}", f.name(), simple_name(f.data_type()))).collect();
    let mut rows = Vec::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().map(|column| match column.is_null(row) {
                true => "-".to_owned(),
                false => display::one(column, row, Zone::UTC),
            });
            rows.push(cells.collect::<Vec<_>>().join("|"));
        }
    }
    Ok((names.join(","), rows))
}

fn csv(text: &str, schema: &str, options: &[(&str, &str)]) -> Vec<String> {
    let file = data("a.csv", text.as_bytes());
    shown(Load { format: "csv", path: &file.file, schema, options }).unwrap().1
}

fn csv_schema(text: &str, options: &[(&str, &str)]) -> String {
    let file = data("a.csv", text.as_bytes());
    shown(Load { format: "csv", path: &file.file, schema: "", options }).unwrap().0
}

fn json(text: &str, schema: &str, options: &[(&str, &str)]) -> (String, Vec<String>) {
    let file = data("a.json", text.as_bytes());
    shown(Load { format: "json", path: &file.file, schema, options }).unwrap()
}

fn fails(format: &str, path: &Path, schema: &str, options: &[(&str, &str)]) -> Error {
    shown(Load { format, path, schema, options }).unwrap_err()
}

fn condition(error: &Error) -> &'static str {
    error.condition().map_or("", |condition| condition.name)
}

#[test]
fn csv_types_are_inferred_in_sparks_order() {
    let line = "1,2147483648,99999999999999999999,1.5,true,2020-01-01,2020-01-01 10:00:00,abc,,NaN,-Inf,1e3,2020-01-01T10:00:00Z,2020\n";
    assert_eq!(
        csv_schema(line, &[("inferSchema", "true")]),
        "_c0:int,_c1:bigint,_c2:decimal(20,0),_c3:double,_c4:boolean,_c5:date,_c6:timestamp,_c7:string,_c8:string,_c9:double,_c10:double,\
         _c11:double,_c12:timestamp,_c13:int"
    );
    for (text, expected) in [
        ("2020-01-01\n2020-01-01 10:00:00\n", "timestamp"),
        ("2020-01-01T\n", "string"),
        ("2020-01\n", "timestamp"),
        ("2020/01/01\n", "string"),
        ("1\n1.5\n", "double"),
        ("99999999999999999999\n1.5\n", "double"),
        ("99999999999999999999\n1\n", "decimal(20,0)"),
        ("true\n1\n", "string"),
        (" 1\n2 \n", "double"),
        ("+1\n", "int"),
        ("1d\n", "double"),
        ("0x10\n", "string"),
    ] {
        assert_eq!(csv_schema(text, &[("inferSchema", "true")]), format!("_c0:{expected}"), "{text:?}");
    }
}

#[test]
fn csv_headers_name_columns() {
    assert_eq!(csv_schema("a,A,a,\n1,2,3,4\n", &[("header", "true")]), "a0:string,A1:string,a2:string,_c3:string");
    assert_eq!(csv("a,b\n1,2,3\n4\n", "", &[("header", "true")]), ["1|2", "4|-"]);
    assert_eq!(csv("b,a\n1,2\n", "a int, b int", &[("header", "true")]), ["1|2"]);
    let file = data("a.csv", b"b,a\n1,2\n");
    let error = fails("csv", &file.file, "a int, b int", &[("header", "true"), ("enforceSchema", "false")]);
    assert!(error.to_string().contains("header"), "{error}");
}

#[test]
fn csv_nulls_and_quotes_are_sparks() {
    assert_eq!(csv("a,b,c\n1,,\"\"\n", "", &[]), ["a|b|c", "1|-|-"]);
    assert_eq!(csv("NA,1\n,2\n", "a string, b int", &[("nullValue", "NA")]), ["-|1", "-|2"]);
    assert_eq!(csv("\"\",a\n,b\n", "", &[("emptyValue", "EMPTY")]), ["EMPTY|a", "-|b"]);
    assert_eq!(csv("a\"b\"c,\"d\"e,\"f\"\"g\",\"h\\\"i\"\n", "", &[]), ["a\"b\"c|\"d\"e|\"f\"\"g\"|h\"i"]);
    assert_eq!(csv("\"a\"\"b\",c\n", "", &[("escape", "\"")]), ["a\"b|c"]);
    assert_eq!(csv("\"abc,d\ne,f\n", "", &[]), ["abc,d", "e"]);
    assert_eq!(csv("\"a\nb\",c\n\"d\",e\n", "x string, y string", &[]), ["a|-", "b\"|c", "d|e"]);
    assert_eq!(csv("\"a\nb\",c\n\"d\",e\n", "x string, y string", &[("multiLine", "true")]), ["a\nb|c", "d|e"]);
    assert_eq!(csv("\"a\",b\n", "", &[("quote", "")]), ["\"a\"|b"]);
    assert_eq!(csv("  a , \"b\" \n", "", &[]), ["  a | \"b\" "]);
    let trim = [("ignoreLeadingWhiteSpace", "true"), ("ignoreTrailingWhiteSpace", "true")];
    assert_eq!(csv("  a , \"b\" \n", "", &trim), ["a|b"]);
    assert_eq!(csv("a,\"b\"c,d\n", "", &[("unescapedQuoteHandling", "STOP_AT_CLOSING_QUOTE")]), ["a|b\"c,d"]);
    assert_eq!(csv("a,\"b\"c,d\n", "", &[("unescapedQuoteHandling", "SKIP_VALUE")]), ["a|-|d"]);
}

#[test]
fn csv_charsets_are_javas() {
    let read = |bytes: &[u8], charset: &str| {
        let file = data("a.csv", bytes);
        shown(Load { format: "csv", path: &file.file, schema: "", options: &[("encoding", charset)] }).unwrap().1
    };
    assert_eq!(read(b"\xe9,\x80\n", "ISO-8859-1"), ["é|\u{80}"]);
    assert_eq!(read(b"a\xe9,b\n", "us-ascii"), ["a\u{fffd}|b"]);
    assert_eq!(read(b"\0a\0,\0b\0\n", "UTF-16"), ["a|b"]);
    assert_eq!(read(b"a\0,\0b\0\n\0", "UTF-16LE"), ["a|b"]);
    let file = data("a.csv", b"a\n");
    for name in ["windows-1252", "utf8"] {
        let error = fails("csv", &file.file, "", &[("encoding", name)]);
        assert_eq!(condition(&error), "INVALID_PARAMETER_VALUE.CHARSET", "{name}");
    }
}

#[test]
fn csv_decimals_have_commas_and_no_spaces_and_doubles_may_be_hexadecimal() {
    let schema = "a decimal(10,2), b double";
    assert_eq!(csv("\"1,000.5\",0x1p3\n 1,0x1.8p1\n1,-0x10p-4\n", schema, &[]), ["1000.50|8.0", "-|3.0", "1.00|-1.0"]);
    assert_eq!(csv_schema("\"1,000\"\n", &[("inferSchema", "true")]), "_c0:decimal(4,0)");
}

#[test]
fn a_json_name_that_stands_twice_has_its_last_value_that_fits() {
    let text = r#"{"a":1,"a":2}
{"a":1,"a":"x"}
{"a":"x","a":2}
"#;
    let (_, rows) = json(text, "a int, _corrupt_record string", &[]);
    assert_eq!(rows, ["2|-", r#"1|{"a":1,"a":"x"}"#, r#"2|{"a":"x","a":2}"#]);
    let file = data("a.json", text.as_bytes());
    assert_eq!(condition(&fails("json", &file.file, "", &[])), "COLUMN_ALREADY_EXISTS");
}

#[test]
fn json_names_of_two_lines_that_differ_by_case_are_one_unless_case_counts() {
    let text = "{\"a\":1}\n{\"A\":2}\n";
    let found = |rows: &[&str]| rows.iter().map(|row| (*row).to_owned()).collect::<Vec<_>>();
    assert_eq!(json(text, "", &[]), ("a:bigint".to_owned(), found(&["1", "-"])));
    let sensitive = [("conf:spark.sql.caseSensitive", "true")];
    assert_eq!(json(text, "", &sensitive), ("A:bigint,a:bigint".to_owned(), found(&["-|1", "2|-"])));
    let nested = "{\"s\":{\"b\":1}}\n{\"s\":{\"B\":2}}\n";
    assert_eq!(json(nested, "", &[]).0, "s:struct<b:bigint>");
    let file = data("a.json", b"{\"a\":1,\"A\":2}\n");
    assert_eq!(condition(&fails("json", &file.file, "", &[])), "COLUMN_ALREADY_EXISTS");
    assert_eq!(json("{\"a\":1,\"A\":2}\n", "", &sensitive).0, "A:bigint,a:bigint");
}

#[test]
fn json_bytes_may_be_unsigned_and_words_for_numbers_are_jacksons() {
    let text = "{\"a\":128}\n{\"a\":255}\n{\"a\":256}\n{\"a\":-129}\n";
    assert_eq!(json(text, "a tinyint", &[]).1, ["-128", "-1", "-", "-"]);
    let text = "{\"a\":+INF}\n{\"a\":INF}\n{\"a\":-NaN}\n{\"a\":NaN}\n";
    assert_eq!(json(text, "a double", &[]).1, ["Infinity", "-", "-", "NaN"]);
}

#[test]
fn a_query_of_the_corrupt_record_alone_is_refused_though_there_is_no_other_column() {
    let file = data("a.json", b"{x\n");
    let name = "UNSUPPORTED_FEATURE.QUERY_ONLY_CORRUPT_RECORD_COLUMN";
    assert_eq!(condition(&fails("json", &file.file, "_corrupt_record string", &[])), name);
}

#[test]
fn csv_separators_comments_and_line_ends() {
    assert_eq!(csv("a||b\n", "", &[("sep", "||")]), ["a|b"]);
    assert_eq!(csv("a\tb\n", "", &[("sep", "\\t")]), ["a|b"]);
    assert_eq!(csv("#x\n1,2\n", "", &[("comment", "#")]), ["1|2"]);
    assert_eq!(csv("1,2\n\n3,4\n  \n", "a int, b string", &[]), ["1|2", "3|4"]);
    assert_eq!(csv("1,2\r\n3,4\r\n", "", &[]), ["1|2", "3|4"]);
    assert_eq!(csv("1,2\r3,4\r", "", &[]), ["1|2", "3|4"]);
    assert_eq!(csv("1,2;3,4;", "", &[("lineSep", ";")]), ["1|2", "3|4"]);
    assert_eq!(csv("\u{feff}a,b\n1,2\n", "", &[("header", "true")]), ["1|2"]);
}

#[test]
fn a_malformed_csv_record_concerns_itself_alone() {
    let text = "1,x\nz,w\n1,2,3\n4\n";
    assert_eq!(csv(text, "a int, b string", &[]), ["1|x", "-|w", "1|2", "4|-"]);
    assert_eq!(csv(text, "a int, b string", &[("mode", "DROPMALFORMED")]), ["1|x"]);
    assert_eq!(csv(text, "a int, b string, _corrupt_record string", &[]), ["1|x|-", "-|w|z,w", "1|2|1,2,3", "4|-|4"]);
    assert_eq!(csv(text, "a int, _corrupt_record string, b string", &[]), ["1|-|x", "-|z,w|w", "1|1,2,3|2", "4|4|-"]);
    let file = data("a.csv", text.as_bytes());
    let error = fails("csv", &file.file, "a int, b string", &[("mode", "FAILFAST")]);
    assert_eq!(condition(&error), "FAILED_READ_FILE.NO_HINT");
    assert!(error.to_string().contains("z,w"), "{error}");
    let error = fails("csv", &file.file, "a int, b string, _corrupt_record int", &[]);
    assert_eq!(condition(&error), "INVALID_CORRUPT_RECORD_TYPE");
}

#[test]
fn csv_values_are_sparks() {
    let schema = "a byte,b short,c int,d long,e float,f double,g boolean,h decimal(5,1),i date,j timestamp";
    assert_eq!(
        csv("1,2,3,4,1.5,2.5,true,1.23,2020-01-01,2020-01-01 01:02:03\n", schema, &[]),
        ["1|2|3|4|1.5|2.5|true|1.2|2020-01-01|2020-01-01 01:02:03"]
    );
    assert_eq!(csv("300,2,3,4,x,2.5,yes,12345678.23,2020-13-01,foo\n", schema, &[]), ["-|2|3|4|-|2.5|-|-|-|-"]);
    assert_eq!(csv(" 1,2 \n", "a int, b int", &[]), ["-|-"]);
    assert_eq!(csv(" 1.5,2.5 \n", "a double, b double", &[]), ["1.5|2.5"]);
    assert_eq!(csv("01/02/2020,2020-01-02\n", "a date, b date", &[("dateFormat", "dd/MM/yyyy")]), ["2020-02-01|-"]);
    assert_eq!(csv("01/02/2020 10\n", "a timestamp", &[("timestampFormat", "dd/MM/yyyy HH")]), ["2020-02-01 10:00:00"]);
    assert_eq!(
        csv("2020-01-01 10:00:00,2020-01-01T10:00:00+01:00\n", "a timestamp_ntz, b timestamp_ntz", &[]),
        ["2020-01-01 10:00:00|-"]
    );
}

#[test]
fn csv_refuses_what_it_cannot_do() {
    let file = data("a.csv", b"1,2,3\n");
    assert_eq!(condition(&fails("csv", &file.file, "a array<int>", &[])), "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE");
    assert_eq!(condition(&fails("csv", &file.file, "", &[("maxColumns", "2")])), "MALFORMED_CSV_RECORD");
    assert_eq!(condition(&fails("csv", &file.file, "", &[("encoding", "nope")])), "INVALID_PARAMETER_VALUE.CHARSET");
    for (key, value) in [("sep", ""), ("samplingRatio", "0"), ("locale", "de-DE"), ("quote", "ab"), ("header", "x")] {
        let error = fails("csv", &file.file, "", &[(key, value)]);
        assert!(error.to_string().contains(key), "{error}");
    }
}

#[test]
fn one_bad_line_among_many_fails_nothing() {
    let mut text = String::new();
    for i in 0..50_000 {
        text.push_str(if i == 31_234 { "oops,\n" } else { "1,2\n" });
    }
    assert_eq!(csv(&text, "a int, b int", &[]).iter().filter(|row| *row == "-|-").count(), 1);
    assert_eq!(csv(&text, "a int, b int", &[("mode", "DROPMALFORMED")]).len(), 49_999);
}

#[test]
fn json_schemas_are_inferred_as_sparks() {
    let text = r#"{"b":1,"a":"x","c":1.5,"d":true,"e":null,"f":{"z":1,"y":[1,2]},"g":[{"k":1},{"l":"s"}],"h":[],"i":{},"j":[null],"k":12345678901234567890,"n":[1,"a"],"o":[[1],[2.5]]}"#;
    assert_eq!(
        json(text, "", &[]).0,
        "a:string,b:bigint,c:double,d:boolean,e:string,f:struct<y:array<bigint>,z:bigint>,g:array<struct<k:bigint,l:string>>,\
         h:array<string>,j:array<string>,k:decimal(20,0),n:array<string>,o:array<array<double>>"
    );
    let mixed = "{\"a\":1}\n{\"a\":1.5}\n{\"a\":\"x\"}\n{\"b\":[1]}\n{\"b\":[\"x\"]}\n{\"c\":1}\n{\"c\":{\"d\":1}}\n";
    let (schema, rows) = json(mixed, "", &[]);
    assert_eq!(schema, "a:string,b:array<string>,c:string");
    assert_eq!(rows[6], "-|-|{\"d\":1}");
    let empty = r#"{"a":null,"b":[],"c":{"d":null},"e":1,"f":[null]}"#;
    assert_eq!(json(empty, "", &[("dropFieldIfAllNull", "true")]).0, "e:bigint");
    let text = r#"{"a":1,"b":[1,true],"c":{"d":1.50}}"#;
    assert_eq!(json(text, "", &[("primitivesAsString", "true")]).0, "a:string,b:array<string>,c:struct<d:string>");
    let (schema, rows) =
        json("{\"a\":1}\n{\"a\":\n\n[1]\n\"x\"\n[{\"a\":2},{\"a\":3}]\n{\"a\":4} trailing\n{}\n", "", &[]);
    assert_eq!(schema, "_corrupt_record:string,a:bigint");
    assert_eq!(rows, ["-|1", "{\"a\":|-", "[1]|-", "\"x\"|-", "-|2", "-|3", "-|4", "-|-"]);
    let file = data("a.json", b"{\"a\":1,\"A\":2}\n");
    assert_eq!(condition(&fails("json", &file.file, "", &[])), "COLUMN_ALREADY_EXISTS");
}

#[test]
fn a_malformed_json_record_concerns_itself_alone() {
    let text = "{\"a\":1,\"b\":\"x\"}\n{\"a\":\"z\",\"b\":\"y\"}\n{\"a\":\n{\"b\":\"q\",\"a\":2.5}\n{\"a\":3,\"b\":{\"x\":1}}\n{\"a\":null}\n[1,2]\n\
                [{\"a\":7},{\"a\":8}]\n   \nnull\n{\"A\":9}\n{\"a\":1,\"a\":2}\n";
    assert_eq!(
        json(text, "a int, b string, _corrupt_record string", &[]).1,
        [
            "1|x|-",
            "-|y|{\"a\":\"z\",\"b\":\"y\"}",
            "-|-|{\"a\":",
            "-|q|{\"b\":\"q\",\"a\":2.5}",
            "3|{\"x\":1}|-",
            "-|-|-",
            "-|-|[1,2]",
            "7|-|-",
            "8|-|-",
            "-|-|null",
            "-|-|-",
            "2|-|-",
        ]
    );
    let three = "{\"a\":1,\"b\":\"x\"}\n{\"a\":\"z\",\"b\":\"y\"}\n{\"a\":\n";
    assert_eq!(json(three, "a int, b string", &[("mode", "DROPMALFORMED")]).1, ["1|x"]);
    let file = data("a.json", three.as_bytes());
    assert_eq!(
        condition(&fails("json", &file.file, "a int, b string", &[("mode", "FAILFAST")])),
        "FAILED_READ_FILE.NO_HINT"
    );
}

#[test]
fn json_values_are_sparks() {
    let one = |text: &str, schema: &str| json(text, schema, &[]).1.join("\n");
    assert_eq!(one(r#"{"a":"1","b":"2","c":"1.5"}"#, "a int, b long, c double"), "-|-|-");
    assert_eq!(one(r#"{"a":1.0,"b":1e2,"c":1}"#, "a int, b long, c double"), "-|-|1.0");
    assert_eq!(
        one(r#"{"a":"1.5","b":1,"c":123456.7}"#, "a decimal(5,2), b decimal(5,2), c decimal(5,2)"),
        "1.50|1.00|-"
    );
    assert_eq!(
        one(
            r#"{"a":1577836800,"b":1577836800,"c":"2020-01-01 10","d":"2020-1-1"}"#,
            "a timestamp, b date, c timestamp, d date"
        ),
        "2020-01-01 00:00:00|-|2020-01-01 10:00:00|2020-01-01"
    );
    assert_eq!(
        one(
            r#"{"a":1,"b":1.50,"c":true,"d":{"x": 1, "y":[1, 2]},"f":null,"g":1E5}"#,
            "a string,b string,c string,d string,f string,g string"
        ),
        r#"1|1.50|true|{"x": 1, "y":[1, 2]}|-|1E5"#
    );
    assert_eq!(
        one(
            r#"{"a":NaN,"b":Infinity,"c":-Infinity,"d":+INF,"e":"-INF"}"#,
            "a double,b double,c double,d double,e double"
        ),
        "NaN|Infinity|-Infinity|Infinity|-Infinity"
    );
    assert_eq!(one(r#"{"a":[1,"x",3]}"#, "a array<int>, _corrupt_record string"), r#"-|{"a":[1,"x",3]}"#);
    assert_eq!(one(r#"{"a":{"b":"x","c":1},"d":2}"#, "a struct<b:int,c:int>, d int"), "{null, 1}|2");
    assert_eq!(one(r#"{"a":{"b":"x","c":1},"d":2}"#, "a map<string,int>, d int"), "-|2");
    assert_eq!(one("{\"a\":\"\\u00e9\\ud83d\\ude00\\n\\/\"}", "a string"), "é😀\n/");
}

#[test]
fn json_dialects_are_options() {
    let a = |text: &str, options: &[(&str, &str)]| json(text, "a string", options).1.join("\n");
    assert_eq!(a("{'a':1}", &[]), "1");
    assert_eq!(a("{'a':1}", &[("allowSingleQuotes", "false")]), "-");
    assert_eq!(a("{a:1}", &[]), "-");
    assert_eq!(a("{a:1}", &[("allowUnquotedFieldNames", "true")]), "1");
    assert_eq!(json(r#"{"a":007}"#, "a int", &[("allowNumericLeadingZeros", "true")]).1, ["7"]);
    assert_eq!(json(r#"{"a":007}"#, "a int", &[]).1, ["-"]);
    assert_eq!(a("/* x */ {\"a\":1} // y", &[("allowComments", "true")]), "1");
    assert_eq!(a("{\"a\":\"x\\$\"}", &[("allowBackslashEscapingAnyCharacter", "true")]), "x$");
    assert_eq!(a("{\"a\":\"x\ty\"}", &[]), "-");
    assert_eq!(a("{\"a\":\"x\ty\"}", &[("allowUnquotedControlChars", "true")]), "x\ty");
    assert_eq!(json(r#"{"a":NaN}"#, "a double", &[("allowNonNumericNumbers", "false")]).1, ["-"]);
    assert_eq!(json("[{\"a\":1},\n{\"a\":2}]", "", &[("multiLine", "true")]).1, ["1", "2"]);
    assert_eq!(
        json("{\"a\":1\n,\"b\":}", "a int, b int, _corrupt_record string", &[("multiLine", "true")]).1,
        ["-|-|{\"a\":1\n,\"b\":}"]
    );
}

#[test]
fn text_is_lines_or_whole_files() {
    let file = data("a.txt", b"a\r\nb\n\nc");
    let read =
        |options: &[(&str, &str)]| shown(Load { format: "text", path: &file.file, schema: "", options }).unwrap().1;
    assert_eq!(read(&[]), ["a", "b", "", "c"]);
    assert_eq!(read(&[("wholetext", "true")]), ["a\r\nb\n\nc"]);
    assert_eq!(condition(&fails("text", &file.file, "x int", &[])), "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE");
}

#[test]
fn packed_files_are_unpacked_by_their_name() {
    use std::io::Write;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"1,x\n2,y\n").unwrap();
    let file = data("a.csv.gz", &packed.finish().unwrap());
    let read = shown(Load { format: "csv", path: &file.file, schema: "a int, b string", options: &[] }).unwrap().1;
    assert_eq!(read, ["1|x", "2|y"]);
}

#[test]
fn directories_give_partition_columns() {
    let data = data("t/y=2020/m=01/a.csv", b"1\n");
    let root = data.dir.path().join("t");
    for (name, text) in [
        ("y=2021/m=__HIVE_DEFAULT_PARTITION__/b.csv", "2\n"),
        ("y=2021/m=x%20y/c.csv", "3\n"),
        ("y=2021/m=x%20y/_c.csv", "9\n"),
    ] {
        std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        std::fs::write(root.join(name), text).unwrap();
    }
    let read = |path: &Path, schema: &str, options: &[(&str, &str)]| {
        let (schema, mut rows) = shown(Load { format: "csv", path, schema, options }).unwrap();
        rows.sort();
        (schema, rows.join(" "))
    };
    let all = ("_c0:string,y:int,m:string".to_owned(), "1|2020|01 2|2021|- 3|2021|x y".to_owned());
    assert_eq!(read(&root, "", &[]), all);
    assert_eq!(read(&root.join("y=2020"), "", &[]), ("_c0:string,m:int".into(), "1|1".into()));
    let base = root.to_str().unwrap();
    assert_eq!(
        read(&root.join("y=2020"), "", &[("basePath", base)]),
        ("_c0:string,y:int,m:int".into(), "1|2020|1".into())
    );
    assert_eq!(read(&root.join("y=*/m=*"), "", &[]), ("_c0:string".into(), "1 2 3".into()));
    assert_eq!(read(&root, "m string, _c0 int, y string", &[]).0, "_c0:int,y:string,m:string");
    assert_eq!(read(&root, "", &[("recursiveFileLookup", "true")]), ("_c0:string".into(), "1 2 3".into()));
    assert_eq!(read(&root, "", &[("pathGlobFilter", "a*")]).1, "1|2020|01");
    std::fs::create_dir_all(root.join("other=1")).unwrap();
    std::fs::write(root.join("other=1/d.csv"), "4\n").unwrap();
    assert_eq!(condition(&fails("csv", &root, "", &[])), "CONFLICTING_PARTITION_COLUMN_NAMES");
}

#[test]
fn files_below_a_plain_directory_are_not_read() {
    let data = data("plain/a.csv", b"1\n");
    std::fs::write(data.dir.path().join("b.csv"), "2\n").unwrap();
    assert_eq!(shown(Load { format: "csv", path: data.dir.path(), schema: "", options: &[] }).unwrap().1, ["2"]);
    assert_eq!(condition(&fails("csv", &data.dir.path().join("none"), "", &[])), "PATH_NOT_FOUND");
    assert_eq!(condition(&fails("csv", &data.dir.path().join("none*"), "", &[])), "PATH_NOT_FOUND");
    let empty = TempDir::new().unwrap();
    assert_eq!(condition(&fails("csv", empty.path(), "", &[])), "UNABLE_TO_INFER_SCHEMA");
}

#[test]
fn a_file_cut_into_spans_gives_each_record_once() {
    let mut text = String::from("n\n");
    for i in 0..200_000 {
        text.push_str(&format!("{i}\n"));
    }
    let file = data("a.csv", text.as_bytes());
    let (_, batches) = read_all(Load {
        format: "csv",
        path: &file.file,
        schema: "n int",
        options: &[
            ("header", "true"),
            ("conf:spark.sql.files.maxPartitionBytes", "100000"),
            ("conf:spark.sql.files.openCostInBytes", "1"),
        ],
    })
    .unwrap();
    let mut seen: Vec<i32> = Vec::new();
    for batch in &batches {
        let column: &arrow::array::Int32Array = batch.column(0).as_any().downcast_ref().unwrap();
        seen.extend(column.values());
    }
    seen.sort_unstable();
    assert!(seen.iter().copied().eq(0..200_000), "{} rows", seen.len());
}

#[test]
fn csv_escapes_are_undone_inside_quotes_only() {
    for (text, expected) in [
        (r#""a\\b",c"#, r"a\b|c"),
        (r#""a\\",c"#, r"a\|c"),
        (r#""a\b",c"#, r"a\b|c"),
        (r#""a\\\"b",c"#, r#"a\"b|c"#),
        (r"a\\b,c", r"a\\b|c"),
        (r#""a\""#, "a\""),
        (r#""a" ,c"#, "a|c"),
        (r#""" a,c"#, r#""" a|c"#),
    ] {
        assert_eq!(csv(text, "", &[]), [expected], "{text}");
    }
}

#[test]
fn other_encodings_are_decoded() {
    let file = data("a.txt", b"\xe9\nx\n");
    let options = [("encoding", "ISO-8859-1")];
    assert_eq!(shown(Load { format: "text", path: &file.file, schema: "", options: &options }).unwrap().1, ["é", "x"]);
    assert_eq!(shown(Load { format: "csv", path: &file.file, schema: "", options: &options }).unwrap().1, ["é", "x"]);
    let wide: Vec<u8> = "{\"a\":\"é\"}\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let file = data("a.json", &wide);
    let options = [("encoding", "UTF-16LE"), ("lineSep", "\n")];
    assert_eq!(shown(Load { format: "json", path: &file.file, schema: "", options: &options }).unwrap().1, ["é"]);
}
