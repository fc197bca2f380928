"""Write `known_gaps.toml` and the README's table anew: `python tests/parity/gaps.py`.

Every case is asked twice. One that is wrong once and right once is listed as unsteady and is not
strict. Reasons that were written by hand stay. The reason of a new gap is the answer of Firesteel.
Read the difference before you commit it: a new gap is a regression.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import programs
import table
import test_parity

HEAD = """# Where Firesteel does not answer as PySpark 4.3 does: [program], then "case" = "reason".
# Strict: a listed case that passes fails the suite until its line is removed; one that is "unsteady" may do either.
# `python tests/parity/gaps.py` writes this file; a reason that begins with "answers" is what Firesteel says instead.
"""


def reason(found: object) -> str:
    """The answer, short enough to read."""
    if isinstance(found, dict) and "error" in found:
        shown = f"{found['error']}: {found.get('message') or found.get('condition') or ''}"
    elif isinstance(found, dict) and "no answer" in found:
        shown = "nothing: the process ended"
    else:
        shown = json.dumps(found)
    shown = " ".join(shown.split())
    return "answers " + (shown if len(shown) <= 160 else shown[:157] + "...")


def main() -> None:
    lines = [HEAD]
    for program, answers in test_parity.RECORDED.items():
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(test_parity._firesteel.__wrapped__, [program, program])
        gaps = []
        for case, expected in answers.items():
            right = [programs.same(expected, found.get(case)) for found in (first, second)]
            if all(right):
                continue
            wrong = second if right[0] else first
            said = test_parity.GAPS.get(program, {}).get(case, "")
            why = said if said and not said.startswith(("answers", "unsteady")) else reason(wrong.get(case))
            if any(right):
                why = f"unsteady: {why}"
            gaps.append(f"{json.dumps(case)} = {json.dumps(why)}")
        print(f"{program}: {len(gaps)} of {len(answers)} differ", flush=True)
        if gaps:
            lines.append("\n".join([f"[{program}]", *gaps, ""]))
    (programs.HERE / "known_gaps.toml").write_text("\n".join(lines), encoding="utf-8")
    table.write()


if __name__ == "__main__":
    main()
