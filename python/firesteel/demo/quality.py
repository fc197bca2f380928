"""The quality of the predictions, once the flights have arrived.

Cancelled and diverted flights are scored like all others, since a passenger does not know of that.
They have no arrival delay, so they are not measured but counted apart.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

#: Minutes after schedule from which the US Department of Transportation calls an arrival late.
LATE_MINUTES = 15


@dataclass(frozen=True)
class Quality:
    """The measures, each beside that of a passenger with a table of the past half-year."""

    scored: int
    without_arrival: int
    auc: float
    auc_by_hour: float
    error: float
    error_of_median: float
    late_share: float
    predicted_share: float

    def lines(self) -> list[str]:
        """Return the measures as lines of text."""
        arrived = self.scored - self.without_arrival
        return [
            f"scored                   {self.scored:,} flights, of which {self.without_arrival:,} were cancelled or "
            f"diverted; measured on the other {arrived:,}",
            f"late or not (AUC)        {self.auc:.3f}; from the hour of departure alone {self.auc_by_hour:.3f}; "
            "by chance 0.500",
            f"delay (mean abs. error)  {self.error:.1f} min; "
            f"from the training median alone {self.error_of_median:.1f} min",
            f"share of late flights    {self.predicted_share:.1%} predicted, {self.late_share:.1%} happened",
        ]


def area_under_curve(happened: np.ndarray, score: np.ndarray) -> float:
    """Return the probability that a late flight had a higher score than one that was not late.

    Ties count half. This is the area under the receiver operating characteristic, from the rank sum
    of the late flights.
    """
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    middle_rank = np.cumsum(counts) - (counts - 1) / 2
    ranks = middle_rank[inverse]
    positive = int(happened.sum())
    negative = len(happened) - positive
    if not positive or not negative:
        return float("nan")
    return float((ranks[happened].sum() - positive * (positive + 1) / 2) / (positive * negative))


def measure(scored: pa.Table, facts: dict) -> Quality:
    """Measure predictions.

    They need ``arr_delay``, ``late_probability``, ``delay_minutes`` and ``sched_dep_time``.
    """
    delay = scored["arr_delay"].to_numpy(zero_copy_only=False).astype(float)
    arrived = ~np.isnan(delay)
    probability, minutes, departure = (
        scored[name].to_numpy(zero_copy_only=False)[arrived]
        for name in ("late_probability", "delay_minutes", "sched_dep_time")
    )
    delay = delay[arrived]
    late = delay >= LATE_MINUTES
    shares = {int(hour): share for hour, share in facts["late_share_by_hour"].items()}
    by_hour = np.array([shares.get(int(at) // 100, facts["late_share"]) for at in departure])
    return Quality(
        scored=len(arrived),
        without_arrival=int((~arrived).sum()),
        auc=area_under_curve(late, probability),
        auc_by_hour=area_under_curve(late, by_hour),
        error=float(np.abs(delay - minutes).mean()),
        error_of_median=float(np.abs(delay - facts["median_delay_minutes"]).mean()),
        late_share=float(late.mean()),
        predicted_share=float(probability.mean()),
    )


def load_facts() -> dict:
    """Return the facts about the model's training."""
    return json.loads(Path(__file__).with_name("flight_delay.json").read_text(encoding="utf-8"))


def plot(scored: pa.Table, quality: Quality, target: Path) -> None:
    """Draw predictions and real delays, week by week and by predicted probability."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib import dates

    arrived = scored.filter(scored["arr_delay"].is_valid())
    delay = arrived["arr_delay"].to_numpy()
    probability = arrived["late_probability"].to_numpy()
    late = delay >= LATE_MINUTES
    year, month, day = (arrived[name].to_numpy() for name in ("year", "month", "day"))
    first = np.array([f"{y}-{m:02}-01" for y, m in zip(year, month, strict=True)], "datetime64[D]")
    week = (first + (day - 1)).astype("datetime64[W]")

    figure, (by_week, by_probability) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    weeks = np.unique(week)
    starts = weeks.astype("datetime64[D]")
    by_week.plot(starts, [late[week == w].mean() * 100 for w in weeks], color="#222222", label="observed")
    by_week.plot(starts, [probability[week == w].mean() * 100 for w in weeks], color="#d1622b", label="predicted")
    by_week.set(title="Flights at least 15 minutes late, by week", ylabel="% of flights", ylim=(0, None))
    by_week.xaxis.set_major_locator(dates.MonthLocator())
    by_week.xaxis.set_major_formatter(dates.DateFormatter("%b"))
    by_week.legend(frameon=False)

    edges = np.quantile(probability, np.linspace(0, 1, 11))
    group = np.clip(np.searchsorted(edges, probability, side="right") - 1, 0, 9)
    present = np.unique(group)
    said = [probability[group == g].mean() * 100 for g in present]
    was = [late[group == g].mean() * 100 for g in present]
    top = max(*said, *was) * 1.08
    by_probability.plot([0, top], [0, top], color="#bbbbbb", linewidth=1, label="as predicted")
    by_probability.plot(said, was, "o-", color="#d1622b", label="a tenth of the flights")
    title = f"Predicted and observed share (AUC {quality.auc:.3f})"
    by_probability.set(title=title, xlabel="predicted, %", ylabel="observed, %", xlim=(0, top), ylim=(0, top))
    by_probability.legend(frameon=False)
    for axes in (by_week, by_probability):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(target, dpi=120)
    plt.close(figure)
