//! Configuration: the keys that Firesteel knows, a session's values, and the options of one reader
//! or writer.
//!
//! | file | what is in it |
//! |---|---|
//! | [`setting`] | the table of keys, with their defaults and checks |
//! | [`known`] | Spark's other keys, which nothing reads |
//! | [`conf`] | [`Conf`], a session's values over those defaults |
//! | [`options`] | [`Options`] of one `read` or `write`, which remembers the keys that were looked at |
//! | [`quantity`] | sizes and durations as text |

pub mod conf;
pub mod known;
pub mod options;
pub mod quantity;
pub mod setting;

pub use conf::Conf;
pub use options::Options;
