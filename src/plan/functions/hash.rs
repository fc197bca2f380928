//! Digests and hashes, bit for bit Spark's.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, Int64Array};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, IntervalUnit, IntervalYearMonthType, TimestampMicrosecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::CallContext;
use super::Definition::Scalar;
use super::args::{count, implicit};
use super::conditional::fixed;
use super::per_value::{Bytes, Int, map2, one, safe_kernel};
use super::string::binary;
use crate::error::{Error, Result};
use crate::plan::resolve::cast::cast;
use crate::plan::typed::Typed;

pub const TABLE: super::DefinitionTable = &[
    ("crc32", Scalar(|c, a| one::<Bytes, i64>(c, binary(c, a)?, crc32))),
    ("hash", Scalar(murmur)),
    ("md5", Scalar(digest::<Md5>)),
    ("sha", Scalar(digest::<Sha1>)),
    ("sha1", Scalar(digest::<Sha1>)),
    ("sha2", Scalar(sha2)),
    ("xxhash64", Scalar(xxhash)),
];

fn crc32(bytes: &[u8]) -> i64 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    i64::from(crc.sum())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A digest, as lower-case hexadecimal.
fn digest<D: Digest>(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    one::<Bytes, String>(context, binary(context, arguments)?, |bytes| hex(&D::digest(bytes)))
}

/// `sha2(x, bits)`; a number of bits that SHA-2 has not gives null.
fn sha2(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [value, bits] = fixed(context, arguments)?;
    let mut value = binary(context, vec![value])?;
    value.push(implicit(context, bits, &DataType::Int32, 1)?);
    Ok(safe_kernel(context, "", DataType::Utf8, true, value, |arrays| {
        map2::<Bytes, Int, String>(arrays, |bytes, bits| {
            Ok(match bits {
                224 => Some(hex(&Sha224::digest(bytes))),
                0 | 256 => Some(hex(&Sha256::digest(bytes))),
                384 => Some(hex(&Sha384::digest(bytes))),
                512 => Some(hex(&Sha512::digest(bytes))),
                _ => None,
            })
        })
    }))
}

/// Spark hashes values one after the other: each hash is the next one's seed, and null leaves it.
trait Hasher: Copy {
    fn int(self, value: i32) -> Self;
    fn long(self, value: i64) -> Self;
    fn bytes(self, value: &[u8]) -> Self;
}

#[derive(Clone, Copy)]
struct Murmur(u32);

impl Murmur {
    fn mix(self, word: u32) -> Self {
        let word = word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
        Self((self.0 ^ word).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64))
    }

    fn finish(self, length: u32) -> Self {
        let mut h = self.0 ^ length;
        h = (h ^ (h >> 16)).wrapping_mul(0x85eb_ca6b);
        h = (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae35);
        Self(h ^ (h >> 16))
    }
}

impl Hasher for Murmur {
    fn int(self, value: i32) -> Self {
        self.mix(value as u32).finish(4)
    }

    fn long(self, value: i64) -> Self {
        self.mix(value as u32).mix((value as u64 >> 32) as u32).finish(8)
    }

    /// Four bytes at a time; unlike the original, each of the last few is a word of its own.
    fn bytes(self, value: &[u8]) -> Self {
        let words = value.chunks_exact(4);
        let rest = words.remainder();
        let hash = words.fold(self, |hash, word| hash.mix(u32::from_le_bytes([word[0], word[1], word[2], word[3]])));
        rest.iter().fold(hash, |hash, byte| hash.mix(i32::from(*byte as i8) as u32)).finish(value.len() as u32)
    }
}

/// The hash of a text as Java's `UTF8String.hashCode` has it.
pub fn text_hash(text: &str) -> u32 {
    Murmur(42).bytes(text.as_bytes()).0
}

#[derive(Clone, Copy)]
struct XxHash(u64);

const P1: u64 = 0x9E37_79B1_85EB_CA87;
const P2: u64 = 0xC2B2_AE3D_27D4_EB4F;
const P3: u64 = 0x1656_67B1_9E37_79F9;
const P4: u64 = 0x85EB_CA77_C2B2_AE63;
const P5: u64 = 0x27D4_EB2F_1656_67C5;

fn round(acc: u64, input: u64) -> u64 {
    acc.wrapping_add(input.wrapping_mul(P2)).rotate_left(31).wrapping_mul(P1)
}

impl XxHash {
    fn finish(mut h: u64) -> Self {
        h = (h ^ (h >> 33)).wrapping_mul(P2);
        h = (h ^ (h >> 29)).wrapping_mul(P3);
        Self(h ^ (h >> 32))
    }
}

impl Hasher for XxHash {
    fn int(self, value: i32) -> Self {
        let h = self.0.wrapping_add(P5).wrapping_add(4) ^ u64::from(value as u32).wrapping_mul(P1);
        Self::finish(h.rotate_left(23).wrapping_mul(P2).wrapping_add(P3))
    }

    fn long(self, value: i64) -> Self {
        let h = self.0.wrapping_add(P5).wrapping_add(8) ^ round(0, value as u64);
        Self::finish(h.rotate_left(27).wrapping_mul(P1).wrapping_add(P4))
    }

    fn bytes(self, value: &[u8]) -> Self {
        let word = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        let mut rest = value;
        let mut h = if value.len() >= 32 {
            let seed = self.0;
            let mut lanes =
                [seed.wrapping_add(P1).wrapping_add(P2), seed.wrapping_add(P2), seed, seed.wrapping_sub(P1)];
            while rest.len() >= 32 {
                for (at, lane) in lanes.iter_mut().enumerate() {
                    *lane = round(*lane, word(&rest[at * 8..at * 8 + 8]));
                }
                rest = &rest[32..];
            }
            let joined = lanes[0]
                .rotate_left(1)
                .wrapping_add(lanes[1].rotate_left(7))
                .wrapping_add(lanes[2].rotate_left(12))
                .wrapping_add(lanes[3].rotate_left(18));
            lanes.iter().fold(joined, |h, lane| (h ^ round(0, *lane)).wrapping_mul(P1).wrapping_add(P4))
        } else {
            self.0.wrapping_add(P5)
        };
        h = h.wrapping_add(value.len() as u64);
        while rest.len() >= 8 {
            h = (h ^ round(0, word(&rest[..8]))).rotate_left(27).wrapping_mul(P1).wrapping_add(P4);
            rest = &rest[8..];
        }
        if rest.len() >= 4 {
            h = (h ^ word(&rest[..4]).wrapping_mul(P1)).rotate_left(23).wrapping_mul(P2).wrapping_add(P3);
            rest = &rest[4..];
        }
        for byte in rest {
            h = (h ^ u64::from(*byte).wrapping_mul(P5)).rotate_left(11).wrapping_mul(P1);
        }
        Self::finish(h)
    }
}

/// The hash after the value in a row.
fn value<H: Hasher>(hash: H, array: &dyn Array, row: usize) -> Result<H> {
    if array.is_null(row) {
        return Ok(hash);
    }
    macro_rules! of {
        ($type:ty) => {
            array.as_primitive::<$type>().value(row)
        };
    }
    Ok(match array.data_type() {
        DataType::Null => hash,
        DataType::Boolean => hash.int(i32::from(array.as_boolean().value(row))),
        DataType::Int8 => hash.int(of!(Int8Type).into()),
        DataType::Int16 => hash.int(of!(Int16Type).into()),
        DataType::Int32 => hash.int(of!(Int32Type)),
        // DataFusion's column that tells grouping sets apart.
        DataType::UInt8 => hash.int(of!(UInt8Type).into()),
        DataType::UInt16 => hash.int(of!(UInt16Type).into()),
        DataType::UInt32 => hash.int(of!(UInt32Type) as i32),
        DataType::UInt64 => hash.long(of!(UInt64Type) as i64),
        DataType::Date32 => hash.int(of!(Date32Type)),
        DataType::Interval(IntervalUnit::YearMonth) => hash.int(of!(IntervalYearMonthType)),
        DataType::Int64 => hash.long(of!(Int64Type)),
        DataType::Timestamp(..) => hash.long(of!(TimestampMicrosecondType)),
        DataType::Duration(_) => hash.long(of!(DurationMicrosecondType)),
        // One NaN and one zero, as Java has them: equal values hash alike.
        DataType::Float32 => {
            let value = of!(Float32Type);
            hash.int(if value.is_nan() { f32::NAN } else { value + 0.0 }.to_bits() as i32)
        }
        DataType::Float64 => {
            let value = of!(Float64Type);
            hash.long(if value.is_nan() { f64::NAN } else { value + 0.0 }.to_bits() as i64)
        }
        DataType::Decimal128(precision, _) => {
            let unscaled = of!(Decimal128Type);
            if *precision <= 18 {
                hash.long(unscaled as i64)
            } else {
                // The fewest big-endian bytes that hold it, as Java's BigInteger.
                let bytes = unscaled.to_be_bytes();
                let sign = if unscaled < 0 { 0xFF } else { 0 };
                let skip = (0..15).take_while(|at| bytes[*at] == sign && (bytes[at + 1] & 0x80 == sign & 0x80)).count();
                hash.bytes(&bytes[skip..])
            }
        }
        DataType::Utf8 => hash.bytes(array.as_string::<i32>().value(row).as_bytes()),
        DataType::Binary => hash.bytes(array.as_binary::<i32>().value(row)),
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            super::array::range(list, row).try_fold(hash, |hash, at| value(hash, list.values(), at))?
        }
        DataType::Struct(_) => {
            array.as_struct().columns().iter().try_fold(hash, |hash, column| value(hash, column, row))?
        }
        other => {
            return Err(Error::unsupported(format!(
                "a value of type {} has no hash",
                crate::types::simple_name(other)
            )));
        }
    })
}

fn each<H: Hasher>(arrays: &[ArrayRef], seed: H) -> impl Iterator<Item = Result<H>> {
    (0..arrays[0].len()).map(move |row| arrays.iter().try_fold(seed, |hash, array| value(hash, array, row)))
}

/// Spark's `hash` of each row of columns: what it deals rows out to partitions by.
pub fn row_hashes(columns: &[ArrayRef], rows: usize) -> Result<Vec<u32>> {
    let mut hashes = vec![Murmur(42); rows];
    for column in columns {
        macro_rules! each {
            ($values:expr, $hash:expr) => {
                for (hash, value) in hashes.iter_mut().zip($values) {
                    if let Some(value) = value {
                        *hash = $hash(*hash, value);
                    }
                }
            };
        }
        match column.data_type() {
            DataType::Utf8 => each!(column.as_string::<i32>(), |h: Murmur, v: &str| h.bytes(v.as_bytes())),
            DataType::Int64 => each!(column.as_primitive::<Int64Type>(), |h: Murmur, v| h.long(v)),
            DataType::Int32 => each!(column.as_primitive::<Int32Type>(), |h: Murmur, v| h.int(v)),
            DataType::Timestamp(..) => {
                each!(column.as_primitive::<TimestampMicrosecondType>(), |h: Murmur, v| h.long(v))
            }
            _ => {
                for (row, hash) in hashes.iter_mut().enumerate() {
                    *hash = value(*hash, column, row)?;
                }
            }
        }
    }
    Ok(hashes.into_iter().map(|hash| hash.0).collect())
}

fn murmur(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=usize::MAX)?;
    let arguments = arguments.into_iter().map(|argument| typed(context, argument)).collect::<Result<Vec<_>>>()?;
    Ok(safe_kernel(context, "", DataType::Int32, false, arguments, |arrays| {
        Ok(Arc::new(each(arrays, Murmur(42)).map(|hash| Ok(Some(hash?.0 as i32))).collect::<Result<Int32Array>>()?))
    }))
}

fn xxhash(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=usize::MAX)?;
    let arguments = arguments.into_iter().map(|argument| typed(context, argument)).collect::<Result<Vec<_>>>()?;
    Ok(safe_kernel(context, "", DataType::Int64, false, arguments, |arrays| {
        Ok(Arc::new(each(arrays, XxHash(42)).map(|hash| Ok(Some(hash?.0 as i64))).collect::<Result<Int64Array>>()?))
    }))
}

/// A null without a type hashes as an int, which it leaves alone.
fn typed(context: &CallContext<'_>, argument: Typed) -> Result<Typed> {
    if argument.data_type == DataType::Null {
        return cast(argument, &DataType::Int32, context.conf);
    }
    Ok(argument)
}
