"""What the look-ahead check came to: the structs are the JSON, the lines are for people."""

import msgspec

VERDICTS = ("clean", "suspect", "moved", "unrepeatable")
CLEAN, SUSPECT, MOVED, UNREPEATABLE = VERDICTS
OK, FAILED = 0, 3
_NAME_WIDTH = 11


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """The first decision of a re-run that is not what it was, though all that came before the cut was the same.

    `check` is "repeat" (the same data again), "truncated" (nothing after the cut) or "altered" (another future).
    `input` counts what had been fed when the decision fell; times are ns since the Unix epoch, `time` is ISO text.
    """

    check: str
    strategy: str
    time: str
    time_ns: int
    was: str
    became: str
    cut: str
    cut_ns: int
    input: int


class Suspicion(msgspec.Struct, frozen=True, kw_only=True):
    """Something that look-ahead would explain, and other things too.

    `kind` is "ignores-data", "opens-file" or "holds-data"; for a file, `strategy` is the line that opens it.
    """

    kind: str
    strategy: str
    message: str


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """How many of a strategy's orders after a cut came again although everything after it had been altered.

    `again` at the same time and price; `again_but_price` at the same time, at whatever price.
    """

    strategy: str
    orders: int
    again: int
    again_but_price: int


class LookaheadReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything worth telling of one check. `verdict` is one of VERDICTS; `data` tells of records known too early."""

    verdict: str
    decisions: int
    inputs: int
    cuts: list[str]
    reruns: int
    seed: int
    moved: list[Moved]
    suspicions: list[Suspicion]
    responses: list[Response]
    data: list[str]
    notes: list[str]
    elapsed_s: float

    @property
    def exit_code(self) -> int:
        """0 where nothing was found, else 3."""
        return OK if self.verdict == CLEAN else FAILED


def report_text(report: LookaheadReport) -> str:
    """Return the report as plain lines, each a name and what is to be said."""
    rows = [("look-ahead", _verdict(report))]
    if report.moved:
        first = report.moved[0]
        rows += [
            ("moved", f"{first.time} ({first.time_ns}), {first.strategy}, after {first.input:,} inputs"),
            ("was", first.was),
            ("became", first.became),
            ("cut", f"{first.cut} ({first.cut_ns}), {_CHECKS[first.check]}"),
        ]
        if len(report.moved) > 1:
            rows.append(("", f"decisions moved in {len(report.moved)} of {report.reruns} re-runs"))
    rows += [("suspicion", f"{each.strategy}: {each.message}") for each in report.suspicions]
    rows += [("data", line) for line in report.data]
    rows += [("note", line) for line in report.notes]
    what = f"{report.decisions:,} decisions over {report.inputs:,} inputs, {len(report.cuts)} cuts (seed {report.seed})"
    rows.append(("checked", f"{what}, {report.reruns} re-runs in {report.elapsed_s:.1f} s"))
    return "".join(f"{name:<{_NAME_WIDTH}}{text}\n" for name, text in rows)


_CHECKS = {
    "repeat": "the same data a second time",
    "truncated": "nothing after the cut",
    "altered": "other prices and quantities after the cut",
}


def _verdict(report: LookaheadReport) -> str:
    """Return the verdict in words."""
    if report.verdict == MOVED:
        return "FOUND: a decision changed when only the future did"
    if report.verdict == UNREPEATABLE:
        return "NOT REPEATABLE: the same data gave another decision; look for state, clocks or randomness of its own"
    if report.verdict == SUSPECT:
        return "SUSPECTED, not proven: no decision moved, but see below"
    return "none found: no decision before a cut depends on what came after it"
