"""The tables of docs/fidelity.md: written between marks, and read back."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from research.fidelity.causes import NOT_TOLD, Differences
from research.fidelity.errors import PageBroken
from research.fidelity.plan import LIVES_NS, ORDERS, SECOND, SEED
from research.fidelity.study import EffectRow, SinglesRow, StrategyRow, Study

BEGIN_MARK = "<!-- research.fidelity begins: written by `python -m research.fidelity`, do not edit -->"
END_MARK = "<!-- research.fidelity ends -->"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "fidelity.md"

STRATEGY_HEAD = (
    "recording", "strategy", "queue", "run", "orders", "executions", "filled, in orders", "position", "fees", "equity",
    "same orders", "of these alike", "curves apart",
)  # fmt: skip
SINGLES_HEAD = (
    "recording", "view", "queue", "filled there", "filled here", "alike", "only there", "only here", "less here",
    "begins at another time", "ends at another time", "later here, median ms",
)  # fmt: skip
EFFECT_HEAD = (
    "recording", "from", "to", "filled", "filled then", "alike", "only before", "only then", "other quantity",
    "other time", "refused in one", "later then, median ms",
)  # fmt: skip
Table = list[dict[str, str]]


def strategy_cells(row: StrategyRow, units: float) -> list[str]:
    """Return one line of the strategies' table; `units` makes a position of its units."""
    result = row.result
    compared = [f"{row.common:,}", f"{row.same:,}", f"{row.gap:.4f}"] if row.common else ["", "", ""]
    return [
        row.recording, row.strategy, row.queue, row.run, f"{result.orders:,}", f"{result.fills:,}",
        f"{row.quantity_in_orders:.2f}", f"{result.position * units:.6f}", f"{result.fees:.6f}",
        f"{result.equity:.6f}", *compared,
    ]  # fmt: skip


def singles_cells(row: SinglesRow) -> list[str]:
    """Return one line of the single orders' table."""
    found = row.differences
    counts = (
        found.filled_first, found.filled_second, found.same, found.only_first, found.only_second, found.less,
        found.began, found.ended,
    )  # fmt: skip
    return [row.recording, row.view, row.queue, *(f"{count:,}" for count in counts), _ms(found.median_ms)]


def effect_cells(row: EffectRow) -> list[str]:
    """Return one line of the table of single changes."""
    found: Differences = row.differences
    counts = (
        found.filled_first, found.filled_second, found.same, found.only_first, found.only_second, found.less,
        found.began + found.ended, found.refused,
    )  # fmt: skip
    return [row.recording, row.first, row.second, *(f"{count:,}" for count in counts), _ms(found.median_ms)]


def _ms(value: float) -> str:
    """Return milliseconds to a tenth, without a sign of nothing."""
    return f"{round(value, 1) + 0.0:.1f}"


def markdown(study: Study, units: dict[str, float], samples: Iterable[tuple[str, str]]) -> str:
    """Return the section; `units` are a quantity unit's worth by recording."""
    shifts = "; ".join(f"{name} {shift / SECOND:.6f} s" for name, shift in study.shifts.items())
    lives = ", ".join(f"{life / SECOND:g}" for life in LIVES_NS)
    parts = [
        "### Strategies",
        _table(STRATEGY_HEAD, [strategy_cells(row, units[row.recording]) for row in study.strategies], 4),
        "### Single orders",
        f"{ORDERS:,} orders a recording (seed {SEED}), alive for {lives} s, each alone.",
        _table(SINGLES_HEAD, [singles_cells(row) for row in study.singles], 3),
        "### Which of our rules made them differ",
        _causes(study.singles),
        "### What one change alone does",
        "Single orders under `risk-averse`.",
        _table(EFFECT_HEAD, [effect_cells(row) for row in study.effects], 3),
        f"The converter moved our clock forward by: {shifts}.",
        "### Records around one order of each kind",
    ]
    for cause, text in samples:
        parts += [f"{cause}:", f"```text\n{text}\n```"]
    return "\n\n".join(parts) + "\n"


def _causes(rows: Sequence[SinglesRow]) -> str:
    """Return the table of causes: a column a cause, the most frequent first."""
    total: Counter[str] = Counter()
    for row in rows:
        total.update(row.causes)
    names = [name for name, _ in total.most_common() if name != NOT_TOLD] + [NOT_TOLD]
    head = ("recording", "view", "queue", "differ", *names)
    lines = [
        [row.recording, row.view, row.queue, f"{row.causes.total():,}", *(f"{row.causes[name]:,}" for name in names)]
        for row in rows
    ]
    sums = ["all", "", "", f"{total.total():,}", *(f"{total[name]:,}" for name in names)]
    return _table(head, [*lines, sums], 3)


def _table(head: Sequence[str], lines: Sequence[Sequence[str]], texts: int) -> str:
    """Return a table whose first `texts` columns are words, the others numbers."""
    rule = ["---"] * texts + ["---:"] * (len(head) - texts)
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *lines))


def write_section(page: Path, text: str) -> None:
    """Replace what stands between the page's marks. Raises PageBroken where it has none."""
    before, _, after = _parts(page)
    page.write_text(f"{before}{BEGIN_MARK}\n\n{text}\n{END_MARK}{after}", encoding="utf-8")


def read_tables(page: Path) -> list[Table]:
    """Return the tables between the page's marks, each a list of cells by column. Raises PageBroken."""
    _, section, _ = _parts(page)
    tables: list[Table] = []
    head: list[str] = []
    for line in section.splitlines():
        if not line.startswith("|"):
            head = []
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not head:
            head = cells
            tables.append([])
        elif len(cells) != len(head):
            raise PageBroken(f"{page}: a row of {len(cells)} cells in a table of {len(head)}; run the command again")
        elif not set("".join(cells)) <= set("-:"):
            tables[-1].append(dict(zip(head, cells, strict=True)))
    return tables


def _parts(page: Path) -> tuple[str, str, str]:
    """Return what stands before, between and after the marks."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN_MARK)
    section, end, after = rest.partition(END_MARK)
    if not begin or not end:
        raise PageBroken(f"{page} has no section for the tables: it needs the lines {BEGIN_MARK} and {END_MARK}")
    return before, section, after
