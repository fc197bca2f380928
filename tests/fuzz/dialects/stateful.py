"""Stateful queries over steps of input.

Aggregates, sessions, duplicates, joins, limits and chains of them, with restarts and late rows. A
case is the text of a query over ``df``, or over ``l`` and ``r``, and its steps as
``tests/parity/stateful.py`` reads them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import programs
import stateful
from pyspark.sql import functions as F

from dialects.shrinking import without_key, without_one

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from dialects import Case

RESTART = "restart"
NO_DATA = "spark.sql.streaming.noDataMicroBatches.enabled"
POLICY = "spark.sql.streaming.multipleWatermarkPolicy"
PARTITIONS = "spark.sql.shuffle.partitions"

# fmt: off
DELAYS = ["0 seconds", "3 seconds", "10 seconds"]
WINDOWS = ["'5 seconds'", "'10 seconds'", "'10 seconds', '5 seconds'", "'10 seconds', '4 seconds'", "'10 seconds', None, '3 seconds'", "'6 seconds', '4 seconds', '-1 second'"]
AGGREGATES = ["F.count('*')", "F.sum('v')", "F.avg('v')", "F.min('v')", "F.max('v')", "F.first('v')", "F.last('v', True)", "F.collect_list('v')", "F.count('v')", "F.max_by('v', 'ts')", "F.stddev('v')"]
BOUNDS = ["rts BETWEEN lts AND lts + interval 5 seconds", "lts BETWEEN rts - interval 3 seconds AND rts + interval 3 seconds", "rts > lts AND rts < lts + interval 10 seconds", "lts >= rts AND lts - rts <= interval '4' second", "rts < lts + interval 5 seconds AND rts > lts - interval 5 seconds", "lts = rts"]
KINDS = ["inner", "left", "right", "full", "left_semi"]
# fmt: on


def case(choose: random.Random) -> Case:
    """Make a query of one kind and what it is fed."""
    makers = [_windows, _by_key, _sessions, _duplicates, _within, _join, _limit, _chain, _union]
    made = choose.choices(makers, [5, 3, 4, 4, 3, 6, 1, 4, 2])[0](choose)
    sides = 2 if made.pop("two", False) else 1
    options = made.setdefault("options", {})
    trigger = choose.choices([None, "once", "availableNow"], [7, 1, 2])[0]
    if trigger:
        options["trigger"] = trigger
    conf = {}
    if choose.random() < 0.15:
        conf[NO_DATA] = False
    if sides == 2 and choose.random() < 0.2:
        conf[POLICY] = "max"
    if made["do"] != "limit" and choose.random() < 0.15:
        conf[PARTITIONS] = 3
    if conf:
        options["conf"] = conf
    made["steps"] = _steps(choose, sides, restarts=trigger is None)
    return made


def ask(spark: Any, cases: list[Case]) -> Iterator[tuple[int, Any]]:
    """Answer cases one by one: each is several runs of a query."""
    for index, asked in enumerate(cases):
        yield index, _answer(spark, asked)


def shown(case: Case) -> str:
    """Show a case as code of a parity program."""
    steps = ", ".join("restart()" if step == RESTART else repr(step) for step in case["steps"])
    options = "".join(f", {name}={value!r}" for name, value in case["options"].items())
    return f"run(spark, tmp, lambda {_names(case)}: {case['query']}, {steps}{options})"


def smaller(case: Case) -> Iterator[Case]:
    """Leave out a step, a row of a step or an option."""
    yield from ({**case, "steps": steps} for steps in without_one(case["steps"]) if steps[:1] not in ([], [RESTART]))
    for place, step in enumerate(case["steps"]):
        sides = step.split(";")
        for side, rows in enumerate(sides):
            for fewer in without_one(rows.split()):
                cut = ";".join([*sides[:side], f" {' '.join(fewer)} ", *sides[side + 1 :]]).strip(" ")
                if step != RESTART:
                    yield {**case, "steps": [*case["steps"][:place], cut, *case["steps"][place + 1 :]]}
    for options in without_key(case["options"]):
        if "mode" in options or "mode" not in case["options"]:
            yield {**case, "options": options}


def _answer(spark: Any, asked: Case) -> Any:
    build = eval(f"lambda {_names(asked)}: {asked['query']}", {"F": F, "restart": stateful.restart})
    steps = [stateful.restart() if step == RESTART else step for step in asked["steps"]]
    with tempfile.TemporaryDirectory(prefix="fuzz-stateful-") as tmp:
        return programs.plain(
            stateful.attempt(lambda: stateful.run(spark, Path(tmp), build, *steps, **asked["options"]))
        )


def _names(case: Case) -> str:
    return "l, r" if any(";" in step for step in case["steps"]) else "df"


def _steps(choose: random.Random, sides: int, *, restarts: bool) -> list[str]:
    """Make steps whose times go on, with rows that are early, late, without a time or a key."""
    made, now = [], choose.choice([0, 1, 20])
    for number in range(choose.randint(3, 7)):
        if restarts and number and choose.random() < 0.15:
            made.append(RESTART)
        made.append(" ; ".join(_rows(choose, now) for _ in range(sides)))
        now += choose.choice([0, 1, 3, 8, 15, 40])
    # The last step moves the watermark, so that what waits comes out.
    made.append(" ; ".join([f"z{now + 100}"] * sides))
    return made


def _rows(choose: random.Random, now: int) -> str:
    rows = []
    for _ in range(choose.choices(range(6), [1, 3, 3, 2, 2, 1])[0]):
        key = "" if choose.random() < 0.05 else choose.choice("aaabbc")
        late = choose.choices([0, choose.randint(1, 6), choose.randint(7, 25)], [5, 3, 2])[0]
        time = str(now + choose.randint(0, 4) - late) + choose.choices(["", ".5", ".001", ".0004"], [12, 1, 1, 1])[0]
        if choose.random() < 0.04:
            time = ""
        rows.append(f"{key}{time}:{choose.choice(['1', '2', '3', '-4', '~'])}")
    return " ".join(rows)


def _marked(choose: random.Random, name: str = "df", column: str = "ts") -> str:
    return f"{name}.withWatermark('{column}', '{choose.choice(DELAYS)}')"


def _sums(choose: random.Random) -> str:
    chosen = choose.sample(AGGREGATES, choose.randint(1, 3))
    return ", ".join(f"{text}.alias('a{place}')" for place, text in enumerate(chosen))


def _windows(choose: random.Random) -> Case:
    keys = choose.choice(["", "'k', "])
    query = f"{_marked(choose)}.groupBy({keys}F.window('ts', {choose.choice(WINDOWS)})).agg({_sums(choose)})"
    mode = choose.choices(["append", "update", "complete"], [4, 3, 1])[0]
    return {"do": "window", "query": query, "options": {"mode": mode}}


def _by_key(choose: random.Random) -> Case:
    keys = choose.choice(["'k'", "'k', 'v'", "'ts'", "", "F.col('v') % 2"])
    marked = _marked(choose) if choose.random() < 0.6 else "df"
    query = f"{marked}.groupBy({keys}).agg({_sums(choose)})"
    if choose.random() < 0.3:
        query += ".filter('a0 is not null')"
    return {"do": "aggregate", "query": query, "options": {"mode": choose.choice(["update", "complete"])}}


def _sessions(choose: random.Random) -> Case:
    gap = choose.choice(["'5 seconds'", "'2 seconds'", "F.expr(\"if(k = 'a', '3 seconds', '8 seconds')\")"])
    query = f"{_marked(choose)}.groupBy('k', F.session_window('ts', {gap})).agg({_sums(choose)})"
    return {"do": "session", "query": query, "options": {"mode": choose.choice(["append", "append", "complete"])}}


def _duplicates(choose: random.Random) -> Case:
    keys = choose.choice(["'k', 'ts'", "'ts'", "'k'", "'k', 'v'", "'v', 'ts'"])
    query = f"{_marked(choose)}.dropDuplicates([{keys}])"
    return {"do": "duplicates", "query": query, "options": {"mode": choose.choice(["append", "update"])}}


def _within(choose: random.Random) -> Case:
    keys = choose.choice(["['k']", "['k', 'v']", ""])
    return {"do": "within watermark", "query": f"{_marked(choose)}.dropDuplicatesWithinWatermark({keys})"}


def _join(choose: random.Random) -> Case:
    kind, condition = choose.choice(KINDS), f"lk = rk AND {choose.choice(BOUNDS)}"
    if choose.random() < 0.2:
        condition += choose.choice([" AND rv < 3", " AND lk <> 'c'", " AND lv <> rv"])
    left, right = _marked(choose, "l", "lts"), _marked(choose, "r", "rts")
    query = f'{left}.join({right}, F.expr("{condition}"), "{kind}")'
    mode = "update" if kind in ("inner", "left_semi") and choose.random() < 0.2 else "append"
    return {"do": "join", "query": query, "options": {"mode": mode}, "two": True}


def _limit(choose: random.Random) -> Case:
    return {"do": "limit", "query": f"df.select('k', 'v').limit({choose.randint(0, 6)})"}


def _chain(choose: random.Random) -> Case:
    lower = choose.choice(
        [
            ".dropDuplicates(['k', 'ts']).groupBy(F.window('ts', '5 seconds')).agg(F.count('*').alias('c'))",
            ".dropDuplicatesWithinWatermark(['k', 'v']).groupBy(F.window('ts', '5 seconds')).agg(F.count('*').alias('c'))",
            ".groupBy('k', F.window('ts', '5 seconds')).agg(F.sum('v').alias('c'))",
        ]
    )
    upper = choose.choice(
        [
            "",
            ".groupBy(F.window('window', '10 seconds')).agg(F.sum('c'), F.count('*'))",
            ".groupBy(F.window(F.window_time('window'), '20 seconds')).agg(F.max('c'))",
            ".dropDuplicates(['window'])",
            ".select('c').limit(3)",
        ]
    )
    return {"do": "chain", "query": f"{_marked(choose)}{lower}{upper}"}


def _union(choose: random.Random) -> Case:
    left, right = _marked(choose, "l.toDF('k', 'ts', 'v')"), _marked(choose, "r.toDF('k', 'ts', 'v')")
    upper = choose.choice(
        [".groupBy(F.window('ts', '5 seconds')).count()", ".dropDuplicates(['k', 'ts'])", ".groupBy('ts').count()"]
    )
    return {"do": "union", "query": f"{left}.union({right}){upper}", "two": True}
