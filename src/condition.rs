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
    CANNOT_DECODE_URL = "CANNOT_DECODE_URL", "22546", IllegalArgument, "the URL <url> does not decode; use `try_url_decode` to get null instead.";
    CANNOT_PARSE_INTERVAL = "CANNOT_PARSE_INTERVAL", "22006", IllegalArgument, "the interval <intervalString> does not parse.";
    CONVERSION_INVALID_INPUT = "CONVERSION_INVALID_INPUT", "22018", IllegalArgument, "the value <str> is no <fmt>, so it does not become <targetType>; use <suggestion> to get null instead.";
    DATETIME_FIELD_OUT_OF_BOUNDS = "DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION", "22023", DateTime, "<rangeMessage>.";
    ILLEGAL_DAY_OF_WEEK = "ILLEGAL_DAY_OF_WEEK", "22009", IllegalArgument, "<string> is no day of the week.";
    INVALID_EXTRACT_FIELD = "INVALID_EXTRACT_FIELD", "42601", Analysis, "there is no <field> to extract from <expr>.";
    INVALID_FORMAT_ESC = "INVALID_FORMAT.ESC_IN_THE_MIDDLE", "42601", Analysis, "the pattern <format> escapes <char>, which needs no escape.";
    INVALID_INDEX_OF_ZERO = "INVALID_INDEX_OF_ZERO", "22003", Runtime, "an index is never 0: the first element is 1, the last -1.";
    INVALID_PARAMETER_VALUE_CHARSET = "INVALID_PARAMETER_VALUE.CHARSET", "22023", IllegalArgument, "<functionName> knows no charset <charset>, only <charsets>.";
    INVALID_PARAMETER_VALUE_DATETIME_UNIT = "INVALID_PARAMETER_VALUE.DATETIME_UNIT", "22023", Parse, "<functionName> knows no unit <invalidValue>.";
    INVALID_PARAMETER_VALUE_PATTERN = "INVALID_PARAMETER_VALUE.PATTERN", "22023", Runtime, "<parameter> of <functionName> is no regular expression: <value>.";
    INVALID_PARAMETER_VALUE_REGEX_GROUP_INDEX = "INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX", "22023", Runtime, "<parameter> of <functionName> must be a group from 0 to <groupCount>, found <groupIndex>.";
    NON_FOLDABLE_INPUT = "DATATYPE_MISMATCH.NON_FOLDABLE_INPUT", "42K09", Analysis, "in <sqlExpr> the argument <inputName> of type <inputType> must be a constant, found <inputExpr>.";
    VALUE_OUT_OF_RANGE = "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "42K09", Analysis, "in <sqlExpr> the value of <exprName> must lie in <valueRange>, found <currentValue>.";
    UNRESOLVED_COLUMN_WITH_SUGGESTION = "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703", Analysis, "no column, variable or function parameter is called <objectName>; did you mean one of: <proposal>?";
    UNRESOLVED_COLUMN_WITHOUT_SUGGESTION = "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", "42703", Analysis, "no column, variable or function parameter is called <objectName>.";
    AMBIGUOUS_REFERENCE = "AMBIGUOUS_REFERENCE", "42704", Analysis, "the name <name> is ambiguous, it could be: <referenceNames>.";
    UNRESOLVED_ROUTINE = "UNRESOLVED_ROUTINE", "42883", Analysis, "the function <routineName> does not exist here (looked in <searchPath>).";
    TABLE_OR_VIEW_NOT_FOUND = "TABLE_OR_VIEW_NOT_FOUND", "42P01", Analysis, "there is no table or view <relationName>.";
    PATH_NOT_FOUND = "PATH_NOT_FOUND", "42K03", Analysis, "the path <path> does not exist.";
    PATH_ALREADY_EXISTS = "PATH_ALREADY_EXISTS", "42K04", Analysis, "the path <outputPath> exists already; set mode \"overwrite\" to replace it.";
    DATA_SOURCE_NOT_FOUND = "DATA_SOURCE_NOT_FOUND", "42K02", Analysis, "there is no data source <provider>.";
    CONTINUOUS_UNSUPPORTED_SOURCE = "_LEGACY_ERROR_TEMP_1338", "0A000", Analysis, "the source <source> has no continuous processing; use a micro-batch trigger.";
    CONTINUOUS_UNSUPPORTED_SINK = "_LEGACY_ERROR_TEMP_1338", "0A000", Analysis, "the sink <sink> has no continuous processing; use a micro-batch trigger.";
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
    REMAINDER_BY_ZERO = "REMAINDER_BY_ZERO", "22012", Arithmetic, "a divisor of a remainder is zero; use `try_mod` to get null instead, or set <config> to \"false\".";
    BINARY_ARITHMETIC_OVERFLOW = "BINARY_ARITHMETIC_OVERFLOW", "22003", Arithmetic, "<value1> <symbol> <value2> does not fit its type; use <functionName> to get null instead.";
    CAST_OVERFLOW = "CAST_OVERFLOW", "22003", Arithmetic, "the value <value> of type <sourceType> is outside the range of <targetType>; use `try_cast` to get null instead.";
    CAST_WITH_FUNC_SUGGESTION = "DATATYPE_MISMATCH.CAST_WITH_FUNC_SUGGESTION", "42K09", Analysis, "<sqlExpr>: <srcType> does not cast to <targetType>; use the function <functionNames> instead.";
    CAST_WITH_CONF_SUGGESTION = "DATATYPE_MISMATCH.CAST_WITH_CONF_SUGGESTION", "42K09", Analysis, "<sqlExpr>: <srcType> does not cast to <targetType> in ANSI mode; set <config> to <configVal> to allow it.";
    CAST_WITHOUT_SUGGESTION = "DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION", "42K09", Analysis, "<sqlExpr>: <srcType> does not cast to <targetType>.";
    BINARY_OP_DIFF_TYPES = "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES", "42K09", Analysis, "<sqlExpr>: the operands have types that do not meet, <left> and <right>.";
    BINARY_OP_WRONG_TYPE = "DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE", "42K09", Analysis, "<sqlExpr>: the operator takes <inputType>, found <actualDataType>.";
    UNEXPECTED_INPUT_TYPE = "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "42K09", Analysis, "<sqlExpr>: the <paramIndex> parameter takes <requiredType>, but <inputSql> has the type <inputType>.";
    DATA_DIFF_TYPES = "DATATYPE_MISMATCH.DATA_DIFF_TYPES", "42K09", Analysis, "<sqlExpr>: the inputs of <functionName> must have one type, found <dataType>.";
    INVALID_ORDERING_TYPE = "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE", "42K09", Analysis, "<sqlExpr>: <functionName> needs values that have an order, which <dataType> has not.";
    FILTER_NOT_BOOLEAN = "DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN", "42K09", Analysis, "<sqlExpr>: the condition of <filter> must be boolean, found <type>.";
    CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING = "DATATYPE_MISMATCH.CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING", "42K09", Analysis, "<sqlExpr>: field names must be constant strings, found <inputExprs>.";
    WRONG_NUM_ARGS = "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605", Analysis, "<functionName> takes <expectedNum> parameters, found <actualNum>.";
    NUM_ARGS_MISMATCH = "INVALID_LAMBDA_FUNCTION_CALL.NUM_ARGS_MISMATCH", "42K0D", Analysis, "a lambda has <expectedNumArgs> parameters where the function gives <actualNumArgs>.";
    UNEXPECTED_LAMBDA = "INVALID_LAMBDA_FUNCTION_CALL.NON_HIGHER_ORDER_FUNCTION", "42K0D", Analysis, "a lambda is an argument of a higher-order function only.";
    UNSUPPORTED_LAMBDA_WITH_PYTHON_UDF = "UNSUPPORTED_FEATURE.LAMBDA_FUNCTION_WITH_PYTHON_UDF", "0A000", Analysis, "a lambda cannot call the function <funcName>, which runs over whole columns; call it outside of the lambda.";
    UNSUPPORTED_PYTHON_UDF_IN_ON_CLAUSE = "UNSUPPORTED_FEATURE.PYTHON_UDF_IN_ON_CLAUSE", "0A000", Analysis, "a function over both sides cannot be in the ON clause of a <joinType> join; compute it before the join.";
    FIELD_NOT_FOUND = "FIELD_NOT_FOUND", "42704", Analysis, "there is no struct field <fieldName> among <fields>.";
    AMBIGUOUS_REFERENCE_TO_FIELDS = "AMBIGUOUS_REFERENCE_TO_FIELDS", "42000", Analysis, "the field <field> is ambiguous: it appears <count> times.";
    INVALID_EXTRACT_BASE_FIELD_TYPE = "INVALID_EXTRACT_BASE_FIELD_TYPE", "42000", Analysis, "nothing can be extracted from <base>: it takes a struct, an array or a map, found <other>.";
    INVALID_ARRAY_INDEX = "INVALID_ARRAY_INDEX", "22003", ArrayIndex, "the index <indexValue> lies outside an array of <arraySize> elements; use `get()` to get null instead.";
    INVALID_USAGE_OF_STAR = "INVALID_USAGE_OF_STAR_OR_REGEX", "42000", Analysis, "<elem> cannot stand in <prettyName>.";
    CANNOT_RESOLVE_STAR_EXPAND = "CANNOT_RESOLVE_STAR_EXPAND", "42704", Analysis, "<targetString>.* names nothing here; there are <columns>.";
    AMBIGUOUS_LATERAL_COLUMN_ALIAS = "AMBIGUOUS_LATERAL_COLUMN_ALIAS", "42702", Analysis, "the name <name> was given <n> times in this select list.";
    MISSING_ATTRIBUTES_APPEAR_IN_OPERATION = "MISSING_ATTRIBUTES.RESOLVED_ATTRIBUTE_APPEAR_IN_OPERATION", "XX000", Analysis, "the column <missingAttributes> is of another DataFrame; a column of the same name is in this one (<input>), so name it by col(…).";
    MISSING_ATTRIBUTES_MISSING_FROM_INPUT = "MISSING_ATTRIBUTES.RESOLVED_ATTRIBUTE_MISSING_FROM_INPUT", "XX000", Analysis, "the column <missingAttributes> is not among <input>.";
    WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE = "WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE", "42601", Analysis, "the window function <funcName> needs an OVER clause.";
    UNSUPPORTED_EXPR_FOR_WINDOW = "UNSUPPORTED_EXPR_FOR_WINDOW", "42P20", Analysis, "<sqlExpr> is neither an aggregate nor a window function, so it takes no OVER clause.";
    UNSUPPORTED_GENERATOR_NESTED_IN_EXPRESSIONS = "UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS", "42K0E", Analysis, "a generator cannot stand inside an expression: <expression>.";
    UNSUPPORTED_GENERATOR_MULTI_GENERATOR = "UNSUPPORTED_GENERATOR.MULTI_GENERATOR", "42K0E", Analysis, "a select list takes one generator, found <num>: <generators>.";
    UDTF_ALIAS_NUMBER_MISMATCH = "UDTF_ALIAS_NUMBER_MISMATCH", "42802", Analysis, "<aliasesSize> names were given (<aliasesNames>) for <outputs> columns of a generator.";
    MULTI_ALIAS_WITHOUT_GENERATOR = "MULTI_ALIAS_WITHOUT_GENERATOR", "42K0E", Analysis, "several names (<names>) were given to <expr>, which is no generator.";
    NESTED_AGGREGATE_FUNCTION = "NESTED_AGGREGATE_FUNCTION", "42607", Analysis, "an aggregate function cannot stand in the argument of another; use the inner one in a query below.";
    INVALID_WHERE_CONDITION = "INVALID_WHERE_CONDITION", "42903", Analysis, "the condition <condition> holds an aggregate, window or generator function, which WHERE cannot: <expressionList>.";
    UNSUPPORTED_GROUPING_EXPRESSION = "UNSUPPORTED_GROUPING_EXPRESSION", "42K0E", Analysis, "grouping() and grouping_id() go with GROUPING SETS, CUBE and ROLLUP only.";
    GROUPING_ID_COLUMN_MISMATCH = "GROUPING_ID_COLUMN_MISMATCH", "42803", Analysis, "the columns of grouping_id (<groupingIdColumn>) are not the <groupByColumns> grouping columns.";
    GROUPING_COLUMN_MISMATCH = "GROUPING_COLUMN_MISMATCH", "42803", Analysis, "the column of grouping (<grouping>) is none of the <groupingColumns> grouping columns.";
    GROUP_BY_POS_OUT_OF_RANGE = "GROUP_BY_POS_OUT_OF_RANGE", "42805", Analysis, "GROUP BY position <index> is not among the <size> outputs.";
    GROUP_BY_POS_AGGREGATE = "GROUP_BY_POS_AGGREGATE", "42903", Analysis, "GROUP BY position <index> is <aggExpr>.";
    ORDER_BY_POS_OUT_OF_RANGE = "ORDER_BY_POS_OUT_OF_RANGE", "42805", Analysis, "ORDER BY position <index> is not among the <size> outputs.";
    GROUP_EXPRESSION_TYPE_IS_NOT_ORDERABLE = "GROUP_EXPRESSION_TYPE_IS_NOT_ORDERABLE", "42822", Analysis, "<sqlExpr> cannot be a grouping key: its type <dataType> has no order.";
    MISSING_AGGREGATION = "MISSING_AGGREGATION", "42803", Analysis, "<expression> is neither a grouping key nor in an aggregate function; group by it, or use <expressionAnyValue> if any value will do.";
    MISSING_GROUP_BY = "MISSING_GROUP_BY", "42803", Analysis, "a column stands beside an aggregate function without GROUP BY.";
    UNSUPPORTED_FEATURE_SET_OPERATION_ON_MAP_TYPE = "UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE", "0A000", Analysis, "the column <colName> of type <dataType> cannot take part in DISTINCT, INTERSECT or EXCEPT: maps do not compare.";
    COLUMN_ALREADY_EXISTS = "COLUMN_ALREADY_EXISTS", "42711", Analysis, "the column <columnName> is there twice.";
    ASSIGNMENT_ARITY_MISMATCH = "ASSIGNMENT_ARITY_MISMATCH", "42802", Analysis, "<numTarget> names were given for <numExpr> columns.";
    UNRESOLVABLE_TABLE_VALUED_FUNCTION = "UNRESOLVABLE_TABLE_VALUED_FUNCTION", "42883", Analysis, "there is no table-valued function <name>.";
    INVALID_INLINE_TABLE = "INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH", "42000", Analysis, "the rows of VALUES differ in length: <expectedNumCols> and <actualNumCols>.";
    INCOMPATIBLE_TYPES_IN_INLINE_TABLE = "INVALID_INLINE_TABLE.INCOMPATIBLE_TYPES_IN_INLINE_TABLE", "42000", Analysis, "the values of <colName> in VALUES have types that do not meet.";
    EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE = "EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE", "42K09", Analysis, "the event time <eventName> must be a timestamp, found <eventType>.";
    UNRESOLVED_USING_COLUMN_FOR_JOIN = "UNRESOLVED_USING_COLUMN_FOR_JOIN", "42703", Analysis, "the USING column <colName> is not on the <side> side of the join; there are <suggestion>.";
    NUM_COLUMNS_MISMATCH = "NUM_COLUMNS_MISMATCH", "42826", Analysis, "<operator> takes inputs of equally many columns, found <firstNumColumns> and <invalidNumColumns> in the <invalidOrdinalNum>.";
    INCOMPATIBLE_COLUMN_TYPE = "INCOMPATIBLE_COLUMN_TYPE", "42825", Analysis, "<operator>: the <columnOrdinalNumber> column of the <tableOrdinalNumber> input has type <dataType1>, which does not meet <dataType2><hint>.";
    PARSE_SYNTAX_ERROR = "PARSE_SYNTAX_ERROR", "42601", Parse, "syntax error at or near <error><hint>.";
    OUTPUT_EXCEEDS_INPUT_ROWS = "OUTPUT_EXCEEDS_INPUT_ROWS", "39000", User, "an iterator function has returned more rows than it was given.";
    INPUT_NOT_FULLY_CONSUMED = "INPUT_NOT_FULLY_CONSUMED", "39000", User, "an iterator function has returned before it had read all of its input.";
    RESULT_ROWS_MISMATCH = "RESULT_ROWS_MISMATCH", "39000", User, "a function must return as many rows (<output_length>) as it is given (<input_length>).";
}
