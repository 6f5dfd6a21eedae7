"""What the warm-up check came to: the structs are the JSON, the lines are for people."""

import msgspec

AGREE, DIFFER = "agree", "differ"
OK, FAILED = 0, 3
COUNTER, FADING, STAYING = "counter", "fading", "staying"
FIELDS_SHOWN = 12
_NAME_WIDTH = 11


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy started later than at first: where its decisions differ, and from when on they do not.

    `agrees_after` counts inputs from the start to the last decision that differs, 0 where none does, None where the
    two never come to agree. `claim` is what it is held to. `agreeing` counts the decisions from there to the end.
    """

    strategy: str
    start: str
    start_ns: int
    decisions: int
    agrees_after: int | None
    agrees_after_ns: int | None
    agreeing: int
    claim: int
    was: str  # the first decision that differs: from the whole history,
    became: str  # and from this start
    time: str
    time_ns: int

    @property
    def keeps_claim(self) -> bool:
        """Whether it agrees as early as claimed."""
        return self.agrees_after is not None and self.agrees_after <= self.claim


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a strategy's saved state that was not the same from the latest start as from the whole history.

    `differences` are relative, at the times of the report's `marks`. `kind`: "fading" where the last one is below 1e-9,
    "counter" for whole numbers that stay as far apart as they were, else "staying".
    """

    strategy: str
    field: str
    kind: str
    differences: list[float]
    was: int | float | str | bool | None  # at the last mark
    became: int | float | str | bool | None


class WarmupReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything worth telling of one check."""

    verdict: str
    decisions: int
    inputs: int
    starts: list[Start]
    marks: list[str]
    fields: list[Field]
    notes: list[str]
    elapsed_s: float

    @property
    def exit_code(self) -> int:
        """0 where decisions came to agree in time, else 3."""
        return OK if self.verdict == AGREE else FAILED


def report_text(report: WarmupReport) -> str:
    """Return the report as plain lines, each a name and what is to be said."""
    rows = [("warm-up", _verdict(report))]
    for start in report.starts:
        rows.append(("start", f"{start.start}, {start.strategy}: {_agreement(start)}"))
        if start.agrees_after != 0:
            rows += [
                ("first", f"{start.time} ({start.time_ns})"),
                ("was", f"{start.was} (from the whole history)"),
                ("became", f"{start.became} (from this start)"),
            ]
    rows += _field_rows(report)
    rows += [("note", line) for line in report.notes]
    rows.append(
        ("checked", f"{report.decisions:,} decisions over {report.inputs:,} inputs in {report.elapsed_s:.1f} s")
    )
    return "".join(f"{name:<{_NAME_WIDTH}}{text}\n" for name, text in rows)


def _verdict(report: WarmupReport) -> str:
    if report.verdict == AGREE:
        return "decisions come to agree wherever the history starts"
    return "DEPENDS on where the history starts: decisions still differ after the warm-up"


def _agreement(start: Start) -> str:
    """Return from when on a start agrees."""
    if start.agrees_after is None:
        return f"never agrees, over {start.decisions:,} decisions"
    if not start.agrees_after:
        return f"agrees from the start on, over {start.agreeing:,} decisions"
    late = "" if start.keeps_claim else f", LATER than the {start.claim:,} claimed"
    return f"agrees after {start.agrees_after:,} inputs, for {start.agreeing:,} decisions{late}"


def _field_rows(report: WarmupReport) -> list[tuple[str, str]]:
    """Return the table of fields that differ, the worst first."""
    if not report.fields:
        return []
    width = max(len(f"{each.strategy}.{each.field}") for each in report.fields[:FIELDS_SHOWN])
    heads = "  ".join(f"{mark[11:19]:>8}" for mark in report.marks)
    rows = [("fields", f"{'relative difference at':<{width}}  {heads}")]
    for each in report.fields[:FIELDS_SHOWN]:
        figures = "  ".join(f"{figure:>8.1e}" for figure in each.differences)
        rows.append(("", f"{each.strategy + '.' + each.field:<{width}}  {figures}  {each.kind}"))
    if len(report.fields) > FIELDS_SHOWN:
        rows.append(("", f"and {len(report.fields) - FIELDS_SHOWN} more (--json lists all)"))
    return rows
