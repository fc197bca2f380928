//! `socket`: lines of text from a TCP server, for trying things out. Nothing is kept once it was
//! committed, so nothing can be replayed.
//!
//! An offset is the number of the last line, from `-1`. The connection is made when the first batch
//! is planned, as in Spark: `start()` does not wait for it, and a port that nobody listens on ends
//! the query with an error. A thread reads lines as they come and wakes the lane they belong to.

use std::collections::VecDeque;
use std::io::Read;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parking_lot::{Condvar, Mutex};

use super::format::{InputFormat, SourceRequest};
use super::{
    Available, ContinuousReader, LaneOffset, Offset, Partition, ReadLimit, Reader, RecordBatches, Scan, Source,
    SourceRun, Tail,
};
use crate::error::{Context, Error, ErrorKind, Result, condition};
use crate::runtime::clock::Clock;
use crate::types;

/// `format("socket")`.
pub struct SocketFormat;

impl InputFormat for SocketFormat {
    fn name(&self) -> &str {
        "socket"
    }

    fn source(&self, request: SourceRequest<'_>) -> Result<Arc<dyn Source>> {
        request.stream_only(self.name())?;
        request.fixed_schema(self.name())?;
        let options = request.options;
        let needed = |condition| move || Error::of(condition);
        let host = options.get("host").map(str::to_owned).ok_or_else(needed(condition::SOCKET_WITHOUT_HOST))?;
        let port = options.parse::<u16>("port", "a port number")?;
        let port = port.ok_or_else(needed(condition::SOCKET_WITHOUT_PORT))?;
        let declared = options.positive("numPartitions")?;
        let timestamp = options.flag("includeTimestamp", false).map_err(|_| {
            let value = options.get("includeTimestamp").unwrap_or_default();
            Error::of(condition::SOCKET_TIMESTAMP_OPTION).with("value", value)
        })?;
        let mut fields = vec![Field::new("value", DataType::Utf8, true)];
        if timestamp {
            fields.push(Field::new("timestamp", types::timestamp(), true));
        }
        Ok(Arc::new(Socket {
            host,
            port,
            partitions: declared.map(|n| n as usize),
            schema: Arc::new(Schema::new(fields)),
        }))
    }
}

/// What `load()` declared.
#[derive(Clone, Debug)]
pub struct Socket {
    host: String,
    port: u16,
    partitions: Option<usize>,
    schema: SchemaRef,
}

impl Socket {
    fn open_reader(&self, run: SourceRun) -> SocketReader {
        SocketReader {
            partitions: self.partitions.unwrap_or(run.lanes).max(1),
            socket: self.clone(),
            run,
            connection: None,
        }
    }
}

impl Source for Socket {
    fn description(&self) -> String {
        format!("TextSocketV2[host: {}, port: {}]", self.host, self.port)
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn replays(&self) -> bool {
        false
    }

    fn open(&self, run: SourceRun) -> Result<Box<dyn Reader>> {
        Ok(Box::new(self.open_reader(run)))
    }

    fn open_continuous(&self, run: SourceRun) -> Result<Box<dyn ContinuousReader>> {
        Ok(Box::new(self.open_reader(run)))
    }
}

/// A line and when it came, in milliseconds since the epoch.
#[derive(Clone, Debug)]
struct SocketLine {
    text: String,
    came_ms: i64,
}

/// Lines that were read and not committed yet, spread over partitions in turn.
struct SocketLines {
    queues: Mutex<Queues>,
    /// One a partition: a line wakes only the lane that it is for.
    arrived: Vec<Condvar>,
    /// Woken when lines were taken away, for a reader that waits for room.
    room: Condvar,
}

#[derive(Debug)]
struct Queues {
    /// The number of the first line held.
    first: i64,
    lines: VecDeque<SocketLine>,
    closed: bool,
    failure: Option<Error>,
}

/// Lines held before the reading thread waits: the sender is then slowed down by TCP.
const MOST_LINES: usize = 1 << 20;

impl SocketLines {
    /// The error that ended the reading, if it was not the server's goodbye.
    fn check(queues: &Queues) -> Result<()> {
        queues.failure.clone().map_or(Ok(()), Err)
    }

    fn take(&self, from: i64, to: i64) -> Result<Vec<SocketLine>> {
        let queues = self.queues.lock();
        let held = queues.first..queues.first + queues.lines.len() as i64;
        if from < held.start || to > held.end {
            return Err(Error::new(
                ErrorKind::Checkpoint,
                format!(
                    "the lines {from} to {} of the socket are not there any more: a socket cannot be replayed; start with a new checkpoint",
                    to - 1
                ),
            ));
        }
        Ok(queues.lines.range((from - held.start) as usize..(to - held.start) as usize).cloned().collect())
    }

    /// Forgets the lines before `upto`.
    fn forget(&self, upto: i64) {
        let mut queues = self.queues.lock();
        while queues.first < upto && queues.lines.pop_front().is_some() {
            queues.first += 1;
        }
        self.room.notify_all();
    }
}

/// A connection and the thread that reads from it; dropping it ends both.
struct Connection {
    stream: TcpStream,
    lines: Arc<SocketLines>,
    thread: Option<JoinHandle<()>>,
}

impl Connection {
    /// Connects; the first line to come gets the number `first`.
    fn open(socket: &Socket, run: &SourceRun, partitions: usize, first: i64) -> Result<Self> {
        let place = format!("{}:{}", socket.host, socket.port);
        let stream = TcpStream::connect((socket.host.as_str(), socket.port))
            .context(|| format!("connecting the source 'socket' to {place}: is a server listening there?"))?;
        let lines = Arc::new(SocketLines {
            queues: Mutex::new(Queues { first, lines: VecDeque::new(), closed: false, failure: None }),
            arrived: (0..partitions).map(|_| Condvar::new()).collect(),
            room: Condvar::new(),
        });
        let (input, shared, clock) = (stream.try_clone()?, Arc::clone(&lines), Arc::clone(&run.clock));
        let thread =
            run.runtime.thread(&format!("firesteel-socket-{place}"), move || pump(input, &shared, &*clock, &place))?;
        Ok(Self { stream, lines, thread: Some(thread) })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.lines.queues.lock().closed = true;
        self.lines.room.notify_all();
        let _ = self.stream.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads until the server or the query closes the connection.
fn pump(mut input: TcpStream, shared: &SocketLines, clock: &dyn Clock, place: &str) {
    let mut bytes = vec![0; 64 * 1024];
    let mut rest: Vec<u8> = Vec::new();
    let ended = loop {
        match input.read(&mut bytes) {
            Ok(0) => break None,
            Ok(count) => rest.extend_from_slice(&bytes[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => break Some(error),
        }
        let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else { continue };
        if !deliver(shared, &rest[..end], clock.now_ms()) {
            return;
        }
        rest.drain(..=end);
    };
    if ended.is_none() && !rest.is_empty() {
        deliver(shared, &rest, clock.now_ms());
    }
    let mut queues = shared.queues.lock();
    if queues.closed {
        return;
    }
    match ended {
        None => log::warn!("the server at {place} has closed its end; the source 'socket' has no more lines"),
        Some(error) => queues.failure = Some(Error::from(error).context(format!("reading from the socket {place}"))),
    }
    shared.arrived.iter().for_each(|lane| {
        lane.notify_all();
    });
}

/// Hands over complete lines; false when the query has closed the source.
fn deliver(shared: &SocketLines, text: &[u8], came_ms: i64) -> bool {
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = SocketLine { text: String::from_utf8_lossy(line).into_owned(), came_ms };
        let mut queues = shared.queues.lock();
        shared.room.wait_while(&mut queues, |queues| queues.lines.len() >= MOST_LINES && !queues.closed);
        if queues.closed {
            return false;
        }
        let number = queues.first + queues.lines.len() as i64;
        queues.lines.push_back(line);
        shared.arrived[lane_of(number, shared.arrived.len())].notify_one();
    }
    true
}

/// The partition that a line belongs to.
fn lane_of(number: i64, partitions: usize) -> usize {
    number.rem_euclid(partitions as i64) as usize
}

fn rows<'a>(
    schema: &SchemaRef,
    scan: &Scan,
    lines: impl Iterator<Item = &'a SocketLine> + Clone,
) -> Result<RecordBatch> {
    let count = lines.clone().count();
    scan.build(schema, count, |column| match column {
        0 => Arc::new(StringArray::from_iter_values(lines.clone().map(|line| &line.text))) as ArrayRef,
        _ => Arc::new(
            TimestampMicrosecondArray::from_iter_values(lines.clone().map(|line| line.came_ms * 1000))
                .with_timezone(types::UTC),
        ),
    })
}

/// The source opened by one run of one query, of either kind.
struct SocketReader {
    socket: Socket,
    run: SourceRun,
    partitions: usize,
    connection: Option<Connection>,
}

impl SocketReader {
    /// The number of the line after an offset.
    fn after(offset: Option<&Offset>) -> Result<i64> {
        let Some(offset) = offset else { return Ok(0) };
        offset.0.parse::<i64>().map(|last| last + 1).map_err(|error| offset.damaged("socket", error))
    }

    /// The lines; connects on the first call, from which `first` is the number of the next line to
    /// come.
    fn lines(&mut self, first: i64) -> Result<Arc<SocketLines>> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(&self.socket, &self.run, self.partitions, first)?,
        };
        let lines = Arc::clone(&connection.lines);
        self.connection = Some(connection);
        Ok(lines)
    }
}

impl Reader for SocketReader {
    fn initial(&mut self) -> Result<Option<Offset>> {
        Ok(Some(Offset("-1".into())))
    }

    fn pin_available(&mut self) -> Result<Available> {
        Ok(Available::OneBatchOnly)
    }

    fn end_of_batch(&mut self, start: Option<&Offset>, _: ReadLimit) -> Result<Option<Offset>> {
        let start = Self::after(start)?;
        let lines = self.lines(start)?;
        let queues = lines.queues.lock();
        let end = queues.first + queues.lines.len() as i64;
        if end <= start {
            SocketLines::check(&queues)?;
        }
        Ok((end > start).then(|| Offset((end - 1).to_string())))
    }

    fn partitions(&mut self, start: Option<&Offset>, end: &Offset) -> Result<Vec<Arc<dyn Partition>>> {
        let (start, end) = (Self::after(start)?, Self::after(Some(end))?);
        let taken = self.lines(start)?.take(start, end)?;
        let mut parts: Vec<Vec<SocketLine>> = vec![Vec::new(); self.partitions];
        for (number, line) in (start..).zip(taken) {
            parts[lane_of(number, self.partitions)].push(line);
        }
        let schema = self.socket.schema.clone();
        Ok(parts
            .into_iter()
            .filter(|lines| !lines.is_empty())
            .map(|lines| Arc::new(Taken { schema: Arc::clone(&schema), lines }) as Arc<dyn Partition>)
            .collect())
    }

    fn commit(&mut self, end: &Offset) -> Result<()> {
        if let Some(connection) = &self.connection {
            connection.lines.forget(Self::after(Some(end))?);
        }
        Ok(())
    }
}

/// Lines of one batch and partition.
struct Taken {
    schema: SchemaRef,
    lines: Vec<SocketLine>,
}

impl Partition for Taken {
    fn read(&self, scan: &Scan) -> Result<RecordBatches> {
        Ok(RecordBatches::ready(vec![rows(&self.schema, scan, self.lines.iter())?]))
    }
}

/// In a continuous query line n belongs to lane n mod lanes; the merged offset lists the line that
/// each lane reads next, e.g. `[4,3]`.
impl ContinuousReader for SocketReader {
    fn start(&mut self, from: Option<&Offset>) -> Result<Vec<Box<dyn Tail>>> {
        let next: Vec<i64> = match from {
            None => (0..self.partitions as i64).collect(),
            Some(offset) => serde_json::from_str(&offset.0).map_err(|error| offset.damaged("socket", error))?,
        };
        // A new connection knows nothing of the lines before it: numbering goes on where the
        // furthest lane stood.
        let first = if from.is_some() && self.connection.is_none() {
            let end = next.iter().copied().max().unwrap_or(0);
            end - end.rem_euclid(self.partitions as i64)
        } else {
            next.iter().copied().min().unwrap_or(0)
        };
        let lines = self.lines(first)?;
        let (partitions, schema) = (self.partitions as i64, &self.socket.schema);
        Ok((0..partitions)
            .map(|lane| {
                let next = next.get(lane as usize).copied().unwrap_or(first).max(first + lane);
                Box::new(SocketTail {
                    lines: Arc::clone(&lines),
                    schema: Arc::clone(schema),
                    lane: lane as usize,
                    next,
                    step: partitions,
                }) as Box<dyn Tail>
            })
            .collect())
    }

    fn merge(&self, ends: &[LaneOffset]) -> Result<Offset> {
        Ok(Offset(format!("[{}]", ends.iter().map(|end| end.0.as_str()).collect::<Vec<_>>().join(","))))
    }

    fn commit(&mut self, end: &Offset) -> Result<()> {
        let next: Vec<i64> = serde_json::from_str(&end.0).map_err(|error| end.damaged("socket", error))?;
        if let (Some(connection), Some(least)) = (&self.connection, next.into_iter().min()) {
            connection.lines.forget(least);
        }
        Ok(())
    }
}

/// One lane of a continuous query.
struct SocketTail {
    lines: Arc<SocketLines>,
    schema: SchemaRef,
    lane: usize,
    next: i64,
    step: i64,
}

impl Tail for SocketTail {
    fn next(&mut self, wait: Duration) -> Result<Option<(RecordBatch, LaneOffset)>> {
        let mut queues = self.lines.queues.lock();
        let next = self.next;
        let nothing = |queues: &mut Queues| queues.first + queues.lines.len() as i64 <= next;
        if nothing(&mut queues) {
            SocketLines::check(&queues)?;
            self.lines.arrived[self.lane].wait_while_for(
                &mut queues,
                |queues| nothing(queues) && queues.failure.is_none(),
                wait,
            );
        }
        let (first, mut taken) = (queues.first, Vec::new());
        while let Some(line) = queues.lines.get((self.next - first) as usize) {
            taken.push(line.clone());
            self.next += self.step;
        }
        drop(queues);
        if taken.is_empty() {
            return Ok(None);
        }
        let scan = Scan::all(&self.schema, crate::runtime::Cancel::default());
        Ok(Some((rows(&self.schema, &scan, taken.iter())?, self.offset())))
    }

    fn offset(&self) -> LaneOffset {
        LaneOffset(self.next.to_string())
    }
}
