//! Numbers by the patterns of Java's `DecimalFormat`: `#,##0.00`, `0.###E0`, `0%`, `0.00;(0.00)`.
//!
//! A pattern is `prefix digits suffix`, and may have a second one for negative numbers behind a
//! `;`, of which prefix and suffix count. Rounding is half to even.

use std::cmp::Ordering;

/// A pattern, read once and used for a whole column.
#[derive(Clone, Debug, Default)]
pub struct NumberPicture {
    positive: Affixes,
    negative: Affixes,
    whole: DigitRange,
    fraction: DigitRange,
    /// How many digits stand between two commas, 0 for none.
    group: usize,
    /// How many places the point moves: 2 for percent, 3 for per mille.
    shift: u32,
    /// Whether the point is there without a digit behind it.
    bare_point: bool,
    /// How many digits an exponent has at least, where there is one.
    exponent: Option<usize>,
}

/// What stands around the digits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Affixes {
    before: String,
    after: String,
}

#[derive(Clone, Copy, Debug, Default)]
struct DigitRange {
    least: usize,
    most: usize,
}

/// A number's digits without zeros at the end, and how many of them stand before the point: fewer
/// than none for small numbers.
#[derive(Clone, Debug)]
struct PlainDigits {
    digits: Vec<u8>,
    point: i64,
    /// Where the number lies that these digits name: the fewest that name a double are seldom all
    /// of it.
    rest: Ordering,
}

/// One half of a pattern, as it is read.
#[derive(Default)]
struct PictureHalf {
    affixes: Affixes,
    shift: u32,
    /// `#` before the zeros, zeros, `#` behind them.
    left: usize,
    zeros: usize,
    right: usize,
    point: Option<usize>,
    group: Option<usize>,
    exponent: Option<usize>,
}

impl NumberPicture {
    /// `#,##0` with so many places.
    pub fn of_places(places: usize) -> Self {
        Self {
            negative: Affixes { before: "-".into(), after: String::new() },
            whole: DigitRange { least: 1, most: usize::MAX },
            fraction: DigitRange { least: places, most: places },
            group: 3,
            ..Self::default()
        }
    }

    /// None where Java refuses the pattern. The empty one is Spark's `#,##0`.
    pub fn new(pattern: &str) -> Option<Self> {
        if pattern.is_empty() {
            return Some(Self::of_places(0));
        }
        let letters: Vec<char> = pattern.chars().collect();
        let (half, rest) = PictureHalf::read(&letters, true)?;
        let negative = match rest {
            Some(rest) if !rest.is_empty() => PictureHalf::read(rest, false)?.0.affixes,
            _ => half.affixes.clone(),
        };
        let total = half.left + half.zeros + half.right;
        let point = half.point.unwrap_or(total);
        let least = point - half.left;
        let fraction = match half.point {
            Some(point) => DigitRange { least: half.left + half.zeros - point, most: total - point },
            None => DigitRange::default(),
        };
        let signed = Affixes { before: format!("-{}", half.affixes.before), after: half.affixes.after.clone() };
        Some(Self {
            negative: if negative == half.affixes { signed } else { negative },
            positive: half.affixes,
            whole: DigitRange { least, most: if half.exponent.is_some() { half.left + least } else { usize::MAX } },
            fraction,
            group: half.group.unwrap_or(0),
            shift: half.shift,
            bare_point: half.point.is_some_and(|point| point == 0 || point == total),
            exponent: half.exponent,
        })
    }

    /// A floating point number. The point moves by multiplying, as in Java.
    pub fn of_double(&self, value: f64) -> String {
        if value.is_nan() {
            return "NaN".to_owned();
        }
        let value = if self.shift > 0 { value * 10_f64.powi(self.shift as i32) } else { value };
        let negative = value.is_sign_negative();
        if value.is_infinite() {
            return self.with_affixes(negative, "∞");
        }
        let shortest = value.abs().to_string();
        let mut digits = PlainDigits::of(&shortest);
        if shortest.ends_with('5') {
            // Whether the double lies above its text, or below.
            let exact = format!("{:.1100}", value.abs());
            digits.rest = exact.trim_end_matches('0').cmp(&shortest);
        }
        self.with_affixes(negative, &self.number(digits))
    }

    /// A number in plain decimal text.
    pub fn of_text(&self, text: &str) -> String {
        let (negative, magnitude) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let mut digits = PlainDigits::of(magnitude);
        digits.point += i64::from(self.shift);
        self.with_affixes(negative, &self.number(digits))
    }

    fn with_affixes(&self, negative: bool, number: &str) -> String {
        let Affixes { before, after } = if negative { &self.negative } else { &self.positive };
        format!("{before}{number}{after}")
    }

    fn number(&self, mut digits: PlainDigits) -> String {
        match self.exponent {
            Some(least) => {
                digits.round((self.whole.most + self.fraction.most) as i64);
                self.scientific(&digits, least)
            }
            None => {
                digits.round(digits.point.saturating_add(i64::try_from(self.fraction.most).unwrap_or(i64::MAX)));
                self.plain(&digits)
            }
        }
    }

    fn plain(&self, number: &PlainDigits) -> String {
        let count = usize::try_from(number.point).unwrap_or(0).max(self.whole.least);
        let mut out = String::new();
        for place in 0..count {
            // Places count from the point to the left.
            let left = count - place;
            out.push(char::from(number.at(number.point - left as i64)));
            if self.group > 0 && left > 1 && (left - 1).is_multiple_of(self.group) {
                out.push(',');
            }
        }
        let significant = usize::try_from(number.digits.len() as i64 - number.point).unwrap_or(0);
        let places = significant.min(self.fraction.most).max(self.fraction.least);
        if out.is_empty() && places == 0 {
            out.push('0');
        }
        if self.bare_point || places > 0 {
            out.push('.');
        }
        out.extend((0..places).map(|place| char::from(number.at(number.point + place as i64))));
        out
    }

    fn scientific(&self, number: &PlainDigits, least_exponent: usize) -> String {
        let (most, least) = (self.whole.most as i64, self.whole.least as i64);
        let zero = number.digits.is_empty();
        let point = if zero { 0 } else { number.point };
        // More digits before the point than must be there: the exponent is a multiple of them.
        let (exponent, whole_of_zero) = if most > 1 && most > least {
            (if point >= 1 { (point - 1) / most * most } else { (point - most) / most * most }, 1)
        } else {
            (point - least, least)
        };
        let exponent = if zero { 0 } else { exponent };
        let whole = if zero { whole_of_zero } else { point - exponent };
        let shown = (least + self.fraction.least as i64).max(whole).max(number.digits.len() as i64);
        let mut out = String::new();
        for place in 0..shown {
            if place == whole {
                out.push('.');
            }
            out.push(char::from(number.at(place)));
        }
        if self.bare_point && shown == whole {
            out.push('.');
        }
        let sign = if exponent < 0 { "-" } else { "" };
        out + &format!("E{sign}{:0least_exponent$}", exponent.abs())
    }
}

impl PlainDigits {
    fn of(text: &str) -> Self {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let zeros = whole.bytes().chain(fraction.bytes()).take_while(|digit| *digit == b'0').count();
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).skip(zeros).collect();
        digits.truncate(digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1));
        let point = if digits.is_empty() { 0 } else { whole.len() as i64 - zeros as i64 };
        Self { digits, point, rest: Ordering::Equal }
    }

    /// The digit at a place of the list; zeros stand before and behind it.
    fn at(&self, place: i64) -> u8 {
        usize::try_from(place).ok().and_then(|place| self.digits.get(place)).copied().unwrap_or(b'0')
    }

    /// Keeps so many digits.
    fn round(&mut self, kept: i64) {
        let Ok(kept) = usize::try_from(kept) else {
            (self.digits, self.point) = (Vec::new(), 0);
            return;
        };
        if kept >= self.digits.len() {
            return;
        }
        let odd = kept > 0 && self.digits[kept - 1] % 2 == 1;
        let up = match (&self.digits[kept..], self.rest) {
            ([b'5'], Ordering::Equal) => odd,
            ([b'5'], rest) => rest == Ordering::Greater,
            (digits, _) => digits[0] >= b'5',
        };
        self.digits.truncate(kept);
        if up {
            while self.digits.last() == Some(&b'9') {
                self.digits.pop();
            }
            match self.digits.last_mut() {
                Some(last) => *last += 1,
                None => {
                    self.digits.push(b'1');
                    self.point += 1;
                }
            }
        }
        self.digits.truncate(self.digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1));
        if self.digits.is_empty() {
            self.point = 0;
        }
    }
}

impl PictureHalf {
    /// Reads up to a `;`, and what stands behind it. Of the half for negative numbers the digits do
    /// not count.
    fn read(letters: &[char], counts: bool) -> Option<(Self, Option<&[char]>)> {
        let mut half = Self::default();
        let (mut at, mut behind, mut quoted, mut rest) = (0, false, false, None);
        while let Some(letter) = letters.get(at).copied() {
            at += 1;
            if quoted {
                match (letter, letters.get(at)) {
                    ('\'', Some('\'')) => at += 1,
                    ('\'', _) => {
                        quoted = false;
                        continue;
                    }
                    _ => {}
                }
                half.affix(behind).push(letter);
                continue;
            }
            match letter {
                '#' | '0' | ',' | '.' => {
                    at = half.read_digits(letters, at - 1, counts)?;
                    behind = true;
                }
                '\'' if letters.get(at) == Some(&'\'') => {
                    at += 1;
                    half.affix(behind).push('\'');
                }
                '\'' => quoted = true,
                '¤' if letters.get(at) == Some(&'¤') => {
                    at += 1;
                    half.affix(behind).push_str("USD");
                }
                '¤' => half.affix(behind).push('$'),
                ';' if behind && counts => {
                    rest = Some(&letters[at..]);
                    break;
                }
                ';' => return None,
                '%' | '‰' if half.shift > 0 => return None,
                '%' | '‰' => {
                    half.shift = if letter == '%' { 2 } else { 3 };
                    half.affix(behind).push(letter);
                }
                other => half.affix(behind).push(other),
            }
        }
        if half.zeros == 0
            && half.left > 0
            && let Some(point) = half.point
        {
            // `#.##` shows one digit before the point, `.##` one behind it.
            let first = point.max(1);
            (half.right, half.left, half.zeros) = (half.left - first, first - 1, 1);
        }
        let misplaced = match half.point {
            Some(point) => point < half.left || point > half.left + half.zeros,
            None => half.right > 0,
        };
        (!misplaced && half.group != Some(0) && !quoted).then_some((half, rest))
    }

    fn affix(&mut self, behind: bool) -> &mut String {
        if behind { &mut self.affixes.after } else { &mut self.affixes.before }
    }

    /// Reads digits, commas, a point and an exponent; the place behind them.
    fn read_digits(&mut self, letters: &[char], from: usize, counts: bool) -> Option<usize> {
        let mut at = from;
        while let Some(letter) = letters.get(at).copied() {
            match letter {
                '#' | '0' | ',' | '.' | 'E' if !counts => {}
                '#' | '0' => {
                    match letter {
                        '#' if self.zeros > 0 => self.right += 1,
                        '#' => self.left += 1,
                        _ if self.right > 0 => return None,
                        _ => self.zeros += 1,
                    }
                    if self.point.is_none() {
                        self.group = self.group.map(|group| group + 1);
                    }
                }
                ',' => self.group = Some(0),
                '.' if self.point.is_some() => return None,
                '.' => self.point = Some(self.left + self.zeros + self.right),
                'E' => {
                    let digits = letters[at + 1..].iter().take_while(|letter| **letter == '0').count();
                    if self.exponent.is_some() || self.left + self.zeros == 0 || digits == 0 {
                        return None;
                    }
                    self.exponent = Some(digits);
                    return Some(at + 1 + digits);
                }
                _ => break,
            }
            at += 1;
        }
        Some(at)
    }
}
