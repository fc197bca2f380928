//! Java's hexadecimal floating point numbers: `0x1.8p3`, with digits of base 16 and a power of two.

/// A number's magnitude: `digits × 2^power`. What 64 bits do not hold is told by the last bit,
/// which is set then.
struct BinaryMagnitude {
    digits: u64,
    power: i64,
}

/// The double of a text without space around it; a suffix of its type may follow.
pub fn double(text: &str) -> Option<f64> {
    let (negative, number) = read(text)?;
    let value = number.rounded(53, -1022);
    Some(if negative { -value } else { value })
}

/// As [`double`], rounded once to a float.
pub fn float(text: &str) -> Option<f32> {
    let (negative, number) = read(text)?;
    let value = number.rounded(24, -126) as f32;
    Some(if negative { -value } else { value })
}

impl BinaryMagnitude {
    /// The nearest number of `precision` bits, of two the even one. Below the power `least` there
    /// are fewer bits.
    fn rounded(&self, precision: i64, least: i64) -> f64 {
        let bits = i64::from(64 - self.digits.leading_zeros());
        let highest = self.power.saturating_add(bits - 1);
        if self.digits == 0 || highest < least - precision - 1 {
            return 0.0;
        }
        if highest > 1023 {
            return f64::INFINITY;
        }
        let dropped = bits - (precision - (least - highest).max(0));
        let (digits, power) = match u32::try_from(dropped) {
            Ok(dropped @ 1..=64) => {
                let (digits, unit) = (u128::from(self.digits), 1_u128 << dropped);
                let (kept, rest) = (digits / unit, digits % unit);
                let up = rest > unit / 2 || rest == unit / 2 && kept % 2 == 1;
                (kept as f64 + f64::from(u8::from(up)), self.power + i64::from(dropped))
            }
            _ => (self.digits as f64, self.power),
        };
        // Each factor is exact, and so is their product. One power alone may be below all doubles.
        let half = (power / 2) as i32;
        digits * 2_f64.powi(half) * 2_f64.powi(power as i32 - half)
    }
}

fn read(text: &str) -> Option<(bool, BinaryMagnitude)> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let text = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() || exponent.trim_start_matches(['+', '-']).is_empty() {
        return None;
    }
    let mut number = BinaryMagnitude { digits: 0, power: 0 };
    for (letters, below) in [(whole, 0), (fraction, 4)] {
        for letter in letters.chars() {
            let digit = u64::from(letter.to_digit(16)?);
            if number.digits >> 60 == 0 {
                number.digits = number.digits << 4 | digit;
                number.power -= below;
            } else {
                number.digits |= u64::from(digit != 0);
                number.power += 4 - below;
            }
        }
    }
    let exponent: i64 = match exponent.parse() {
        Ok(exponent) => exponent,
        // So many digits are beyond all powers.
        Err(_) if exponent.trim_start_matches(['+', '-']).bytes().all(|byte| byte.is_ascii_digit()) => {
            if exponent.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 }
        }
        Err(_) => return None,
    };
    number.power = number.power.saturating_add(exponent);
    Some((negative, number))
}
