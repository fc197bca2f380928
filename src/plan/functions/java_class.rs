//! Sets of characters as Java's `Pattern` names them.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

use super::java_regex::PatternFault;

/// How names and letters are read: the flags that change what a class holds.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClassFlags {
    /// `i`: letters of ASCII in both cases, and with `unicode_case` all letters.
    pub fold: bool,
    /// `u`.
    pub unicode_case: bool,
    /// `U`: `\w`, `\d`, `\s` and POSIX names mean all of Unicode.
    pub unicode_class: bool,
}

pub fn ranges(list: &[(u32, u32)]) -> ClassUnicode {
    let letter = |code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    ClassUnicode::new(list.iter().map(|(low, high)| ClassUnicodeRange::new(letter(*low), letter(*high))))
}

fn letters(text: &str) -> ClassUnicode {
    ClassUnicode::new(text.chars().map(|letter| ClassUnicodeRange::new(letter, letter)))
}

/// A class in the syntax of the crate `regex`.
fn unicode(syntax: &str) -> Option<ClassUnicode> {
    match regex_syntax::Parser::new().parse(syntax).ok()?.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        HirKind::Literal(literal) => Some(letters(std::str::from_utf8(&literal.0).ok()?)),
        _ => None,
    }
}

fn known(syntax: &str) -> Result<ClassUnicode, PatternFault> {
    unicode(syntax).ok_or_else(|| PatternFault::Unsupported(format!("the class {syntax}")))
}

pub fn negated(mut class: ClassUnicode) -> ClassUnicode {
    class.negate();
    class
}

pub fn union(mut left: ClassUnicode, right: &ClassUnicode) -> ClassUnicode {
    left.union(right);
    left
}

/// A range of letters under the flags.
pub fn letter_range(low: char, high: char, flags: ClassFlags) -> ClassUnicode {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(low, high)]);
    if flags.fold && flags.unicode_case {
        class.case_fold_simple();
        class.union(&dotted_and_dotless(low, high));
    } else if flags.fold {
        let mut ascii = ranges(&[(0, 0x7F)]);
        ascii.intersect(&class);
        let mut other = letters("");
        for range in ascii.ranges() {
            let of = |f: fn(&u8) -> u8| {
                let folded = (range.start()..=range.end()).map(|letter| char::from(f(&(letter as u8))));
                ClassUnicode::new(folded.map(|letter| ClassUnicodeRange::new(letter, letter)))
            };
            other.union(&of(u8::to_ascii_lowercase));
            other.union(&of(u8::to_ascii_uppercase));
        }
        class.union(&other);
    }
    class
}

/// The letters `İ` and `ı` where Java's folding puts them, which goes to the upper case and from
/// there to the lower one.
fn dotted_and_dotless(low: char, high: char) -> ClassUnicode {
    let holds = |letter| (low..=high).contains(&letter);
    if low == high && ['i', 'I', 'İ', 'ı'].contains(&low) {
        return letters("iIİı");
    }
    let mut found = letters("");
    if holds('i') {
        found.union(&letters("İı"));
    }
    if holds('I') {
        found.union(&letters("ı"));
    }
    found
}

/// `\d`, `\w`, `\s`, `\h`, `\v` by their lower-case letter.
pub fn shorthand(letter: char, flags: ClassFlags) -> Result<ClassUnicode, PatternFault> {
    Ok(match (letter, flags.unicode_class) {
        ('d', false) => letters("0123456789"),
        ('w', false) => ranges(&[(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)]),
        ('s', false) => letters(" \t\n\x0B\x0C\r"),
        ('d', true) => known(r"\p{Nd}")?,
        ('w', true) => known(r"\w")?,
        ('s', true) => known(r"\p{White_Space}")?,
        ('h', _) => ranges(&[
            (0x09, 0x09),
            (0x20, 0x20),
            (0xA0, 0xA0),
            (0x1680, 0x1680),
            (0x180E, 0x180E),
            (0x2000, 0x200A),
            (0x202F, 0x202F),
            (0x205F, 0x205F),
            (0x3000, 0x3000),
        ]),
        _ => letters("\n\x0B\x0C\r\u{85}\u{2028}\u{2029}"),
    })
}

/// The letters between which `\b` finds no boundary. A mark that stands on a letter counts as one.
pub fn word_letters() -> Result<ClassUnicode, PatternFault> {
    known(r"[_\p{L}\p{Nd}\p{Mn}]")
}

/// The set that `\p{name}` names.
pub fn property(name: &str, flags: ClassFlags) -> Result<ClassUnicode, PatternFault> {
    if let Some((key, value)) = name.split_once('=') {
        return match key.to_ascii_lowercase().as_str() {
            "sc" | "script" => script(value),
            "blk" | "block" => block(value),
            "gc" | "general_category" => category(value, flags).ok_or(PatternFault::Illegal),
            _ => Err(PatternFault::Illegal),
        };
    }
    if let Some(block_name) = name.strip_prefix("In") {
        return block(block_name);
    }
    if let Some(rest) = name.strip_prefix("Is") {
        if let Some(found) = binary(rest, flags) {
            return Ok(found);
        }
        return category(rest, flags).map_or_else(|| script(rest), Ok);
    }
    if flags.unicode_class
        && let Some(found) = posix_unicode(name, flags)
    {
        return Ok(found);
    }
    if let Some(found) = posix(name, flags).or_else(|| category(name, flags)) {
        return Ok(found);
    }
    java(name).unwrap_or(Err(PatternFault::Illegal))
}

/// POSIX's names mean ASCII only.
fn posix(name: &str, flags: ClassFlags) -> Option<ClassUnicode> {
    let list: &[(u32, u32)] = match name {
        "Lower" | "Upper" if flags.fold => &[(0x41, 0x5A), (0x61, 0x7A)],
        "Lower" => &[(0x61, 0x7A)],
        "Upper" => &[(0x41, 0x5A)],
        "ASCII" => &[(0, 0x7F)],
        "Alpha" => &[(0x41, 0x5A), (0x61, 0x7A)],
        "Digit" => &[(0x30, 0x39)],
        "Alnum" => &[(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)],
        "Punct" => &[(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)],
        "Graph" => &[(0x21, 0x7E)],
        "Print" => &[(0x20, 0x7E)],
        "Blank" => &[(0x09, 0x09), (0x20, 0x20)],
        "Cntrl" => &[(0, 0x1F), (0x7F, 0x7F)],
        "XDigit" => &[(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)],
        "Space" => &[(0x09, 0x0D), (0x20, 0x20)],
        "L1" => &[(0, 0xFF)],
        "all" => &[(0, 0x10_FFFF)],
        _ => return None,
    };
    Some(ranges(list))
}

/// With the flag `U` these names are those of Unicode's sets, in any case.
fn posix_unicode(name: &str, flags: ClassFlags) -> Option<ClassUnicode> {
    let name = match name.to_ascii_uppercase().as_str() {
        "LOWER" => "LOWERCASE",
        "UPPER" => "UPPERCASE",
        "ALPHA" => "ALPHABETIC",
        "PUNCT" => "PUNCTUATION",
        "CNTRL" => "CONTROL",
        "XDIGIT" => return unicode(r"[\p{Nd}\p{Hex_Digit}]"),
        "SPACE" => "WHITE_SPACE",
        "DIGIT" => "DIGIT",
        "ALNUM" => "ALNUM",
        "BLANK" => "BLANK",
        "GRAPH" => "GRAPH",
        "PRINT" => "PRINT",
        _ => return None,
    };
    binary(name, flags)
}

/// A general category, or one of the two sets that Java adds.
fn category(name: &str, flags: ClassFlags) -> Option<ClassUnicode> {
    const KNOWN: &[&str] = &[
        "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Co",
        "Cs", "Pd", "Ps", "Pe", "Pc", "Po", "Sm", "Sc", "Sk", "So", "Pi", "Pf", "L", "M", "N", "Z", "C", "P", "S",
    ];
    match name {
        "Lu" | "Ll" | "Lt" if flags.fold => unicode(r"[\p{Lu}\p{Ll}\p{Lt}]"),
        "LC" => unicode(r"[\p{Lu}\p{Ll}\p{Lt}]"),
        "LD" => unicode(r"[\p{L}\p{Nd}]"),
        // Text here holds no half of a pair.
        "Cs" => Some(letters("")),
        _ if KNOWN.contains(&name) => unicode(&format!(r"\p{{{name}}}")),
        _ => None,
    }
}

/// `\p{IsAlphabetic}` and its kin, in any case.
fn binary(name: &str, flags: ClassFlags) -> Option<ClassUnicode> {
    let syntax = match name.to_ascii_uppercase().as_str() {
        "LOWERCASE" | "UPPERCASE" | "TITLECASE" if flags.fold => r"[\p{Lowercase}\p{Uppercase}\p{Lt}]",
        "ALPHABETIC" => r"\p{Alphabetic}",
        "LETTER" => r"\p{L}",
        "IDEOGRAPHIC" => r"\p{Ideographic}",
        "LOWERCASE" => r"\p{Lowercase}",
        "UPPERCASE" => r"\p{Uppercase}",
        "TITLECASE" => r"\p{Lt}",
        "WHITE_SPACE" | "WHITESPACE" => r"\p{White_Space}",
        "CONTROL" => r"\p{Cc}",
        "PUNCTUATION" => r"\p{P}",
        "HEX_DIGIT" | "HEXDIGIT" => r"[\p{Nd}\p{Hex_Digit}]",
        "ASSIGNED" => r"\P{Cn}",
        "NONCHARACTER_CODE_POINT" | "NONCHARACTERCODEPOINT" => r"\p{Noncharacter_Code_Point}",
        "DIGIT" => r"\p{Nd}",
        "ALNUM" => r"[\p{Alphabetic}\p{Nd}]",
        "BLANK" => r"[\p{Zs}\t]",
        "GRAPH" => r"[^\p{Z}\p{Cc}\p{Cn}]",
        "PRINT" => r"[^\p{Zl}\p{Zp}\p{Cc}\p{Cn}]",
        "WORD" => r"\w",
        "JOIN_CONTROL" | "JOINCONTROL" => r"\p{Join_Control}",
        _ => return None,
    };
    unicode(syntax)
}

fn script(name: &str) -> Result<ClassUnicode, PatternFault> {
    unicode(&format!(r"\p{{sc={name}}}")).ok_or(PatternFault::Illegal)
}

/// Blocks are not in the tables that the crate `regex` carries: the common ones are here.
fn block(name: &str) -> Result<ClassUnicode, PatternFault> {
    let plain: String =
        name.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).map(|c| c.to_ascii_lowercase()).collect();
    let (low, high) = match plain.as_str() {
        "basiclatin" => (0, 0x7F),
        "latin1supplement" => (0x80, 0xFF),
        "latinextendeda" => (0x100, 0x17F),
        "latinextendedb" => (0x180, 0x24F),
        "ipaextensions" => (0x250, 0x2AF),
        "spacingmodifierletters" => (0x2B0, 0x2FF),
        "combiningdiacriticalmarks" => (0x300, 0x36F),
        "greek" | "greekandcoptic" => (0x370, 0x3FF),
        "cyrillic" => (0x400, 0x4FF),
        "armenian" => (0x530, 0x58F),
        "hebrew" => (0x590, 0x5FF),
        "arabic" => (0x600, 0x6FF),
        "devanagari" => (0x900, 0x97F),
        "thai" => (0xE00, 0xE7F),
        "georgian" => (0x10A0, 0x10FF),
        "hanguljamo" => (0x1100, 0x11FF),
        "latinextendedadditional" => (0x1E00, 0x1EFF),
        "greekextended" => (0x1F00, 0x1FFF),
        "generalpunctuation" => (0x2000, 0x206F),
        "currencysymbols" => (0x20A0, 0x20CF),
        "letterlikesymbols" => (0x2100, 0x214F),
        "arrows" => (0x2190, 0x21FF),
        "mathematicaloperators" => (0x2200, 0x22FF),
        "boxdrawing" => (0x2500, 0x257F),
        "cjksymbolsandpunctuation" => (0x3000, 0x303F),
        "hiragana" => (0x3040, 0x309F),
        "katakana" => (0x30A0, 0x30FF),
        "cjkunifiedideographs" => (0x4E00, 0x9FFF),
        "hangulsyllables" => (0xAC00, 0xD7AF),
        "emoticons" => (0x1_F600, 0x1_F64F),
        _ => return Err(PatternFault::Unsupported(format!("the block {name}"))),
    };
    Ok(ranges(&[(low, high)]))
}

/// `\p{javaLowerCase}` and its kin: `Character`'s methods.
fn java(name: &str) -> Option<Result<ClassUnicode, PatternFault>> {
    let syntax = match name {
        "javaLowerCase" => r"\p{Lowercase}",
        "javaUpperCase" => r"\p{Uppercase}",
        "javaAlphabetic" => r"\p{Alphabetic}",
        "javaIdeographic" => r"\p{Ideographic}",
        "javaTitleCase" => r"\p{Lt}",
        "javaDigit" => r"\p{Nd}",
        "javaDefined" => r"\P{Cn}",
        "javaLetter" => r"\p{L}",
        "javaLetterOrDigit" => r"[\p{L}\p{Nd}]",
        "javaSpaceChar" => r"\p{Z}",
        "javaWhitespace" => r"[\t\n\x0B\f\r\x1C-\x1F\p{Z}&&[^\u{A0}\u{2007}\u{202F}]]",
        "javaISOControl" => r"[\x00-\x1F\x7F-\u{9F}]",
        "javaJavaIdentifierStart"
        | "javaJavaIdentifierPart"
        | "javaUnicodeIdentifierStart"
        | "javaUnicodeIdentifierPart"
        | "javaIdentifierIgnorable"
        | "javaMirrored" => return Some(Err(PatternFault::Unsupported(format!("the class {name}")))),
        _ => return None,
    };
    Some(known(syntax))
}
