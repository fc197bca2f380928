//! A session end to end, without Python: text in, rows out.

use firesteel::batch::OutputMode;
use std::sync::Arc;

use firesteel::config::{Conf, Options};
use firesteel::runtime::Cancel;
use firesteel::runtime::clock::SystemClock;
use firesteel::session::Session;
use firesteel::session::read::ReadRequest;
use firesteel::session::write_stream::{WriteStream, start};
use firesteel::source::ReadMode;
use firesteel::stream::Trigger;
use firesteel::types::show::ShowLayout;

fn session() -> Arc<Session> {
    let mut conf = Conf::default();
    conf.set("spark.master", "local[2]");
    Session::with_clock(conf, Arc::new(SystemClock::default())).unwrap()
}

fn show(session: &Arc<Session>, sql: &str) -> String {
    let layout = ShowLayout { rows: 20, truncate: 20, vertical: false };
    session.sql(sql, &Cancel::default()).unwrap().show(layout, &Cancel::default()).unwrap()
}

#[test]
fn sql_text_is_resolved_run_and_shown_as_spark_shows_it() {
    let session = session();
    let shown =
        show(&session, "SELECT id, id + 1, CASE WHEN id > 1 THEN 'big' END AS size FROM range(3) ORDER BY id DESC");
    insta::assert_snapshot!(shown, @r"
    +---+--------+----+
    | id|(id + 1)|size|
    +---+--------+----+
    |  2|       3| big|
    |  1|       2|NULL|
    |  0|       1|NULL|
    +---+--------+----+
    ");
}

#[test]
fn grouping_counts_and_sums_per_key() {
    let session = session();
    let shown = show(
        &session,
        "SELECT id % 2 AS k, count(*), sum(id) FROM range(10) GROUP BY id % 2 HAVING count(*) > 1 ORDER BY k",
    );
    insta::assert_snapshot!(shown, @r"
    +---+--------+-------+
    |  k|count(1)|sum(id)|
    +---+--------+-------+
    |  0|       5|     20|
    |  1|       5|     25|
    +---+--------+-------+
    ");
}

#[test]
fn a_stream_is_written_to_files_and_read_back() {
    let session = session();
    let dir = tempfile::tempdir().unwrap();
    let (out, checkpoint) = (dir.path().join("out"), dir.path().join("cp"));
    let read = ReadRequest {
        format: Some("rate-micro-batch".into()),
        options: Options::new([("rowsPerBatch", "10")]),
        schema: None,
        paths: Vec::new(),
        mode: ReadMode::Stream,
    };
    let frame = session.read(read).unwrap();
    let write = WriteStream {
        output: None,
        format: Some("parquet".into()),
        options: Options::new([("checkpointLocation", checkpoint.to_string_lossy())]),
        mode: OutputMode::Append,
        trigger: Trigger::AvailableNow,
        name: None,
        partition_by: Vec::new(),
        path: Some(out.to_string_lossy().into_owned()),
    };
    let query = start(&frame, write).unwrap();
    query.await_termination(None).unwrap();
    session
        .read(ReadRequest {
            format: Some("parquet".into()),
            options: Options::default(),
            schema: None,
            paths: vec![out.to_string_lossy().into_owned()],
            mode: ReadMode::Batch,
        })
        .unwrap();
}
