//! A text file as records: decompressed, decoded to UTF-8, and cut at its separators, in bounded memory.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::Span;
use crate::error::{Context, Error, Result};

/// What ends a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Separator {
    /// `\n`, `\r\n` or `\r`.
    Any,
    /// `lineSep`.
    Text(Vec<u8>),
    /// Nothing: the file is one record (`wholetext`, JSON's `multiLine`).
    None,
    /// As `Any`, but not inside quotes (CSV's `multiLine`).
    OutsideQuotes(Quotes),
}

/// How quotes are told from text in CSV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotes {
    pub quote: u8,
    pub escape: Option<u8>,
    pub separator: Vec<u8>,
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

/// An encoding by the name that an option gives it; `None` is UTF-8, which needs no decoding.
///
/// `format` is who is asked, for the error.
pub fn encoding(name: &str, format: &str) -> Result<Option<&'static encoding_rs::Encoding>> {
    match encoding_rs::Encoding::for_label(name.as_bytes()) {
        Some(found) if found == encoding_rs::UTF_8 => Ok(None),
        // The label `us-ascii` and `iso-8859-1` mean windows-1252 on the web; the bytes that differ are control characters.
        Some(found) => Ok(Some(found)),
        None => Err(Error::of(crate::error::condition::INVALID_PARAMETER_VALUE_CHARSET)
            .with("functionName", format)
            .with("charset", name)
            .with("charsets", "utf-8, iso-8859-1, us-ascii, utf-16le, utf-16be and the like")),
    }
}

/// Bytes read at once; a record may be longer.
const BLOCK: usize = 256 * 1024;

/// The records of a span. A span has the records that begin in it.
pub struct Records {
    input: Box<dyn Read + Send>,
    separator: Separator,
    buffer: Vec<u8>,
    /// What of the buffer is unread.
    start: usize,
    filled: usize,
    ended: bool,
    /// Where `start` is in the file, and where the span ends; unbounded for a file that cannot be cut.
    at: u64,
    end: u64,
}

impl Records {
    pub fn open(span: &Span, separator: Separator, encoding: Option<&'static encoding_rs::Encoding>) -> Result<Self> {
        let mut file = File::open(&span.path).context(|| format!("opening {}", span.path.display()))?;
        let packing = packing(&span.path)?;
        let cuttable = packing == Packing::Plain && encoding.is_none();
        // One byte early: a span that begins right after a separator has the record that begins there.
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
                Box::new(Decoded { input, decoder: encoding.new_decoder(), ready: Vec::new(), at: 0, ended: false })
            }
            None => input,
        };
        let end = if cuttable { span.end } else { u64::MAX };
        let mut records =
            Self { input, separator, buffer: Vec::new(), start: 0, filled: 0, ended: false, at: from, end };
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
        if self.buffer[self.start..self.filled].starts_with(b"\xEF\xBB\xBF") {
            self.start += 3;
            self.at += 3;
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
            let unread = &self.buffer[self.start..self.filled];
            match find(&self.separator, unread, searched, self.ended) {
                RecordEnd::At { end, next } => {
                    let range = (self.start, self.start + end);
                    self.start += next;
                    self.at += next as u64;
                    return Ok(Some(range));
                }
                RecordEnd::More { from } => searched = from,
            }
            if self.ended || !self.fill()? {
                if self.filled == self.start {
                    return Ok(None);
                }
                // The end of the file may decide what was undecided, such as a last `\r`.
                if let RecordEnd::At { end, next } =
                    find(&self.separator, &self.buffer[self.start..self.filled], searched, true)
                {
                    let range = (self.start, self.start + end);
                    self.start += next;
                    self.at += next as u64;
                    return Ok(Some(range));
                }
                let range = (self.start, self.filled);
                self.at += (self.filled - self.start) as u64;
                self.start = self.filled;
                return Ok(Some(range));
            }
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

enum RecordEnd {
    /// A record ends at `end`, the next begins at `next`.
    At { end: usize, next: usize },
    /// Not in these bytes; what is before `from` need not be searched again.
    More { from: usize },
}

fn find(separator: &Separator, bytes: &[u8], from: usize, ended: bool) -> RecordEnd {
    match separator {
        Separator::None => RecordEnd::More { from: bytes.len() },
        Separator::Any => match memchr::memchr2(b'\n', b'\r', &bytes[from..]).map(|at| from + at) {
            Some(at) => line_end(bytes, at, ended),
            None => RecordEnd::More { from: bytes.len() },
        },
        Separator::Text(text) => match memchr::memmem::find(&bytes[from..], text).map(|at| from + at) {
            Some(at) => RecordEnd::At { end: at, next: at + text.len() },
            None => RecordEnd::More { from: bytes.len().saturating_sub(text.len() - 1).max(from) },
        },
        Separator::OutsideQuotes(quotes) => outside_quotes(quotes, bytes, ended),
    }
}

fn line_end(bytes: &[u8], at: usize, ended: bool) -> RecordEnd {
    match (bytes[at], bytes.get(at + 1)) {
        (b'\r', Some(b'\n')) => RecordEnd::At { end: at, next: at + 2 },
        (b'\r', None) if !ended => RecordEnd::More { from: at },
        _ => RecordEnd::At { end: at, next: at + 1 },
    }
}

/// Searches a record from its beginning: a quote opens only where a field begins.
fn outside_quotes(quotes: &Quotes, bytes: &[u8], ended: bool) -> RecordEnd {
    let (mut at, mut inside) = (0, false);
    while let Some(found) = memchr::memchr3(quotes.quote, b'\n', b'\r', &bytes[at..]).map(|found| at + found) {
        let byte = bytes[found];
        at = found + 1;
        if byte != quotes.quote {
            if !inside {
                return line_end(bytes, found, ended);
            }
        } else if inside {
            let escaped =
                quotes.escape.is_some_and(|escape| escape != quotes.quote && is_escaped(bytes, found, escape));
            if !escaped {
                if quotes.escape == Some(quotes.quote) && bytes.get(at) == Some(&quotes.quote) {
                    at += 1;
                } else {
                    inside = false;
                }
            }
        } else {
            let before = &bytes[..found];
            inside = before.is_empty() || before.ends_with(&quotes.separator);
        }
    }
    RecordEnd::More { from: 0 }
}

/// Whether an odd number of escapes stands before `at`.
fn is_escaped(bytes: &[u8], at: usize, escape: u8) -> bool {
    bytes[..at].iter().rev().take_while(|byte| **byte == escape).count() % 2 == 1
}

/// Another encoding read as UTF-8.
struct Decoded<R> {
    input: R,
    decoder: encoding_rs::Decoder,
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
            // A byte becomes at most three.
            self.ready.resize(3 * count + 16, 0);
            let (_, _, written, _) = self.decoder.decode_to_utf8(&bytes[..count], &mut self.ready, self.ended);
            self.ready.truncate(written);
            self.at = 0;
        }
        let count = out.len().min(self.ready.len() - self.at);
        out[..count].copy_from_slice(&self.ready[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
