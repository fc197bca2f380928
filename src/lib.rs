//! Spark-style Structured Streaming with model inference, in one process.
//!
//! Records arrive, a trigger fires, a model scores exactly the records that are new, and the result
//! reaches its sink once. The crate is the engine behind the Python package `firesteel`, whose
//! names, results and files are PySpark's. It is no cluster: one process, all its cores.
//!
//! ```
//! use firesteel::config::Conf;
//! use firesteel::runtime::Cancel;
//! use firesteel::session::Session;
//!
//! let session = Session::new(Conf::default())?;
//! let frame = session.sql("SELECT id, id * 2 AS twice FROM range(3)", &Cancel::default())?;
//! assert_eq!(frame.count(&Cancel::default())?, 3);
//! # Ok::<(), firesteel::error::Error>(())
//! ```
//!
//! # The life of a batch
//!
//! 1. A [trigger](stream::trigger) fires.
//! 2. Each [reader](source::Reader) says where this batch ends.
//! 3. The [checkpoint] records that range, before a row enters the plan.
//! 4. The [plan], finished once, runs one [pass](plan::pass::Pass) over exactly those rows. It
//!    calls [functions](function) and [models](model).
//! 5. The [writer](sink::Writer) stages each lane's rows. What operators keep is made durable in the
//!    [state]. Then the writer makes the batch visible in one commit.
//! 6. The [checkpoint] records that too.
//!
//! [`stream::batch`] is those six steps. ARCHITECTURE.md says who may use whom.

pub mod batch;
pub mod checkpoint;
pub mod config;
pub mod durable;
pub mod error;
pub mod function;
pub mod model;
pub mod plan;
#[cfg(feature = "python")]
pub mod python;
pub mod runtime;
pub mod session;
pub mod sink;
pub mod source;
pub mod state;
pub mod stream;
pub mod types;
