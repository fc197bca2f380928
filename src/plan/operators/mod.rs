//! Our operators inside a DataFusion plan.
//!
//! | module | what it is |
//! |---|---|
//! | [`scan`] | the leaf: a source |
//! | [`call`] | calls of Python functions and models |
//! | [`watermark`] | `withWatermark`: what event times a pass saw |
//! | [`lanes`], [`exchange`] | `repartition`, `coalesce` and their kin: which rows are in which lane |
//! | [`in_order`] | lanes one after the other, for what depends on the order of rows |
//! | [`first_batch`] | rows that only the first batch of a query reads |
//! | [`apart`] | what DataFusion must not take for known of its own operators |
//! | [`lambdas`] | a rule: the numbers of the parameters of lambdas |
//! | `sealed` | a join that the optimiser must not take apart |
//! | [`stateful`] | what remembers rows from batch to batch |
//! | [`cached`] | `cache()`: rows kept in memory from the first action on |
//! | `gather` | rows at some places |
//! | `one_input` | what DataFusion asks of every operator with one input |
//!
//! To add one: a file here, its planner in [`finish`](super::finish), and its word in
//! [`streaming`](super::streaming) whether a stream may have it.

pub mod apart;
pub mod cached;
pub mod call;
pub mod exchange;
pub mod first_batch;
mod gather;
pub mod in_order;
pub mod lambdas;
pub mod lanes;
mod one_input;
pub mod scan;
mod sealed;
pub mod stateful;
pub mod watermark;
