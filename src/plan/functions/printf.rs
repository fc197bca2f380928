//! Java's `Formatter`, as far as `format_string` takes it: all but the conversions of dates. What
//! is written is `printf_value`'s.
//!
//! A directive is `%[index$][flags][width][.precision]conversion`. `%<s` takes the argument of the
//! directive before it.

use arrow::array::ArrayRef;

use super::printf_value;
use crate::error::{Error, Result};

/// One `%…` of a format.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    argument: Argument,
    flags: Flags,
    width: Option<usize>,
    pub precision: Option<usize>,
    /// In lower case; `%X` is `x` with `upper`.
    pub conversion: char,
    pub upper: bool,
}

/// Which argument a directive shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Argument {
    Next,
    /// `%<s`.
    Same,
    /// `%2$s`.
    At(usize),
}

/// The flags of a directive, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Flags(u8);

const FLAGS: [char; 8] = ['-', '#', '+', ' ', '0', ',', '(', '<'];

impl Flags {
    fn bit(flag: char) -> u8 {
        FLAGS.iter().position(|known| *known == flag).map_or(0, |at| 1 << at)
    }

    fn has(self, flag: char) -> bool {
        self.0 & Self::bit(flag) != 0
    }

    fn any(self, flags: &str) -> bool {
        flags.chars().any(|flag| self.has(flag))
    }
}

/// A format filled with the values of a row.
pub fn format(format: &str, values: &[ArrayRef], row: usize) -> Result<String> {
    let mut out = String::new();
    let (mut next, mut last) = (0, None);
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let (directive, after) = Directive::read(&rest[at + 1..]).ok_or_else(|| bad(format))?;
        rest = after;
        match directive.conversion {
            '%' => directive.push(&mut out, "%"),
            'n' => out.push('\n'),
            _ => {
                let argument = match directive.argument {
                    Argument::At(at) => Some(at - 1),
                    Argument::Same => last,
                    Argument::Next => {
                        next += 1;
                        Some(next - 1)
                    }
                };
                last = argument;
                let value = argument.and_then(|at| values.get(at)).ok_or_else(|| {
                    let count = values.len();
                    Error::illegal(format!(
                        "the format '{format}' names more arguments than the {count} that there are"
                    ))
                })?;
                printf_value::push(&directive, value, row, &mut out)
                    .map_err(|error| error.context(format!("filling the format '{format}'")))?;
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn bad(format: &str) -> Error {
    Error::illegal(format!("the format '{format}' does not parse: a % begins none of Java's directives"))
}

impl Directive {
    /// A directive without its `%`, and what stands behind it.
    fn read(text: &str) -> Option<(Self, &str)> {
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        // Java's numbers here are ints.
        let number = |text: &str| text.parse::<u32>().ok().and_then(|number| i32::try_from(number).ok());
        let (mut rest, mut argument) = (text, Argument::Next);
        if let Some(after) = rest[digits(rest)..].strip_prefix('$')
            && digits(rest) > 0
        {
            argument = match number(&rest[..digits(rest)])? {
                0 => Argument::Next,
                at => Argument::At(at.unsigned_abs() as usize),
            };
            rest = after;
        }
        let mut flags = Flags::default();
        while let Some(flag) = rest.chars().next().filter(|flag| FLAGS.contains(flag)) {
            if flags.has(flag) {
                return None;
            }
            flags.0 |= Flags::bit(flag);
            rest = &rest[1..];
        }
        if flags.has('<') {
            argument = Argument::Same;
        }
        let mut width = None;
        if digits(rest) > 0 {
            width = Some(number(&rest[..digits(rest)])?.unsigned_abs() as usize);
            rest = &rest[digits(rest)..];
        }
        let mut precision = None;
        if let Some(after) = rest.strip_prefix('.') {
            precision = Some(number(&after[..digits(after)])?.unsigned_abs() as usize);
            rest = &after[digits(after)..];
        }
        let letter = rest.chars().next().filter(|letter| "bBhHsScCdoxXeEfgGaA%n".contains(*letter))?;
        let upper = letter.is_ascii_uppercase();
        let conversion = letter.to_ascii_lowercase();
        let directive = Self { argument, flags, width, precision, conversion, upper };
        directive.is_sound().then_some((directive, &rest[1..]))
    }

    /// Whether the conversion takes these flags, and a width and a precision or none.
    fn is_sound(&self) -> bool {
        let flags = self.flags;
        // Without a width nothing can be justified or padded.
        let narrow = self.width.is_none() && flags.any("-0");
        let forbidden = match self.conversion {
            'b' | 'h' => "#+ 0,(",
            's' => "#+ 0,(",
            'c' => "#+ 0,(",
            'd' => "#",
            'o' | 'x' => ",",
            'e' => ",",
            'a' => "(,",
            'g' => "#",
            'f' => "",
            '%' => "#+ 0,(<",
            _ => "-#+ 0,(<",
        };
        let contradictory = flags.has('+') && flags.has(' ') || flags.has('-') && flags.has('0');
        let precise = self.precision.is_none() || !matches!(self.conversion, 'c' | 'd' | 'o' | 'x' | '%' | 'n');
        let wide = self.width.is_none() || self.conversion != 'n';
        !narrow && !contradictory && precise && wide && !flags.any(forbidden)
    }

    pub fn has(&self, flag: char) -> bool {
        self.flags.has(flag)
    }

    pub fn any(&self, flags: &str) -> bool {
        self.flags.any(flags)
    }

    /// The width, less by so many characters that are written beside the padded ones.
    pub fn width_without(&self, taken: usize) -> usize {
        self.width.map_or(0, |width| width.saturating_sub(taken))
    }

    /// Appends a text that the precision cuts.
    pub fn push_cut(&self, out: &mut String, text: &str) {
        let cut: String = match self.precision {
            Some(most) => text.chars().take(most).collect(),
            None => text.to_owned(),
        };
        self.push(out, &if self.upper { cut.to_uppercase() } else { cut });
    }

    /// Appends a text and spaces up to the width, which counts as Java does.
    pub fn push(&self, out: &mut String, text: &str) {
        let spaces = " ".repeat(self.width_without(text.encode_utf16().count()));
        if self.has('-') {
            out.extend([text, &spaces]);
        } else {
            out.extend([&spaces, text]);
        }
    }
}
