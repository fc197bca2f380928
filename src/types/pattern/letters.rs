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

/// The parts of a pattern; a letter that Spark does not take, or that is one of `refused`, is an error that names it.
pub fn letters(pattern: &str, refused: &str) -> Result<Vec<PatternItem>> {
    let made = check_letters(pattern, refused).and_then(|()| items(pattern));
    match made {
        Ok(items) if has_era(&items) => Ok(items),
        Ok(items) => Ok(items.into_iter().map(without_era).collect()),
        // As in Spark, which names its version where the pattern had a meaning before.
        Err(error) if is_of_spark_2(pattern) => Err(Error::of(condition::UPGRADE_DATETIME_PATTERN)
            .with("pattern", format!("'{pattern}'"))
            .with("why", error.message())),
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

fn unreadable(pattern: &str, why: &str) -> Error {
    Error::of(condition::INVALID_DATETIME_PATTERN_WITH_SUGGESTION)
        .with("pattern", format!("'{pattern}'"))
        .with("why", why)
}

/// A pattern's parts.
fn items(pattern: &str) -> Result<Vec<PatternItem>> {
    let letters: Vec<char> = pattern.chars().collect();
    let mut open: Vec<Vec<PatternItem>> = vec![Vec::new()];
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
                open.push(Vec::new());
                continue;
            }
            ']' => match open.pop() {
                Some(items) if !open.is_empty() => PatternItem::Optional(items),
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
        if let Some(items) = open.last_mut() {
            items.push(item);
        }
    }
    // Java closes what is left open at the end.
    while open.len() > 1 {
        let items = open.pop().unwrap_or_default();
        if let Some(outer) = open.last_mut() {
            outer.push(PatternItem::Optional(items));
        }
    }
    Ok(open.pop().unwrap_or_default())
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
