//! Functions that PySpark has and Firesteel does not: they raise by name, where an unknown name is Spark's `UNRESOLVED_ROUTINE`.

/// In the order of the alphabet. A function that is built leaves this list.
pub const NAMES: &[&str] = &[
    "aes_decrypt", "aes_encrypt", "bitmap_and_agg", "bitmap_construct_agg", "bitmap_or_agg", "collation", "count_min_sketch",
    "from_xml", "histogram_numeric", "hll_sketch_agg", "hll_sketch_estimate", "hll_union", "hll_union_agg",
    "input_file_block_length", "input_file_block_start", "input_file_name", "is_variant_null", "java_method", "parse_json",
    "reflect", "schema_of_variant", "schema_of_variant_agg", "schema_of_xml", "sentences", "session_window", "theta_difference",
    "theta_intersection", "theta_intersection_agg", "theta_sketch_agg", "theta_sketch_estimate", "theta_union", "theta_union_agg",
    "to_variant_object", "to_xml", "try_aes_decrypt", "try_parse_json", "try_reflect", "try_variant_get", "variant_get", "xpath",
    "xpath_boolean", "xpath_double", "xpath_float", "xpath_int", "xpath_long", "xpath_number", "xpath_short", "xpath_string",
];
