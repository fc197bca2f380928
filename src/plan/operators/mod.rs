//! Our operators inside a DataFusion plan.
//!
//! | module | what it is |
//! |---|---|
//! | [`scan`] | the leaf: a source |
//! | [`call`] | calls of Python functions and models |
//! | [`watermark`] | `withWatermark`: what event times a pass saw |
//! | [`lanes`], [`exchange`] | `repartition`, `coalesce` and their kin: which rows are in which lane |
//! | [`in_order`] | lanes one after the other, for what depends on the order of rows |
//! | [`cached`] | `cache()`: rows kept in memory from the first action on |

pub mod cached;
pub mod call;
mod exchange;
pub mod in_order;
pub mod lanes;
mod one_input;
pub mod scan;
pub mod watermark;
