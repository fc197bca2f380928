//! What a join's condition says of the two event times, and how long rows must be kept for it.

/// A bound of the right row's time less the left row's, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimeBound {
    pub micros: i64,
    /// The bound itself is left out.
    pub strict: bool,
}

/// The bounds of the right row's time less the left row's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd)]
pub struct TimeBounds {
    pub at_least: Vec<TimeBound>,
    pub at_most: Vec<TimeBound>,
}

/// How a watermark moves on its way through a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub struct WatermarkShift {
    micros: i64,
    /// One millisecond less: a row at the watermark itself may still come.
    inclusive: bool,
}

impl WatermarkShift {
    /// The watermark as it is.
    pub const NONE: Self = Self { micros: 0, inclusive: false };

    /// What the watermark `ms` says after it.
    pub fn of(self, ms: i64) -> i64 {
        let shifted = ms.saturating_mul(1000).saturating_add(self.micros) / 1000;
        if self.inclusive { shifted.saturating_sub(1) } else { shifted }
    }
}

impl TimeBounds {
    /// Whether nothing is said of the times.
    pub fn is_empty(&self) -> bool {
        self.at_least.is_empty() && self.at_most.is_empty()
    }

    /// How far left rows need not be kept, as the right's watermark says: no right row that is still
    /// to come matches them.
    pub fn of_left(&self) -> Vec<WatermarkShift> {
        let shift = |bound: &TimeBound| WatermarkShift { micros: -bound.micros, inclusive: !bound.strict };
        self.at_most.iter().map(shift).collect()
    }

    /// How far right rows need not be kept, as the left's watermark says.
    pub fn of_right(&self) -> Vec<WatermarkShift> {
        let shift = |bound: &TimeBound| WatermarkShift { micros: bound.micros, inclusive: !bound.strict };
        self.at_least.iter().map(shift).collect()
    }

    /// The times that the other side's rows may have for rows from `least` to `greatest` of one
    /// side.
    pub fn partners(&self, of_left: bool, least: i64, greatest: i64) -> (Option<i64>, Option<i64>) {
        let least_of = |bounds: &[TimeBound]| bounds.iter().map(|bound| bound.micros).min();
        let greatest_of = |bounds: &[TimeBound]| bounds.iter().map(|bound| bound.micros).max();
        let (low, high) = (greatest_of(&self.at_least), least_of(&self.at_most));
        if of_left {
            (low.map(|low| least.saturating_add(low)), high.map(|high| greatest.saturating_add(high)))
        } else {
            (high.map(|high| least.saturating_sub(high)), low.map(|low| greatest.saturating_sub(low)))
        }
    }
}
