//! A text file as records: decompressed, decoded to UTF-8, and cut at its separators, in bounded
//! memory.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::Span;
use crate::error::{Context, Error, Result};

/// Says where records end that must be read to tell: one instance for each file.
pub trait RecordEnds: Send {
    /// The end of the record that `bytes` begins with; `ended` when nothing follows `bytes`.
    fn first(&mut self, bytes: &[u8], ended: bool) -> Result<RecordEnd>;
}

/// What ends a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Separator {
    /// `\n`, `\r\n` or `\r`.
    Any,
    /// `lineSep`.
    Text(Vec<u8>),
    /// Nothing: the file is one record (`wholetext`, JSON's `multiLine`).
    None,
}

/// How a file's bytes are packed, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Deflate,
}

fn packing(path: &Path) -> Result<Packing> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => Ok(Packing::Gzip),
        Some("deflate") => Ok(Packing::Deflate),
        Some(other @ ("bz2" | "zst" | "lz4" | "snappy" | "xz")) => Err(Error::unsupported(format!(
            "{} is packed as '{other}': only .gz and .deflate can be unpacked here",
            path.display()
        ))),
        _ => Ok(Packing::Plain),
    }
}

/// Whether a file can be read from the middle.
pub fn is_plain(path: &Path) -> bool {
    packing(path).is_ok_and(|packing| packing == Packing::Plain)
}

/// How text that is not UTF-8 is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// Each byte is the character of its number.
    Latin1,
    /// A byte above 127 is no character.
    Ascii,
    Other(&'static encoding_rs::Encoding),
}

/// The names that Spark takes for the charset of a CSV file, but for UTF-32.
const CSV_CHARSETS: [&str; 6] = ["iso-8859-1", "us-ascii", "utf-16", "utf-16be", "utf-16le", "utf-8"];

/// A charset by the name that an option gives it; `None` is UTF-8, which needs no decoding.
///
/// `format` is who is asked, for the error.
pub fn charset(name: &str, format: &str) -> Result<Option<Charset>> {
    let lower = name.to_ascii_lowercase();
    let found = match lower.as_str() {
        "iso-8859-1" | "latin1" => Some(Charset::Latin1),
        "us-ascii" | "ascii" => Some(Charset::Ascii),
        // Without a byte order mark Java reads the higher byte first.
        "utf-16" => Some(Charset::Other(encoding_rs::UTF_16BE)),
        label => encoding_rs::Encoding::for_label(label.as_bytes()).map(Charset::Other),
    };
    match found.filter(|_| format != "CSV" || CSV_CHARSETS.contains(&lower.as_str())) {
        Some(Charset::Other(found)) if found == encoding_rs::UTF_8 => Ok(None),
        Some(found) => Ok(Some(found)),
        None => Err(Error::of(crate::error::condition::INVALID_PARAMETER_VALUE_CHARSET)
            .with("functionName", format)
            .with("charset", name)
            .with("charsets", CSV_CHARSETS.join(", "))),
    }
}

/// UTF-8's byte order mark.
pub const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Bytes read at once; a record may be longer.
const BLOCK: usize = 256 * 1024;

/// The records of a span. A span has the records that begin in it.
pub struct Records {
    input: Box<dyn Read + Send>,
    ends: Box<dyn RecordEnds>,
    buffer: Vec<u8>,
    /// What of the buffer is unread.
    start: usize,
    filled: usize,
    ended: bool,
    /// Where `start` is in the file, and where the span ends; unbounded for a file that cannot be
    /// cut.
    at: u64,
    end: u64,
}

impl Records {
    pub fn open(span: &Span, separator: Separator, encoding: Option<Charset>) -> Result<Self> {
        Self::open_scanned(span, Box::new(separator), encoding)
    }

    /// As [`Records::open`], with records that end where `ends` says. Such a file cannot be cut.
    pub fn open_scanned(span: &Span, ends: Box<dyn RecordEnds>, encoding: Option<Charset>) -> Result<Self> {
        let mut file = File::open(&span.path).context(|| format!("opening {}", span.path.display()))?;
        let packing = packing(&span.path)?;
        let cuttable = packing == Packing::Plain && encoding.is_none();
        // One byte early: a span that begins right after a separator has the record that begins
        // there.
        let from = span.start.saturating_sub(1);
        if from > 0 {
            file.seek(SeekFrom::Start(from))?;
        }
        let input: Box<dyn Read + Send> = match packing {
            Packing::Plain => Box::new(file),
            Packing::Gzip => {
                Box::new(flate2::read::MultiGzDecoder::new(std::io::BufReader::with_capacity(BLOCK, file)))
            }
            Packing::Deflate => {
                Box::new(flate2::read::ZlibDecoder::new(std::io::BufReader::with_capacity(BLOCK, file)))
            }
        };
        let input: Box<dyn Read + Send> = match encoding {
            Some(encoding) => {
                Box::new(Decoded { input, decoder: Decoder::of(encoding), ready: Vec::new(), at: 0, ended: false })
            }
            None => input,
        };
        let end = if cuttable { span.end } else { u64::MAX };
        let mut records = Self { input, ends, buffer: Vec::new(), start: 0, filled: 0, ended: false, at: from, end };
        if span.start > 0 {
            records.next_range()?;
        } else {
            records.skip_mark()?;
        }
        Ok(records)
    }

    /// Passes over UTF-8's byte order mark.
    fn skip_mark(&mut self) -> Result<()> {
        while self.filled - self.start < 3 && self.fill()? {}
        if self.buffer[self.start..self.filled].starts_with(MARK) {
            self.start += MARK.len();
            self.at += MARK.len() as u64;
        }
        Ok(())
    }

    /// The next record without its separator, until the span's end.
    pub fn next(&mut self) -> Result<Option<&[u8]>> {
        if self.at >= self.end {
            return Ok(None);
        }
        Ok(self.next_range()?.map(|(from, to)| &self.buffer[from..to]))
    }

    fn next_range(&mut self) -> Result<Option<(usize, usize)>> {
        let mut searched = 0;
        loop {
            // The end of the file may decide what was undecided, such as a last `\r`.
            let unread = &self.buffer[self.start + searched..self.filled];
            match self.ends.first(unread, self.ended)? {
                RecordEnd::At { end, next } => {
                    let range = (self.start, self.start + searched + end);
                    self.start += searched + next;
                    self.at += (searched + next) as u64;
                    return Ok(Some(range));
                }
                RecordEnd::More { from } => searched += from,
            }
            if self.ended {
                if self.filled == self.start {
                    return Ok(None);
                }
                let range = (self.start, self.filled);
                self.at += (self.filled - self.start) as u64;
                self.start = self.filled;
                return Ok(Some(range));
            }
            self.fill()?;
        }
    }

    /// Reads another block behind the unread bytes; false at the end.
    fn fill(&mut self) -> Result<bool> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.start = 0;
        }
        if self.buffer.len() < self.filled + BLOCK {
            self.buffer.resize(self.filled + BLOCK, 0);
        }
        loop {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(false);
                }
                Ok(count) => {
                    self.filled += count;
                    return Ok(true);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordEnd {
    /// A record ends at `end`, the next begins at `next`.
    At { end: usize, next: usize },
    /// Not in these bytes; what is before `from` need not be looked at again.
    More { from: usize },
}

impl RecordEnds for Separator {
    fn first(&mut self, bytes: &[u8], ended: bool) -> Result<RecordEnd> {
        Ok(match self {
            Self::None => RecordEnd::More { from: bytes.len() },
            Self::Any => match memchr::memchr2(b'\n', b'\r', bytes) {
                Some(at) => line_end(bytes, at, ended),
                None => RecordEnd::More { from: bytes.len() },
            },
            Self::Text(text) => match memchr::memmem::find(bytes, text) {
                Some(at) => RecordEnd::At { end: at, next: at + text.len() },
                None => RecordEnd::More { from: bytes.len().saturating_sub(text.len() - 1) },
            },
        })
    }
}

fn line_end(bytes: &[u8], at: usize, ended: bool) -> RecordEnd {
    match (bytes[at], bytes.get(at + 1)) {
        (b'\r', Some(b'\n')) => RecordEnd::At { end: at, next: at + 2 },
        (b'\r', None) if !ended => RecordEnd::More { from: at },
        _ => RecordEnd::At { end: at, next: at + 1 },
    }
}

/// Turns bytes into UTF-8.
enum Decoder {
    /// Bytes that are characters, up to the last one.
    Bytes {
        last: u8,
        begun: bool,
    },
    Other(encoding_rs::Decoder),
}

impl Decoder {
    fn of(charset: Charset) -> Self {
        match charset {
            Charset::Latin1 => Self::Bytes { last: u8::MAX, begun: false },
            Charset::Ascii => Self::Bytes { last: 127, begun: false },
            Charset::Other(encoding) => Self::Other(encoding.new_decoder()),
        }
    }

    /// Puts the text of `bytes` into `out`, which is used again.
    fn decode(&mut self, bytes: &[u8], out: &mut Vec<u8>, ended: bool) {
        match self {
            Self::Bytes { last, begun } => {
                out.clear();
                // Whatever the charset, UTF-8's mark is none of a file's text.
                let mark = if std::mem::replace(begun, true) { None } else { bytes.strip_prefix(MARK) };
                for byte in mark.unwrap_or(bytes) {
                    let c = if *byte <= *last { char::from(*byte) } else { char::REPLACEMENT_CHARACTER };
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
            Self::Other(decoder) => {
                // A byte becomes at most three.
                out.resize(3 * bytes.len() + 16, 0);
                let (_, _, written, _) = decoder.decode_to_utf8(bytes, out, ended);
                out.truncate(written);
            }
        }
    }
}

/// Another charset read as UTF-8.
struct Decoded<R> {
    input: R,
    decoder: Decoder,
    ready: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while self.at == self.ready.len() {
            if self.ended {
                return Ok(0);
            }
            let mut bytes = [0; 16 * 1024];
            let count = self.input.read(&mut bytes)?;
            self.ended = count == 0;
            self.decoder.decode(&bytes[..count], &mut self.ready, self.ended);
            self.at = 0;
        }
        let count = out.len().min(self.ready.len() - self.at);
        out[..count].copy_from_slice(&self.ready[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
