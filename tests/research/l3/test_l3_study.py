"""Hypothetical orders: true places and fills, and what models believe, on streams known by hand and a real one."""

import msgspec
import pytest

from connectors.sim import queues
from research.l3 import study, tables
from research.l3.believers import Believer, Model, View
from research.l3.book import OrderBook
from research.l3.errors import StudyImpossible
from research.l3.findings import END, Plan
from research.l3.ghosts import Line, join
from research.l3.records import read_events
from research.l3.study import Study
from tests.research.l3.line import ASK, BID, event, opening

SECOND = 1_000_000_000


def standing(depth=0, side=BID):
    """A book, and a line with one order that joined last."""
    book = OrderBook()
    book.apply(opening())
    ghost = join(book, side, depth, 1, 100 * SECOND)
    assert ghost
    line = Line()
    line.add(ghost)
    return book, line, ghost


def test_only_who_came_before_stands_ahead() -> None:
    book, line, ghost = standing()
    assert ghost.ahead == 5
    for each, ahead in (
        (event(2, ("A", BID, 100, 9, 6)), 5),
        (event(3, ("C", BID, 100, 9, 6)), 5),
        (event(4, ("M", BID, 100, 1, 2)), 3),
        (event(5, ("M", BID, 100, 2, 2)), 2),  # it grew, so it stands behind us now
        (event(6, ("T", ASK, 100, 1, 9), ("F", BID, 100, 1, 1), ("M", BID, 100, 1, 1)), 1),
    ):
        assert line.on_event(book, book.apply(each)) == []
        assert ghost.ahead == ahead == book.ahead_of(BID, 100, ghost.rank)


def test_an_order_is_filled_when_a_trade_reaches_somebody_who_came_later() -> None:
    book, line, ghost = standing()
    book_events = (
        event(2, ("A", BID, 100, 1, 6)),
        event(
            3,
            ("T", ASK, 100, 5, 9),
            ("F", BID, 100, 2, 1),
            ("F", BID, 100, 3, 2),
            ("C", BID, 100, 2, 1),
            ("C", BID, 100, 3, 2),
        ),
        event(4, ("T", ASK, 100, 1, 9), ("F", BID, 100, 1, 6), ("C", BID, 100, 1, 6)),
    )
    filled = [line.on_event(book, book.apply(each)) for each in book_events]
    assert filled == [[], [], [ghost]]
    assert ghost.filled_ns == 4


def test_an_order_is_filled_by_a_trade_through_its_price_and_by_the_other_side_coming() -> None:
    book, line, ghost = standing()
    line.on_event(book, book.apply(event(2, ("T", ASK, 99, 1, 9), ("F", BID, 99, 1, 3), ("M", BID, 99, 3, 3))))
    assert ghost.filled_ns == 2
    book, line, ghost = standing()
    line.on_event(book, book.apply(event(2, ("C", BID, 100, 2, 1), ("C", BID, 100, 3, 2), ("A", ASK, 100, 1, 7))))
    assert ghost.filled_ns == 2


def test_no_level_no_order() -> None:
    book = OrderBook()
    book.apply(opening())
    assert join(book, BID, 5, 1, 1) is None


def test_a_model_sees_quantities_only_and_says_when_it_would_be_filled() -> None:
    believer = Believer(Model("pro-rata", queues.PRO_RATA), View("every change", 0, 0))
    believer.join(4)
    believer.on_display(8, 1)
    believer.on_display(4, 2)
    assert believer.ahead == 2
    believer.on_print(2, 3)
    assert believer.filled_ns == 0
    believer.on_print(1, 4)
    assert (believer.filled_ns, believer.ahead) == (4, 0)


def market(steps=400):
    """A made market: every second somebody joins 100 and 101, leaves from the middle, or trades with the head."""
    events = [opening(), event(SECOND, ("T", ASK, 100, 1, 9), ("F", BID, 100, 1, 1), ("M", BID, 100, 1, 1))]
    lines = {BID: [(1, 1), (2, 3)], ASK: [(4, 5)]}
    prices = {BID: 100, ASK: 101}
    for step in range(2, steps):
        side = BID if step % 2 else ASK
        line, price, ns = lines[side], prices[side], step * SECOND
        match step % 5:
            case 0 if len(line) > 2:
                order_id, size = line.pop(len(line) // 2)
                events.append(event(ns, ("C", side, price, size, order_id)))
            case 1 if len(line) > 1:
                order_id, size = line.pop(0)
                leave = ("F", side, price, size, order_id), ("C", side, price, size, order_id)
                events.append(event(ns, ("T", -side, price, size, 9), *leave))
            case _:
                line.append((1000 + step, 1 + step % 3))
                events.append(event(ns, ("A", side, price, 1 + step % 3, 1000 + step)))
    return events


def test_the_careful_and_the_optimistic_model_bracket_every_true_place() -> None:
    plan = Plan(orders=100, seed=3, life_ns=40 * SECOND)
    findings = Study(market(), plan).run()
    pairs = [(view.name, model.name) for view in plan.views for model in plan.models]
    careful, rash = pairs.index(("every change", "risk-averse")), pairs.index(("every change", "optimistic"))
    assert len(findings.ghosts) > 30
    for ghost in findings.ghosts:
        assert END in ghost.sampled
        for truth, believed in ghost.sampled.values():
            assert believed[rash] <= truth <= believed[careful]
    assert findings.fills_out_of_line == 0


def test_the_same_seed_asks_the_same_orders() -> None:
    plan = Plan(orders=20, seed=5, life_ns=20 * SECOND)
    first, second = (tables.summary(Study(market(), plan).run()) for _ in range(2))
    assert msgspec.json.encode(first) == msgspec.json.encode(second)


def test_a_recording_without_trading_or_too_short_for_a_life_is_refused() -> None:
    with pytest.raises(StudyImpossible, match="no continuous trading"):
        Study([opening()], Plan())
    with pytest.raises(StudyImpossible, match="shorter"):
        Study(market(10), Plan(life_ns=1_000 * SECOND))


def test_the_page_keeps_what_stands_around_the_marks(tmp_path) -> None:
    page = tmp_path / "queues.md"
    page.write_text(f"# Above\n\n{tables.BEGIN_MARK}\nold\n{tables.END_MARK}\n\nbelow\n", encoding="utf-8")
    text = tables.markdown(Study(market(), Plan(orders=20, life_ns=20 * SECOND)).run())
    tables.write_section(page, text)
    written = page.read_text(encoding="utf-8")
    assert written.startswith("# Above\n")
    assert written.endswith("below\n")
    assert "old" not in written
    assert "| risk-averse |" in written
    page.write_text("no marks", encoding="utf-8")
    with pytest.raises(StudyImpossible, match="no section"):
        tables.write_section(page, text)


@pytest.mark.slow
def test_on_the_recorded_day_the_careful_model_never_believes_to_be_further_than_it_is(
    recorded_dir, tmp_path, capsys
) -> None:
    pytest.importorskip("databento_dbn")
    (path,) = (recorded_dir / "l3").glob("*.mbo.dbn.zst")
    assert study.main([str(path), "--orders", "150", "--json"]) == 0
    found = msgspec.json.decode(capsys.readouterr().out, type=tables.Summary)
    models = {(each.view, each.model): each for each in found.models}
    careful, rash = models["every change", "risk-averse"], models["every change", "optimistic"]
    assert careful.filled_falsely == 0
    assert careful.position[END].bias == pytest.approx(careful.position[END].mean_size)
    assert rash.position[END].bias == pytest.approx(-rash.position[END].mean_size)
    assert careful.position[END].rmse < rash.position[END].rmse
    assert found.fills_out_of_line == 0
    assert len(list(read_events(path))) > found.events > 10_000
