//! Configuration: the keys that Firesteel knows, a session's values, and the options of one reader or writer.
//!
//! [`setting`] is the table of keys with their defaults and checks. [`Conf`] is a session's values over those defaults.
//! [`known`] has Spark's other keys, which nothing reads.
//! [`Options`] belongs to one `read` or `write` and remembers which keys were looked at.

pub mod conf;
pub mod known;
pub mod options;
pub mod quantity;
pub mod setting;

pub use conf::Conf;
pub use options::Options;
