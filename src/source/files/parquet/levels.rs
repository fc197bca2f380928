//! Parquet's hybrid of run lengths and packed bits: levels, and the indices into a dictionary.
//!
//! Stretches follow each other. A stretch begins with a number of 7 bits a byte, lowest first: an
//! even one is twice a count, and one value follows in whole bytes; an odd one is twice a number of
//! groups and one, and 8 values a group follow, lowest bit first. The last group may have more
//! values than there are. Format: "Encodings", RLE = 3, of the Parquet specification.

use crate::error::{Error, Result};

/// A stretch of values.
#[derive(Clone, Copy, Debug)]
enum Stretch<'a> {
    Repeated { value: u32, count: usize },
    Packed { bits: &'a [u8], count: usize },
}

/// The stretches of `left` values of `width` bits.
struct Stretches<'a> {
    bytes: &'a [u8],
    /// Where in the bytes the next stretch begins.
    at: usize,
    width: usize,
    left: usize,
}

fn broken(what: &str) -> Error {
    Error::runtime(format!("the page's runs are damaged: {what}"))
}

impl<'a> Stretches<'a> {
    fn new(bytes: &'a [u8], width: usize, count: usize) -> Self {
        Self { bytes, at: 0, width, left: count }
    }

    fn next(&mut self) -> Result<Option<Stretch<'a>>> {
        if self.left == 0 {
            return Ok(None);
        }
        let header = self.header()?;
        let rest = &self.bytes[self.at..];
        let (taken, stretch) = if header & 1 == 0 {
            let taken = self.width.div_ceil(8);
            let value = rest.get(..taken).ok_or_else(|| broken("a repeated value is cut off"))?;
            let value = value.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
            (taken, Stretch::Repeated { value, count: (header >> 1).min(self.left) })
        } else {
            let groups = header >> 1;
            // A writer may leave out what nobody reads of the last group.
            let taken = groups.saturating_mul(self.width).min(rest.len());
            let held = (taken * 8).checked_div(self.width).unwrap_or(usize::MAX);
            let count = groups.saturating_mul(8).min(held).min(self.left);
            (taken, Stretch::Packed { bits: &rest[..taken], count })
        };
        let (Stretch::Repeated { count, .. } | Stretch::Packed { count, .. }) = stretch;
        if count == 0 {
            return Err(broken("a stretch has no values"));
        }
        self.at += taken;
        self.left -= count;
        Ok(Some(stretch))
    }

    fn header(&mut self) -> Result<usize> {
        let mut header = 0_usize;
        for shift in (0..35).step_by(7) {
            let byte = *self.bytes.get(self.at).ok_or_else(|| broken("fewer values than the page says"))?;
            self.at += 1;
            header |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(header);
            }
        }
        Err(broken("a count is too long"))
    }
}

/// The value at `place` of packed bits.
fn packed(bits: &[u8], width: usize, place: usize) -> u32 {
    let (byte, shift) = (place * width / 8, place * width % 8);
    let word = match bits[byte..].first_chunk::<8>() {
        Some(word) => u64::from_le_bytes(*word),
        None => bits[byte..].iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    (word >> shift & ((1 << width) - 1)) as u32
}

/// Levels, run by run: what stands in a thousand levels is told in one step.
pub struct LevelRuns<'a> {
    stretches: Stretches<'a>,
    stretch: Option<Stretch<'a>>,
    /// How many values of the stretch are behind us.
    place: usize,
}

impl<'a> LevelRuns<'a> {
    /// The runs of `count` levels, the highest of which is `max`.
    pub fn new(bytes: &'a [u8], max: u32, count: usize) -> Self {
        Self { stretches: Stretches::new(bytes, width(max), count), stretch: None, place: 0 }
    }

    /// Where the next stretch begins, if the next level is its first.
    pub fn stretch_begins(&self) -> Option<usize> {
        let inside = matches!(self.stretch, Some(Stretch::Packed { count, .. }) if self.place < count);
        (!inside).then_some(self.stretches.at)
    }

    /// Passes over the stretches that follow as long as they are those from `since` to here once
    /// more, byte for byte; `levels` is how many levels those hold. How often they came, `most`
    /// times at most. Asked where a stretch begins.
    pub fn again(&mut self, since: usize, levels: usize, most: usize) -> usize {
        let Stretches { bytes, at, left, .. } = &mut self.stretches;
        let most = most.min(*left / levels);
        let period = *at - since;
        // No further than asked: what is only looked at would be looked at again.
        let rest = &bytes[*at..];
        let rest = &rest[..rest.len().min(most.saturating_mul(period))];
        let times = same_bytes(rest, &bytes[since..]) / period;
        *at += times * period;
        *left -= times * levels;
        times
    }

    /// The next level, and how often it stands here at least; asked for no more than there are.
    pub fn next(&mut self) -> Result<(u32, usize)> {
        loop {
            match self.stretch {
                Some(Stretch::Packed { bits, count }) if self.place < count => {
                    let (level, run) = self.run(bits, count - self.place);
                    self.place += run;
                    return Ok((level, run));
                }
                _ => {}
            }
            self.place = 0;
            self.stretch = self.stretches.next()?;
            match self.stretch {
                None => return Err(broken("fewer levels than the page says")),
                Some(Stretch::Repeated { value, count }) => return Ok((value, count)),
                Some(Stretch::Packed { .. }) => {}
            }
        }
    }

    fn run(&self, bits: &[u8], left: usize) -> (u32, usize) {
        let width = self.stretches.width;
        let level = packed(bits, width, self.place);
        if width == 1 {
            let (byte, shift) = (self.place / 8, self.place % 8);
            let word = bits[byte] >> shift;
            let same = if level == 1 { word.trailing_ones() } else { word.trailing_zeros() };
            return (level, (same as usize).min(8 - shift).min(left));
        }
        let same = (1..left).take_while(|next| packed(bits, width, self.place + next) == level).count();
        (level, 1 + same)
    }
}

/// With how many equal bytes both begin.
fn same_bytes(a: &[u8], b: &[u8]) -> usize {
    let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0).take_while(|(a, b)| a == b).count() * 8;
    words + a[words..].iter().zip(&b[words..]).take_while(|(a, b)| a == b).count()
}

/// How many bits the levels up to `max` take.
fn width(max: u32) -> usize {
    (u32::BITS - max.leading_zeros()) as usize
}

/// `count` indices of `width` bits, for each of which `take` is called.
pub fn each_index(bytes: &[u8], width: usize, count: usize, mut take: impl FnMut(u32) -> Result<()>) -> Result<()> {
    if width > 32 {
        return Err(broken("an index has more than 32 bits"));
    }
    let mut stretches = Stretches::new(bytes, width, count);
    while let Some(stretch) = stretches.next()? {
        match stretch {
            Stretch::Repeated { value, count } => (0..count).try_for_each(|_| take(value))?,
            Stretch::Packed { bits, count } => (0..count).try_for_each(|at| take(packed(bits, width, at)))?,
        }
    }
    Ok(())
}
