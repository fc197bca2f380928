//! Spark's error classes that we raise: name, SQLSTATE and parameters are Spark's, the words are ours. Each is spelled here only.

use crate::error::{Condition, ErrorKind};

macro_rules! conditions {
    ($($constant:ident = $name:literal, $sqlstate:literal, $kind:ident, $template:literal;)*) => {
        $(pub const $constant: &Condition = &Condition {
            name: $name, sqlstate: $sqlstate, kind: ErrorKind::$kind, template: $template,
        };)*
        /// Every condition, for tests and documentation.
        pub const ALL: &[&Condition] = &[$($constant),*];
    };
}

conditions! {
    ARITHMETIC_OVERFLOW = "ARITHMETIC_OVERFLOW", "22003", Arithmetic, "<message>: the result does not fit its type; use <alternative> to get null instead.";
    DIVIDE_BY_ZERO = "DIVIDE_BY_ZERO", "22012", Arithmetic, "a divisor is zero; use `try_divide` to get null instead, or set <config> to \"false\".";
    CAST_INVALID_INPUT = "CAST_INVALID_INPUT", "22018", NumberFormat, "the value <expression> of type <sourceType> is not a valid <targetType>; mend the value, or use `try_cast` to get null instead.";
    NUMERIC_VALUE_OUT_OF_RANGE_WITH_SUGGESTION = "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION", "22003", Arithmetic, "<value> has too many digits for Decimal(<precision>, <scale>); set <config> to \"false\" to get null instead.";
    INVALID_TIMEZONE = "INVALID_TIMEZONE", "22009", DateTime, "<timeZone> is no time zone; use a region such as Europe/Paris or an offset such as +01:00.";
    INVALID_DATETIME_PATTERN_ILLEGAL_CHARACTER = "INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER", "22007", IllegalArgument, "the datetime pattern <pattern> holds the letter <c>, which has no meaning here.";
    INVALID_DATETIME_PATTERN_LENGTH = "INVALID_DATETIME_PATTERN.LENGTH", "22007", IllegalArgument, "the datetime pattern <pattern> repeats a letter too often.";
    WEEK_BASED_PATTERN = "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN", "42K0B", IllegalArgument, "the datetime pattern letter <c> is week-based, which Spark does not take since 3.0; use EXTRACT instead.";
    CANNOT_PARSE_TIMESTAMP = "CANNOT_PARSE_TIMESTAMP", "22007", DateTime, "<message>; use <func> to get null instead.";
    UNRESOLVED_COLUMN_WITH_SUGGESTION = "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703", Analysis, "no column, variable or function parameter is called <objectName>; did you mean one of: <proposal>?";
    UNRESOLVED_COLUMN_WITHOUT_SUGGESTION = "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", "42703", Analysis, "no column, variable or function parameter is called <objectName>.";
    AMBIGUOUS_REFERENCE = "AMBIGUOUS_REFERENCE", "42704", Analysis, "the name <name> is ambiguous, it could be: <referenceNames>.";
    UNRESOLVED_ROUTINE = "UNRESOLVED_ROUTINE", "42883", Analysis, "the function <routineName> does not exist here (looked in <searchPath>).";
    TABLE_OR_VIEW_NOT_FOUND = "TABLE_OR_VIEW_NOT_FOUND", "42P01", Analysis, "there is no table or view <relationName>.";
    PATH_NOT_FOUND = "PATH_NOT_FOUND", "42K03", Analysis, "the path <path> does not exist.";
    PATH_ALREADY_EXISTS = "PATH_ALREADY_EXISTS", "42K04", Analysis, "the path <outputPath> exists already; set mode \"overwrite\" to replace it.";
    DATA_SOURCE_NOT_FOUND = "DATA_SOURCE_NOT_FOUND", "42K02", Analysis, "there is no data source <provider>.";
    CONTINUOUS_UNSUPPORTED_SOURCE = "_LEGACY_ERROR_TEMP_2253", "0A000", Unsupported, "Data source <sourceName> does not support continuous processing; use a micro-batch trigger.";
    CONTINUOUS_UNSUPPORTED_SINK = "_LEGACY_ERROR_TEMP_1195", "0A000", Analysis, "'<source>' is not supported with continuous trigger.";
    STREAMING_UNSUPPORTED_OPERATION = "_LEGACY_ERROR_TEMP_3102", "0A000", Analysis, "<msg>";
    SINK_WITHOUT_PARTITIONING = "_LEGACY_ERROR_TEMP_1197", "0A000", Analysis, "'<operation>' does not support partitioning.";
    PARTITION_COLUMN_NOT_FOUND = "_LEGACY_ERROR_TEMP_1196", "42000", Analysis, "Partition column <col> not found in existing columns (<normalizedParCols>).";
    CHECKPOINT_LOCATION_MISSING = "_LEGACY_ERROR_TEMP_1298", "42000", Analysis, "checkpointLocation must be specified either through option(\"checkpointLocation\", ...) or SparkSession.conf.set(\"<config>\", ...).";
    SINK_WITHOUT_RECOVERY = "_LEGACY_ERROR_TEMP_1299", "42000", Analysis, "This query does not support recovering from checkpoint location. Delete <checkpointPath> to start over.";
    INTERVAL_WITH_MONTHS = "_LEGACY_ERROR_TEMP_3262", "42000", IllegalArgument, "Doesn't support month or year interval: <interval>";
    INTERVAL_MISSING_NUMBER = "INVALID_INTERVAL_FORMAT.MISSING_NUMBER", "22006", IllegalArgument, "Error parsing '<input>' to interval: expected a number after <word>.";
    INTERVAL_MISSING_UNIT = "INVALID_INTERVAL_FORMAT.MISSING_UNIT", "22006", IllegalArgument, "Error parsing '<input>' to interval: expected a unit after <word>.";
    INTERVAL_INVALID_UNIT = "INVALID_INTERVAL_FORMAT.INVALID_UNIT", "22006", IllegalArgument, "Error parsing '<input>' to interval: invalid unit <unit>.";
    INTERVAL_INVALID_VALUE = "INVALID_INTERVAL_FORMAT.INVALID_VALUE", "22006", IllegalArgument, "Error parsing '<input>' to interval: invalid value <value>.";
    INTERVAL_INVALID_FRACTION = "INVALID_INTERVAL_FORMAT.INVALID_FRACTION", "22006", IllegalArgument, "Error parsing '<input>' to interval: <unit> cannot have a fraction.";
    INTERVAL_UNRECOGNIZED_NUMBER = "INVALID_INTERVAL_FORMAT.UNRECOGNIZED_NUMBER", "22006", IllegalArgument, "Error parsing '<input>' to interval: unrecognized number <number>.";
    INTERVAL_EMPTY = "INVALID_INTERVAL_FORMAT.INPUT_IS_EMPTY", "22006", IllegalArgument, "Error parsing '<input>' to interval: it is empty.";
    INTERVAL_OVERFLOW = "INVALID_INTERVAL_FORMAT.ARITHMETIC_EXCEPTION", "22006", IllegalArgument, "Error parsing '<input>' to interval: it is too long.";
    WRITE_STREAM_NOT_ALLOWED = "WRITE_STREAM_NOT_ALLOWED", "42601", Analysis, "`writeStream` can be called only on streaming Dataset/DataFrame.";
    OUTPUT_MODE_UNSUPPORTED_SINK = "STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE", "42KDE", Analysis, "Invalid streaming output mode: <outputMode>. This output mode is not supported in Data Source <className>.";
    OUTPUT_MODE_UNSUPPORTED_OPERATION = "STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION", "42KDE", Analysis, "Invalid streaming output mode: <outputMode>. This output mode is not supported for <operation> on streaming DataFrames/DataSets.";
    STREAMING_CHECKPOINT_MISSING_METADATA_FILE = "STREAMING_CHECKPOINT_MISSING_METADATA_FILE", "42K03", Checkpoint, "Checkpoint location <checkpointLocation> has offset or commit logs but lost its metadata file: restore the file, or use a new checkpoint location.";
    CHECKPOINT_NOT_EMPTY = "STATE_STORE_CHECKPOINT_LOCATION_NOT_EMPTY", "42K03", Checkpoint, "The checkpoint location <checkpointLocation> should be empty on batch 0: use a new one, or remove what is there.";
    CHECKPOINT_OFFSETS_UNWRITTEN = "STREAMING_CHECKPOINT_LOG_WRITE_FAILURE.OFFSET_LOG", "58030", Runtime, "Failed to write the offset log entry of batch <batchId> at checkpoint location <checkpointLocation> (<reason>): make it writable and start the query again.";
    CHECKPOINT_COMMIT_UNWRITTEN = "STREAMING_CHECKPOINT_LOG_WRITE_FAILURE.COMMIT_LOG", "58030", Runtime, "Failed to write the commit log entry of batch <batchId> at checkpoint location <checkpointLocation> (<reason>): make it writable and start the query again.";
    STREAM_FAILED = "STREAM_FAILED", "XXKST", StreamingQuery, "Query [id = <id>, runId = <runId>] terminated with exception: <message>";
    UNSUPPORTED_DATATYPE = "UNSUPPORTED_DATATYPE", "0A000", Parse, "there is no data type <typeName>.";
    COLUMN_NOT_FOUND = "COLUMN_NOT_FOUND", "42703", Analysis, "there is no column <colName>; whether case matters is set by <caseSensitiveConfig>.";
    ALL_PARTITION_COLUMNS_NOT_ALLOWED = "ALL_PARTITION_COLUMNS_NOT_ALLOWED", "KD005", Analysis, "every column is a partition column, and a file needs at least one other.";
    UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE = "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", "0A000", Analysis, "the format <format> cannot hold the column <columnName> of type <columnType>.";
    INVALID_TYPED_LITERAL = "INVALID_TYPED_LITERAL", "42604", Parse, "the value <value> is not a valid literal of type <valueType>.";
    TEMP_TABLE_OR_VIEW_ALREADY_EXISTS = "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS", "42P07", Analysis, "there is a temporary view <relationName> already; drop it, or create it with replace.";
    STREAMING_WITHOUT_WRITE_STREAM = "_LEGACY_ERROR_TEMP_3102", "0A000", Analysis, "Queries with streaming sources must be executed with writeStream.start().";
    INVALID_SAVE_MODE = "INVALID_SAVE_MODE", "42000", IllegalArgument, "the save mode <mode> must be \"append\", \"overwrite\", \"ignore\", \"error\", \"errorifexists\" or \"default\".";
    INSERT_COLUMN_ARITY_MISMATCH = "INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS", "21S01", Analysis, "the table <tableName> has <tableColumns> columns, and the rows have <dataColumns>.";
    TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS = "TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS", "428EK", Analysis, "a temporary view has a name of one part, found <actualName>.";
    INVALID_ATTRIBUTE_NAME_SYNTAX = "INVALID_ATTRIBUTE_NAME_SYNTAX", "42601", Analysis, "the name <name> does not parse; check its backquotes and dots.";
    PARSE_SYNTAX_ERROR = "PARSE_SYNTAX_ERROR", "42601", Parse, "syntax error at or near <error><hint>.";
    OUTPUT_EXCEEDS_INPUT_ROWS = "OUTPUT_EXCEEDS_INPUT_ROWS", "39000", User, "an iterator function has returned more rows than it was given.";
    INPUT_NOT_FULLY_CONSUMED = "INPUT_NOT_FULLY_CONSUMED", "39000", User, "an iterator function has returned before it had read all of its input.";
    RESULT_ROWS_MISMATCH = "RESULT_ROWS_MISMATCH", "39000", User, "a function must return as many rows (<output_length>) as it is given (<input_length>).";
}
