//! What the letters of a pattern mean, and which of them Spark refuses.

use crate::error::{Error, Result, condition};

/// Letters of the week, which Spark 2 knew.
const WEEK_BASED: [char; 6] = ['Y', 'W', 'w', 'e', 'c', 'u'];

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub enum PatternItem {
    Literal(String),
    /// A field and how often its letter stands.
    Field(char, usize),
    Optional(Vec<PatternItem>),
}

/// What a pattern is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternUse {
    Writing,
    /// Days of the week and quarters can only be written.
    Reading,
}

/// The parts of a pattern; a letter that Spark does not take is an error that names it.
pub fn letters(pattern: &str, to: PatternUse) -> Result<Vec<PatternItem>> {
    let refused = if to == PatternUse::Reading { "EFQq" } else { "" };
    let made = check_letters(pattern, refused).and_then(|()| items(pattern, to));
    match made {
        Ok(items) if has_era(&items) => Ok(items),
        Ok(items) => Ok(items.into_iter().map(without_era).collect()),
        // As in Spark, which names its version where the pattern had a meaning before.
        Err(error) if is_of_spark_2(pattern) => Err(Error::of(condition::UPGRADE_DATETIME_PATTERN)
            .with("pattern", format!("'{pattern}'"))
            .with("why", error.words())),
        Err(error) => Err(error),
    }
}

/// The letters of a pattern outside quotes, each run of one letter once.
fn runs(pattern: &str) -> Vec<(char, usize)> {
    let mut runs: Vec<(char, usize)> = Vec::new();
    let mut quoted = false;
    let mut last = None;
    for c in pattern.chars() {
        quoted ^= c == '\'';
        if !quoted && c.is_ascii_alphabetic() {
            match runs.last_mut().filter(|_| last == Some(c)) {
                Some((_, count)) => *count += 1,
                None => runs.push((c, 1)),
            }
        }
        last = Some(c);
    }
    runs
}

/// Refuses letters that Java takes and Spark does not, and `refused`.
fn check_letters(pattern: &str, refused: &str) -> Result<()> {
    let runs = runs(pattern);
    if let Some((letter, _)) = runs.iter().find(|(letter, _)| WEEK_BASED.contains(letter)) {
        return Err(Error::of(condition::WEEK_BASED_DATETIME_PATTERN)
            .with("pattern", format!("'{pattern}'"))
            .with("c", letter));
    }
    if let Some((letter, _)) = runs.iter().find(|(letter, _)| "ABnNp".contains(*letter) || refused.contains(*letter)) {
        return Err(Error::of(condition::INVALID_DATETIME_PATTERN_ILLEGAL_CHARACTER)
            .with("pattern", format!("'{pattern}'"))
            .with("c", letter));
    }
    let long = |(letter, count): &(char, usize)| match letter {
        'G' | 'M' | 'L' | 'E' | 'Q' | 'q' => *count > 4,
        'y' => *count > 6,
        _ => false,
    };
    if runs.iter().any(long) {
        return Err(Error::of(condition::INVALID_DATETIME_PATTERN_LENGTH).with("pattern", format!("'{pattern}'")));
    }
    Ok(())
}

/// Whether `SimpleDateFormat`, by which Spark 2 read patterns, takes this one.
fn is_of_spark_2(pattern: &str) -> bool {
    pattern.matches('\'').count().is_multiple_of(2)
        && runs(pattern)
            .iter()
            .all(|(letter, count)| "GyMdkHmsSEDFwWahKzZYuXL".contains(*letter) && (*letter != 'X' || *count <= 3))
}

fn has_era(items: &[PatternItem]) -> bool {
    items.iter().any(|item| match item {
        PatternItem::Field(letter, _) => *letter == 'G',
        PatternItem::Optional(items) => has_era(items),
        PatternItem::Literal(_) => false,
    })
}

/// Where no era stands, a year has a sign.
fn without_era(item: PatternItem) -> PatternItem {
    match item {
        PatternItem::Field('y', count) => PatternItem::Field('u', count),
        PatternItem::Optional(items) => PatternItem::Optional(items.into_iter().map(without_era).collect()),
        item => item,
    }
}

pub fn unreadable(pattern: &str, why: &str) -> Error {
    Error::of(condition::INVALID_DATETIME_PATTERN_WITH_SUGGESTION)
        .with("pattern", format!("'{pattern}'"))
        .with("why", why)
}

/// A pattern's parts.
fn items(pattern: &str, to: PatternUse) -> Result<Vec<PatternItem>> {
    let mut parts = PatternParts { pattern, open: vec![Vec::new()] };
    if to == PatternUse::Writing || !pattern.contains('S') {
        parts.take(pattern)?;
        return Ok(parts.close());
    }
    // For the sake of fractions Spark cuts such a pattern at its quotes itself, closed or not.
    let mut cut: Vec<&str> = pattern.split('\'').collect();
    while cut.last() == Some(&"") {
        cut.pop();
    }
    for (place, part) in cut.into_iter().enumerate() {
        match part {
            "" if place > 0 => parts.push(PatternItem::Literal("'".to_owned())),
            part if place % 2 == 0 => parts.take(part)?,
            part => parts.push(PatternItem::Literal(part.to_owned())),
        }
    }
    Ok(parts.close())
}

/// The parts in the making, with those of each optional part that is open.
struct PatternParts<'a> {
    pattern: &'a str,
    open: Vec<Vec<PatternItem>>,
}

impl PatternParts<'_> {
    fn push(&mut self, item: PatternItem) {
        if let Some(items) = self.open.last_mut() {
            items.push(item);
        }
    }

    fn take(&mut self, text: &str) -> Result<()> {
        let pattern = self.pattern;
        let letters: Vec<char> = text.chars().collect();
        let mut at = 0;
        while at < letters.len() {
            let letter = letters[at];
            let start = at;
            at += 1;
            let item = match letter {
                '\'' => {
                    let mut text = String::new();
                    loop {
                        match (letters.get(at), letters.get(at + 1)) {
                            (Some('\''), Some('\'')) => {
                                text.push('\'');
                                at += 2;
                            }
                            (Some('\''), _) => {
                                at += 1;
                                break;
                            }
                            (Some(other), _) => {
                                text.push(*other);
                                at += 1;
                            }
                            (None, _) => return Err(unreadable(pattern, "a quote is not closed")),
                        }
                    }
                    PatternItem::Literal(if at - start == 2 { "'".to_owned() } else { text })
                }
                '[' => {
                    self.open.push(Vec::new());
                    continue;
                }
                ']' => match self.open.pop() {
                    Some(items) if !self.open.is_empty() => PatternItem::Optional(items),
                    _ => return Err(unreadable(pattern, "a ] closes nothing")),
                },
                letter if letter.is_ascii_alphabetic() => {
                    while letters.get(at) == Some(&letter) {
                        at += 1;
                    }
                    field(pattern, letter, at - start)?
                }
                '{' | '}' | '#' => return Err(unreadable(pattern, &format!("{letter} is reserved"))),
                other => PatternItem::Literal(other.to_string()),
            };
            self.push(item);
        }
        Ok(())
    }

    /// All parts. Java closes what is left open at the end.
    fn close(mut self) -> Vec<PatternItem> {
        let mut whole = self.open.pop().unwrap_or_default();
        while let Some(mut outer) = self.open.pop() {
            outer.push(PatternItem::Optional(whole));
            whole = outer;
        }
        whole
    }
}

/// A field, when its letter may stand `count` times.
fn field(pattern: &str, letter: char, count: usize) -> Result<PatternItem> {
    let most = match letter {
        'y' => 6,
        'M' | 'L' | 'E' | 'G' | 'O' | 'z' => 4,
        'd' | 'H' | 'k' | 'h' | 'K' | 'm' | 's' => 2,
        'D' => 3,
        'Q' | 'q' => 4,
        'F' | 'a' => 1,
        'S' => 9,
        'V' => 2,
        'X' | 'x' | 'Z' => 5,
        _ => return Err(unreadable(pattern, &format!("the letter {letter} has no meaning"))),
    };
    let even = !(letter == 'V' && count != 2 || letter == 'O' && count != 1 && count != 4);
    if count > most || !even {
        return Err(unreadable(pattern, &format!("it has {count} letters {letter} in a row")));
    }
    Ok(PatternItem::Field(letter, count))
}
