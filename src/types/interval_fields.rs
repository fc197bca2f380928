//! The fields of an interval type, `DAY TO HOUR`, and how its values look.

use std::fmt::{self, Display};
use std::str::FromStr;

use super::calendar::{MICROS_PER_DAY, MICROS_PER_SECOND};

/// A field of an interval type, the largest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IntervalField {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

impl IntervalField {
    const NAMES: [(Self, &str); 6] = [
        (Self::Year, "YEAR"),
        (Self::Month, "MONTH"),
        (Self::Day, "DAY"),
        (Self::Hour, "HOUR"),
        (Self::Minute, "MINUTE"),
        (Self::Second, "SECOND"),
    ];
    const OF_A_DAY: [Self; 4] = [Self::Day, Self::Hour, Self::Minute, Self::Second];

    /// The field that counts a unit, in any case. Weeks are days, and parts of a second are
    /// seconds.
    pub fn of_unit(unit: &str) -> Option<Self> {
        let unit = unit.to_uppercase();
        match unit.strip_suffix('S').unwrap_or(&unit) {
            "WEEK" => Some(Self::Day),
            "MILLISECOND" | "MICROSECOND" => Some(Self::Second),
            name => Self::NAMES.iter().find(|(_, known)| *known == name).map(|(field, _)| *field),
        }
    }

    /// How many microseconds it is, or months.
    fn size(self) -> u64 {
        match self {
            Self::Year => 12,
            Self::Month => 1,
            Self::Day => MICROS_PER_DAY.unsigned_abs(),
            Self::Hour => 3600 * MICROS_PER_SECOND.unsigned_abs(),
            Self::Minute => 60 * MICROS_PER_SECOND.unsigned_abs(),
            Self::Second => MICROS_PER_SECOND.unsigned_abs(),
        }
    }
}

impl Display for IntervalField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(field, _)| field == self).map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

/// `DAY TO HOUR`, or `DAY` where both are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntervalFields {
    pub first: IntervalField,
    pub last: IntervalField,
}

impl IntervalFields {
    pub const DAY_TO_SECOND: Self = Self { first: IntervalField::Day, last: IntervalField::Second };
    pub const YEAR_TO_MONTH: Self = Self { first: IntervalField::Year, last: IntervalField::Month };

    /// The fields that some units need, or nothing where they do not go together.
    pub fn of_units<'u>(units: impl Iterator<Item = &'u str>) -> Option<Self> {
        let fields: Vec<_> = units.map(IntervalField::of_unit).collect::<Option<_>>()?;
        let (first, last) = (*fields.iter().min()?, *fields.iter().max()?);
        let of_a_day = |field| field >= IntervalField::Day;
        (of_a_day(first) == of_a_day(last)).then_some(Self { first, last })
    }

    /// An interval as Spark shows it: microseconds, or months, by these fields.
    pub fn show(self, value: i64) -> String {
        let sign = if value < 0 { "-" } else { "" };
        let magnitude = value.unsigned_abs();
        let text = if self.last <= IntervalField::Month { self.months(magnitude) } else { self.micros(magnitude) };
        format!("INTERVAL '{sign}{text}' {self}")
    }

    fn months(self, months: u64) -> String {
        match (self.first, self.last) {
            (IntervalField::Year, IntervalField::Year) => (months / 12).to_string(),
            (IntervalField::Month, _) => months.to_string(),
            _ => format!("{}-{}", months / 12, months % 12),
        }
    }

    fn micros(self, micros: u64) -> String {
        let (mut text, mut rest) = (String::new(), micros);
        for field in IntervalField::OF_A_DAY.into_iter().filter(|field| (self.first..=self.last).contains(field)) {
            let part = rest / field.size();
            rest %= field.size();
            if field != self.first {
                text.push(if field == IntervalField::Hour { ' ' } else { ':' });
            }
            // Days alone are not filled up to two digits.
            text.push_str(&if field == IntervalField::Day { part.to_string() } else { format!("{part:02}") });
        }
        if self.last == IntervalField::Second && rest != 0 {
            text.push('.');
            text.push_str(format!("{rest:06}").trim_end_matches('0'));
        }
        text
    }
}

impl Display for IntervalFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            return self.first.fmt(f);
        }
        write!(f, "{} TO {}", self.first, self.last)
    }
}

impl FromStr for IntervalFields {
    type Err = ();

    /// Reads the text that [`Display`] writes, in any case.
    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.to_uppercase();
        let field = |name: &str| IntervalField::NAMES.iter().find(|(_, known)| *known == name).map(|(field, _)| *field);
        let (first, last) = text.split_once(" TO ").unwrap_or((&text, &text));
        match (field(first), field(last)) {
            (Some(first), Some(last)) if first <= last => Ok(Self { first, last }),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::IntervalFields;

    fn shown(fields: &str, value: i64) -> String {
        fields.parse::<IntervalFields>().unwrap().show(value)
    }

    #[test]
    fn intervals_look_as_in_spark() {
        assert_eq!(shown("DAY", 86_400_000_000), "INTERVAL '1' DAY");
        assert_eq!(shown("HOUR", 7_200_000_000), "INTERVAL '02' HOUR");
        assert_eq!(shown("MINUTE", 5_400_000_000), "INTERVAL '90' MINUTE");
        assert_eq!(shown("SECOND", 1), "INTERVAL '00.000001' SECOND");
        assert_eq!(shown("DAY TO HOUR", -93_600_000_000), "INTERVAL '-1 02' DAY TO HOUR");
        assert_eq!(shown("HOUR TO MINUTE", 7_380_000_000), "INTERVAL '02:03' HOUR TO MINUTE");
        assert_eq!(shown("MINUTE TO SECOND", 184_123_456), "INTERVAL '03:04.123456' MINUTE TO SECOND");
        assert_eq!(shown("day to second", 0), "INTERVAL '0 00:00:00' DAY TO SECOND");
        assert_eq!(shown("YEAR", 24), "INTERVAL '2' YEAR");
        assert_eq!(shown("MONTH", -14), "INTERVAL '-14' MONTH");
        assert_eq!(shown("YEAR TO MONTH", 27), "INTERVAL '2-3' YEAR TO MONTH");
    }

    #[test]
    fn units_need_the_fields_between_them() {
        let fields = |units: &[&str]| IntervalFields::of_units(units.iter().copied()).map(|fields| fields.to_string());
        assert_eq!(fields(&["week", "milliseconds"]).as_deref(), Some("DAY TO SECOND"));
        assert_eq!(fields(&["months"]).as_deref(), Some("MONTH"));
        assert_eq!(fields(&["year", "day"]), None);
    }
}
