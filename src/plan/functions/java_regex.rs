//! Java's regular expressions in the syntax of the crate `fancy_regex`: parsed whole, and written
//! anew without flags, so that nothing is read by the other engine's rules. A pattern that Java
//! refuses is refused; one that cannot be written in that syntax is refused by name.

use std::collections::HashMap;

use fancy_regex::{Captures, Regex, RegexBuilder};
use regex_syntax::hir::ClassUnicode;

use super::java_class::{ClassFlags, letter_range, negated, property, shorthand, union, word_letters};

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternFault {
    /// Java refuses it, too.
    Illegal,
    /// Java knows it, and Firesteel does not.
    Unsupported(String),
}

/// A pattern of Java's, compiled.
#[derive(Debug)]
pub struct JavaRegex {
    regex: Regex,
    /// Whether the pattern has no letter at all: `split` cuts between characters then.
    empty: bool,
    names: HashMap<String, usize>,
}

impl JavaRegex {
    pub fn new(pattern: &str) -> Result<Self, PatternFault> {
        // Read once to count the groups, and once more to write.
        let (_, counted) = PatternParser::parse(pattern, None)?;
        let (whole, parser) = PatternParser::parse(pattern, Some(counted.groups))?;
        let unsupported = |error| PatternFault::Unsupported(format!("a part of it ({error})"));
        let regex = RegexBuilder::new(&whole.text).build().map_err(unsupported)?;
        Ok(Self { regex, empty: pattern.is_empty(), names: parser.names })
    }

    pub fn is_empty(&self) -> bool {
        self.empty
    }

    /// How many groups there are, the whole match not counted.
    pub fn groups(&self) -> usize {
        self.regex.captures_len() - 1
    }

    /// The number of a named group.
    pub fn group_named(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    pub fn is_match(&self, text: &str) -> Result<bool, fancy_regex::Error> {
        self.regex.is_match(text)
    }

    pub fn first<'t>(&self, text: &'t str) -> Result<Option<Captures<'t, str>>, fancy_regex::Error> {
        self.regex.captures(text)
    }

    /// The matches one after the other, as `Matcher.find` finds them: an empty one may follow
    /// another at its end.
    pub fn matches<'r, 't>(&'r self, text: &'t str) -> JavaMatches<'r, 't> {
        JavaMatches { regex: &self.regex, text, next: Some(0) }
    }
}

/// Iterates over matches.
pub struct JavaMatches<'r, 't> {
    regex: &'r Regex,
    text: &'t str,
    next: Option<usize>,
}

impl<'t> Iterator for JavaMatches<'_, 't> {
    type Item = Result<Captures<'t, str>, fancy_regex::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let from = self.next.take()?;
        let found = self.regex.captures_from_pos(self.text, from).transpose()?;
        if let Ok(captures) = &found
            && let Some(whole) = captures.get(0)
        {
            let end = whole.end();
            self.next = if whole.start() < end {
                Some(end)
            } else {
                self.text[end..].chars().next().map(|letter| end + letter.len_utf8())
            };
        }
        Some(found)
    }
}

#[derive(Clone, Copy, Default)]
struct PatternFlags {
    class: ClassFlags,
    multiline: bool,
    dot_all: bool,
    comments: bool,
    unix_lines: bool,
}

/// A part of the pattern, written anew.
struct PatternPiece {
    text: String,
    /// Whether it has a longest match, as a look-behind must.
    bounded: bool,
    /// Whether it is one character of some set.
    single: bool,
    /// Whether it takes no character: a look, an anchor.
    empty: bool,
}

impl PatternPiece {
    fn letter(text: impl Into<String>) -> Self {
        Self { single: true, ..Self::of(text) }
    }

    fn place(text: impl Into<String>) -> Self {
        Self { empty: true, ..Self::of(text) }
    }

    fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), bounded: true, single: false, empty: false }
    }
}

const LINE_ENDS: &str = r"\n\r\x{85}\x{2028}\x{2029}";

struct PatternParser {
    letters: Vec<char>,
    at: usize,
    flags: PatternFlags,
    /// Groups that were opened, the whole match among them.
    groups: usize,
    /// How many of them there are, once they were counted.
    total: Option<usize>,
    /// Which of them were closed.
    closed: Vec<bool>,
    names: HashMap<String, usize>,
}

type Parsed<T> = Result<T, PatternFault>;

/// What stands at one place of a class.
enum ClassItem {
    Letter(char),
    Set(ClassUnicode),
}

impl PatternParser {
    fn parse(pattern: &str, total: Option<usize>) -> Parsed<(PatternPiece, Self)> {
        let mut parser = Self {
            letters: pattern.chars().collect(),
            at: 0,
            flags: PatternFlags::default(),
            groups: 1,
            total,
            closed: vec![true],
            names: HashMap::new(),
        };
        let whole = parser.alternation()?;
        if parser.at < parser.letters.len() {
            // A parenthesis that closes nothing.
            return Err(PatternFault::Illegal);
        }
        Ok((whole, parser))
    }

    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn peek_at(&self, ahead: usize) -> Option<char> {
        self.letters.get(self.at + ahead).copied()
    }

    fn take(&mut self) -> Parsed<char> {
        let letter = self.peek().ok_or(PatternFault::Illegal)?;
        self.at += 1;
        Ok(letter)
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = text.chars().enumerate().all(|(i, letter)| self.peek_at(i) == Some(letter));
        if found {
            self.at += text.chars().count();
        }
        found
    }

    /// Skips what comments mode does not read.
    fn skip_comments(&mut self) {
        while self.flags.comments {
            match self.peek() {
                Some(' ' | '\t'..='\r') => self.at += 1,
                Some('#') => {
                    while let Some(letter) = self.peek()
                        && !self.ends_line(letter)
                    {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn ends_line(&self, letter: char) -> bool {
        letter == '\n' || !self.flags.unix_lines && matches!(letter, '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
    }

    fn alternation(&mut self) -> Parsed<PatternPiece> {
        let mut whole = self.sequence()?;
        while self.eat("|") {
            let next = self.sequence()?;
            whole = PatternPiece {
                bounded: whole.bounded && next.bounded,
                empty: whole.empty && next.empty,
                ..PatternPiece::of(format!("{}|{}", whole.text, next.text))
            };
        }
        Ok(whole)
    }

    fn sequence(&mut self) -> Parsed<PatternPiece> {
        let mut whole = PatternPiece::place("");
        loop {
            self.skip_comments();
            let Some(letter) = self.peek() else { return Ok(whole) };
            if matches!(letter, '|' | ')') {
                return Ok(whole);
            }
            let Some(atom) = self.atom()? else { continue };
            let piece = self.repeated(atom)?;
            whole.text.push_str(&piece.text);
            whole.bounded &= piece.bounded;
            whole.empty &= piece.empty;
        }
    }

    /// One atom, or `None` for what matches nothing by itself: flags, `\Q\E`.
    fn atom(&mut self) -> Parsed<Option<PatternPiece>> {
        let letter = self.take()?;
        Ok(Some(match letter {
            '(' => return self.group(),
            '[' => {
                let class = self.class()?;
                PatternPiece::letter(class_text(&class))
            }
            '\\' => return self.escape(),
            '^' => PatternPiece::place(match (self.flags.multiline, self.flags.unix_lines) {
                (false, _) => r"\A",
                (true, true) => r"(?:(?!\z)(?:\A|(?<=\n)))",
                (true, false) => r"(?:(?!\z)(?:\A|(?<=[\n\x{85}\x{2028}\x{2029}])|(?<=\r)(?!\n)))",
            }),
            '$' => PatternPiece::place(match (self.flags.multiline, self.flags.unix_lines) {
                (false, unix) => text_end(unix),
                (true, true) => r"(?=\n|\z)",
                (true, false) => r"(?:(?=[\r\x{85}\x{2028}\x{2029}]|\z)|(?<!\r)(?=\n))",
            }),
            '.' => PatternPiece::letter(match (self.flags.dot_all, self.flags.unix_lines) {
                (true, _) => r"[\x{0}-\x{10FFFF}]".to_owned(),
                (false, true) => r"[^\n]".to_owned(),
                (false, false) => format!("[^{LINE_ENDS}]"),
            }),
            '*' | '+' | '?' => return Err(PatternFault::Illegal),
            '{' => {
                // Java repeats the empty text before it.
                self.at -= 1;
                PatternPiece::place("(?:)")
            }
            letter => self.literal(letter),
        }))
    }

    fn literal(&self, letter: char) -> PatternPiece {
        let class = letter_range(letter, letter, self.flags.class);
        match class.ranges() {
            [one] if one.start() == one.end() => PatternPiece::letter(fancy_regex::escape(&letter.to_string())),
            _ => PatternPiece::letter(class_text(&class)),
        }
    }

    fn group(&mut self) -> Parsed<Option<PatternPiece>> {
        if !self.eat("?") {
            let number = self.opened();
            return self.inside("(", Some(number), false).map(Some);
        }
        for opening in ["(?:", "(?=", "(?!", "(?>"] {
            if self.eat(&opening[2..]) {
                let look = matches!(opening, "(?=" | "(?!");
                let piece = self.inside(opening, None, false)?;
                return Ok(Some(PatternPiece { bounded: piece.bounded || look, empty: piece.empty || look, ..piece }));
            }
        }
        for opening in ["(?<=", "(?<!"] {
            if self.eat(&opening[2..]) {
                return self.inside(opening, None, true).map(Some);
            }
        }
        if self.eat("<") {
            let name = self.group_name()?;
            let number = self.opened();
            if self.names.insert(name, number).is_some() {
                return Err(PatternFault::Illegal);
            }
            return self.inside("(", Some(number), false).map(Some);
        }
        let before = self.flags;
        self.read_flags()?;
        if self.eat(")") {
            return Ok(None);
        }
        if !self.eat(":") {
            return Err(PatternFault::Illegal);
        }
        let piece = self.inside("(?:", None, false)?;
        self.flags = before;
        Ok(Some(piece))
    }

    fn opened(&mut self) -> usize {
        self.groups += 1;
        self.closed.push(false);
        self.groups - 1
    }

    /// The rest of a group after its opening. Flags that are set inside end with it.
    fn inside(&mut self, opening: &str, number: Option<usize>, behind: bool) -> Parsed<PatternPiece> {
        let flags = self.flags;
        let piece = self.alternation()?;
        self.flags = flags;
        if !self.eat(")") || behind && !piece.bounded {
            return Err(PatternFault::Illegal);
        }
        if let Some(number) = number {
            self.closed[number] = true;
        }
        Ok(PatternPiece {
            bounded: piece.bounded,
            empty: piece.empty || behind,
            ..PatternPiece::of(format!("{opening}{})", piece.text))
        })
    }

    fn group_name(&mut self) -> Parsed<String> {
        let mut name = String::new();
        while let Some(letter) = self.peek()
            && letter.is_ascii_alphanumeric()
        {
            name.push(self.take()?);
        }
        if !name.starts_with(|letter: char| letter.is_ascii_alphabetic()) || !self.eat(">") {
            return Err(PatternFault::Illegal);
        }
        Ok(name)
    }

    fn read_flags(&mut self) -> Parsed<()> {
        let mut on = true;
        while let Some(letter) = self.peek()
            && !matches!(letter, ')' | ':')
        {
            let flags = &mut self.flags;
            match letter {
                '-' if on => on = false,
                'i' => flags.class.fold = on,
                'u' => flags.class.unicode_case = on,
                'U' => {
                    flags.class.unicode_class = on;
                    flags.class.unicode_case = on;
                }
                'm' => flags.multiline = on,
                's' => flags.dot_all = on,
                'x' => flags.comments = on,
                'd' => flags.unix_lines = on,
                'c' => return Err(PatternFault::Unsupported("the flag c (canonical equivalence)".into())),
                _ => return Err(PatternFault::Illegal),
            }
            self.at += 1;
        }
        Ok(())
    }

    /// An escape outside of a class.
    fn escape(&mut self) -> Parsed<Option<PatternPiece>> {
        let letter = self.peek().ok_or(PatternFault::Illegal)?;
        let unsupported = |what: &str| Err(PatternFault::Unsupported(format!("\\{what}")));
        match letter {
            'Q' => return self.quoted(),
            'X' => return unsupported("X (a grapheme cluster)"),
            'N' => return unsupported("N (a character by its name)"),
            'G' => return unsupported("G (the end of the match before)"),
            'b' if self.letters[self.at..].starts_with(&['b', '{', 'g']) => return unsupported("b{g}"),
            _ => {}
        }
        let fixed = match letter {
            'A' => Some(r"\A"),
            'z' => Some(r"\z"),
            'Z' => Some(text_end(self.flags.unix_lines)),
            'R' => Some(r"(?:\r\n|[\n\x{B}\x{C}\r\x{85}\x{2028}\x{2029}])"),
            _ => None,
        };
        if let Some(text) = fixed {
            self.at += 1;
            let piece = PatternPiece::of(text);
            return Ok(Some(PatternPiece { empty: letter != 'R', ..piece }));
        }
        if matches!(letter, 'b' | 'B') {
            self.at += 1;
            let word = if self.flags.class.unicode_class { shorthand('w', self.flags.class)? } else { word_letters()? };
            let word = class_text(&word);
            let text = if letter == 'b' {
                format!("(?:(?<={word})(?!{word})|(?<!{word})(?={word}))")
            } else {
                format!("(?:(?<={word})(?={word})|(?<!{word})(?!{word}))")
            };
            return Ok(Some(PatternPiece::place(text)));
        }
        if letter == 'k' {
            self.at += 1;
            if !self.eat("<") {
                return Err(PatternFault::Illegal);
            }
            let name = self.group_name()?;
            let number = *self.names.get(&name).ok_or(PatternFault::Illegal)?;
            return self.reference(number).map(Some);
        }
        if let Some(first @ 1..) = letter.to_digit(10) {
            self.at += 1;
            let mut number = first as usize;
            // More digits belong to the number as long as such a group was opened.
            while let Some(digit) = self.peek().and_then(|letter| letter.to_digit(10))
                && number * 10 + (digit as usize) < self.groups
            {
                number = number * 10 + digit as usize;
                self.at += 1;
            }
            return self.reference(number).map(Some);
        }
        Ok(Some(match self.class_escape()? {
            ClassItem::Letter(letter) => self.literal(letter),
            ClassItem::Set(class) => PatternPiece::letter(class_text(&class)),
        }))
    }

    /// A group's text again. It has no longest match, as Java sees it.
    fn reference(&self, number: usize) -> Parsed<PatternPiece> {
        if self.total.is_none_or(|total| number >= total) {
            // A group that the pattern has not got never matches.
            return Ok(PatternPiece { bounded: false, ..PatternPiece::place("(?!)") });
        }
        if !self.closed.get(number).copied().unwrap_or(false) {
            // It has matched nothing, unless a repetition comes back to here.
            return Err(PatternFault::Unsupported(format!("\\{number} before the end of its group")));
        }
        let folded = if self.flags.class.fold { "(?i:" } else { "(?:" };
        Ok(PatternPiece { bounded: false, ..PatternPiece::of(format!("{folded}\\{number})")) })
    }

    /// `\Q…\E`. A quantifier after it repeats the last letter.
    fn quoted(&mut self) -> Parsed<Option<PatternPiece>> {
        self.at += 1;
        let mut text = String::new();
        while self.at < self.letters.len() && !self.eat(r"\E") {
            let piece = self.literal(self.letters[self.at]);
            self.at += 1;
            if self.at == self.letters.len() || self.letters[self.at..].starts_with(&['\\', 'E']) {
                let ended = self.eat(r"\E");
                let last = if ended { self.repeated(piece)? } else { piece };
                return Ok(Some(PatternPiece {
                    bounded: last.bounded,
                    ..PatternPiece::of(format!("(?:{text}{})", last.text))
                }));
            }
            text.push_str(&piece.text);
        }
        Ok(None)
    }

    /// An atom with the quantifier that follows it.
    fn repeated(&mut self, atom: PatternPiece) -> Parsed<PatternPiece> {
        self.skip_comments();
        let (least, most) = match self.peek() {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => {
                self.at += 1;
                self.counts()?
            }
            _ => return Ok(atom),
        };
        self.at += 1;
        let bounded = atom.bounded && most.is_some();
        if atom.empty {
            // What takes no character is there once or not at all.
            let lazy = self.eat("?");
            let _ = !lazy && self.eat("+");
            let text = match (least, lazy) {
                (0, true) => format!("(?:|{})", atom.text),
                (0, false) => format!("(?:{}|)", atom.text),
                _ => format!("(?:{})", atom.text),
            };
            return Ok(PatternPiece { bounded, ..PatternPiece::place(text) });
        }
        let text = match (least, most) {
            (0, Some(1)) => "?".to_owned(),
            (0, None) => "*".to_owned(),
            (1, None) => "+".to_owned(),
            (least, most) => format!("{{{least},{}}}", most.map_or(String::new(), |most| most.to_string())),
        };
        let repeated = format!("(?:{}){text}", atom.text);
        if self.eat("?") {
            return Ok(PatternPiece { bounded, ..PatternPiece::of(format!("{repeated}?")) });
        }
        if self.eat("+") {
            return Ok(PatternPiece { bounded, ..PatternPiece::of(format!("(?>{repeated})")) });
        }
        // Java takes many of one character for bounded, by a great number.
        Ok(PatternPiece { bounded: bounded || atom.single, ..PatternPiece::of(repeated) })
    }

    /// What stands in `{2,3}`, up to the closing brace.
    fn counts(&mut self) -> Parsed<(u32, Option<u32>)> {
        let least = self.number()?.ok_or(PatternFault::Illegal)?;
        let most = if self.eat(",") { self.number()? } else { Some(least) };
        if self.peek() != Some('}') || most.is_some_and(|most| most < least) {
            return Err(PatternFault::Illegal);
        }
        Ok((least, most))
    }

    fn number(&mut self) -> Parsed<Option<u32>> {
        let from = self.at;
        while self.peek().is_some_and(|letter| letter.is_ascii_digit()) {
            self.at += 1;
        }
        let digits: String = self.letters[from..self.at].iter().collect();
        if digits.is_empty() {
            return Ok(None);
        }
        digits.parse::<i32>().map(|number| Some(number.unsigned_abs())).map_err(|_| PatternFault::Illegal)
    }

    /// The rest of a class after its bracket.
    fn class(&mut self) -> Parsed<ClassUnicode> {
        let negative = self.eat("^");
        let class = self.class_items()?;
        self.at += 1;
        Ok(if negative { negated(class) } else { class })
    }

    /// Up to the bracket that closes the class, which stays. `&&` cuts with all that follows it.
    fn class_items(&mut self) -> Parsed<ClassUnicode> {
        let mut found: Option<ClassUnicode> = None;
        loop {
            self.skip_comments();
            match self.peek().ok_or(PatternFault::Illegal)? {
                ']' => {
                    if let Some(found) = found {
                        return Ok(found);
                    }
                    // The first one is a letter.
                    self.at += 1;
                    found = Some(letter_range(']', ']', self.flags.class));
                }
                '[' => {
                    self.at += 1;
                    let inner = self.class()?;
                    found = Some(found.map_or(inner.clone(), |found| union(found, &inner)));
                }
                '&' if self.peek_at(1) == Some('&') => {
                    self.at += 2;
                    let mut right: Option<ClassUnicode> = None;
                    loop {
                        self.skip_comments();
                        let next = match self.peek().ok_or(PatternFault::Illegal)? {
                            ']' | '&' => break,
                            '[' => {
                                self.at += 1;
                                self.class()?
                            }
                            _ => self.class_items()?,
                        };
                        right = Some(right.map_or(next.clone(), |right| union(right, &next)));
                    }
                    found = match (found, right) {
                        (None, None) => return Err(PatternFault::Illegal),
                        (None, Some(right)) => Some(right),
                        // An intersection with nothing leaves all.
                        (Some(found), None) => Some(found),
                        (Some(mut found), Some(right)) => {
                            found.intersect(&right);
                            Some(found)
                        }
                    };
                }
                _ => {
                    let item = self.class_range()?;
                    found = Some(found.map_or(item.clone(), |found| union(found, &item)));
                }
            }
        }
    }

    /// One letter, one range, or one escape of a class.
    fn class_range(&mut self) -> Parsed<ClassUnicode> {
        if self.eat(r"\Q") {
            let mut quoted = ClassUnicode::empty();
            while self.at < self.letters.len() && !self.eat(r"\E") {
                let letter = self.take()?;
                quoted.union(&letter_range(letter, letter, self.flags.class));
            }
            return Ok(quoted);
        }
        let low = match self.class_letter()? {
            ClassItem::Letter(letter) => letter,
            ClassItem::Set(class) => return Ok(class),
        };
        if self.peek() != Some('-') || matches!(self.peek_at(1), Some('[' | ']') | None) {
            return Ok(letter_range(low, low, self.flags.class));
        }
        self.at += 1;
        match self.class_letter()? {
            ClassItem::Letter(high) if high >= low => Ok(letter_range(low, high, self.flags.class)),
            _ => Err(PatternFault::Illegal),
        }
    }

    fn class_letter(&mut self) -> Parsed<ClassItem> {
        match self.take()? {
            '\\' => self.class_escape(),
            letter => Ok(ClassItem::Letter(letter)),
        }
    }

    /// An escape that means letters, after its backslash.
    fn class_escape(&mut self) -> Parsed<ClassItem> {
        let letter = self.take()?;
        let flags = self.flags.class;
        let code = |code: u32| char::from_u32(code).map(ClassItem::Letter).ok_or(PatternFault::Illegal);
        match letter {
            'd' | 'w' | 's' | 'h' | 'v' => shorthand(letter, flags).map(ClassItem::Set),
            'D' | 'W' | 'S' | 'H' | 'V' => Ok(ClassItem::Set(negated(shorthand(letter.to_ascii_lowercase(), flags)?))),
            'p' | 'P' => {
                let name: String = if self.eat("{") {
                    let from = self.at;
                    while self.take()? != '}' {}
                    self.letters[from..self.at - 1].iter().collect()
                } else {
                    self.take()?.to_string()
                };
                let class = property(&name, flags)?;
                Ok(ClassItem::Set(if letter == 'P' { negated(class) } else { class }))
            }
            't' => code(9),
            'n' => code(10),
            'f' => code(12),
            'r' => code(13),
            'a' => code(7),
            'e' => code(27),
            'c' => {
                let control = u32::from(self.take()?);
                code(control ^ 64)
            }
            '0' => {
                let mut value = None;
                for place in 0..3 {
                    let Some(digit) = self.peek().and_then(|letter| letter.to_digit(8)) else { break };
                    if place == 2 && value.unwrap_or(0) > 0o37 {
                        break;
                    }
                    value = Some(value.unwrap_or(0) * 8 + digit);
                    self.at += 1;
                }
                code(value.ok_or(PatternFault::Illegal)?)
            }
            'x' if self.eat("{") => {
                let from = self.at;
                while self.take()? != '}' {}
                let digits: String = self.letters[from..self.at - 1].iter().collect();
                if !digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
                    return Err(PatternFault::Illegal);
                }
                code(u32::from_str_radix(&digits, 16).map_err(|_| PatternFault::Illegal)?)
            }
            'x' => {
                let value = self.hex(2)?;
                code(value)
            }
            'u' => {
                let high = self.hex(4)?;
                if (0xD800..0xDC00).contains(&high) && self.eat(r"\u") {
                    let low = self.hex(4)?;
                    if (0xDC00..0xE000).contains(&low) {
                        return code(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00));
                    }
                }
                if (0xD800..0xE000).contains(&high) {
                    return Err(PatternFault::Unsupported("half of a surrogate pair".into()));
                }
                code(high)
            }
            letter if letter.is_ascii_alphanumeric() => Err(PatternFault::Illegal),
            letter => Ok(ClassItem::Letter(letter)),
        }
    }

    fn hex(&mut self, digits: usize) -> Parsed<u32> {
        let mut value = 0;
        for _ in 0..digits {
            value = value * 16 + self.take()?.to_digit(16).ok_or(PatternFault::Illegal)?;
        }
        Ok(value)
    }
}

/// `\Z`, and `$` where it does not mean lines: at the end, or before the line end there.
fn text_end(unix_lines: bool) -> &'static str {
    if unix_lines { r"(?=\n?\z)" } else { r"(?:(?=(?:\r\n|[\r\x{85}\x{2028}\x{2029}])?\z)|(?<!\r)(?=\n\z))" }
}

/// A class in `fancy_regex`'s syntax.
fn class_text(class: &ClassUnicode) -> String {
    if class.ranges().is_empty() {
        return r"[^\x{0}-\x{10FFFF}]".to_owned();
    }
    let mut text = String::from("[");
    for range in class.ranges() {
        let (low, high) = (u32::from(range.start()), u32::from(range.end()));
        text.push_str(&if low == high { format!(r"\x{{{low:X}}}") } else { format!(r"\x{{{low:X}}}-\x{{{high:X}}}") });
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of all matches.
    fn all(pattern: &str, text: &str) -> Vec<String> {
        let regex = JavaRegex::new(pattern).unwrap();
        regex.matches(text).map(|found| found.unwrap().get(0).unwrap().as_str().to_owned()).collect()
    }

    /// Where matches begin.
    fn starts(pattern: &str, text: &str) -> Vec<usize> {
        let regex = JavaRegex::new(pattern).unwrap();
        regex.matches(text).map(|found| found.unwrap().get(0).unwrap().start()).collect()
    }

    #[test]
    fn names_of_posix_mean_ascii_and_those_of_unicode_mean_all() {
        assert_eq!(all(r"\p{Alpha}", "aéБ1"), ["a"]);
        assert_eq!(all(r"\p{IsAlphabetic}", "aéБ1"), ["a", "é", "Б"]);
        assert_eq!(all(r"(?U)\p{Alpha}", "aéБ1"), ["a", "é", "Б"]);
        assert_eq!(all(r"\pL\P{L}", "a1"), ["a1"]);
        assert_eq!(all(r"\p{InCyrillic}|\p{sc=Latin}", "a1Б"), ["a", "Б"]);
    }

    #[test]
    fn letters_fold_in_ascii_only_until_the_flag_u_says_otherwise() {
        assert_eq!(all("(?i)k", "kK\u{212A}"), ["k", "K"]);
        assert_eq!(all("(?i)é", "éÉ"), ["é"]);
        assert_eq!(all("(?iu)é", "éÉ"), ["é", "É"]);
        assert_eq!(all("(?i:a)b", "AbAB"), ["Ab"]);
    }

    #[test]
    fn a_dot_stops_at_each_of_javas_line_ends() {
        assert_eq!(all(".", "a\r\n\u{85}\u{2028}\u{2029}b"), ["a", "b"]);
        assert_eq!(all("(?d).", "a\r\n"), ["a", "\r"]);
        assert_eq!(all("(?s).", "a\n"), ["a", "\n"]);
    }

    #[test]
    fn a_dollar_stands_before_the_last_line_end_but_not_inside_of_it() {
        assert_eq!(starts("$", "a\r\n"), [1, 3]);
        assert_eq!(starts("$", "a\n\n"), [2, 3]);
        assert_eq!(starts("(?m)$", "a\nb"), [1, 3]);
        assert_eq!(starts("(?m)^", "a\r\nb\n"), [0, 3]);
        assert!(starts("(?m)^", "").is_empty());
    }

    #[test]
    fn an_empty_match_may_follow_a_match_at_its_end() {
        assert_eq!(starts("a*", "baac"), [0, 1, 3, 4]);
        assert_eq!(all("a*", "baac"), ["", "aa", "", ""]);
    }

    #[test]
    fn classes_are_united_cut_and_negated() {
        assert_eq!(all("[a-z&&[^b]]", "abc"), ["a", "c"]);
        assert_eq!(all("[a-b[x-z]]", "acz"), ["a", "z"]);
        assert_eq!(all("[^a-z&&[b]]", "abA"), ["a", "A"]);
        assert_eq!(all(r"[\w&&\D]", "a1_"), ["a", "_"]);
        assert_eq!(all("[]a]", "]b"), ["]"]);
    }

    #[test]
    fn escapes_are_javas() {
        assert_eq!(all(r"\x41\u0042\0103\x{1F600}", "ABC😀"), ["ABC😀"]);
        assert_eq!(all(r"\uD83D\uDE00", "😀"), ["😀"]);
        assert_eq!(all(r"\Qa.b\E+", "a.bb"), ["a.bb"]);
        assert_eq!(all(r"\h\v", " \n"), [" \n"]);
        assert_eq!(all(r"(?<x>a)\k<x>\1", "aaa"), ["aaa"]);
    }

    #[test]
    fn what_java_refuses_is_illegal() {
        for pattern in ["*", "a**", "(", ")", "[", "a{2,1}", "a{", r"\q", r"\p{Nope}", "(?<n>a)(?<n>b)", "(?<=(ab)*)c"]
        {
            assert_eq!(JavaRegex::new(pattern).err(), Some(PatternFault::Illegal), "{pattern}");
        }
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        for pattern in [r"\X", r"\G", r"\N{DIGIT ONE}", r"\p{InNoSuchBlock}"] {
            assert!(matches!(JavaRegex::new(pattern), Err(PatternFault::Unsupported(_))), "{pattern}");
        }
    }
}
