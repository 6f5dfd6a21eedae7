"""Records that tell what could not be known yet are named, and refused unless a recorder's clock wrote them."""

import numpy as np
import pytest

from core.arrays import SLOT_DTYPE
from core.records import SLOT, Event, Kind
from research.backtest.data import Data, Folder
from research.backtest.errors import DataProblem
from research.history.head import Origin
from research.history.writing import HistoryWriter
from research.lookahead.known import early_in, early_records, refuse_early
from tests.daemon.sessions import record_session
from tests.research.backtest.made import MINUTE_NS, START_NS, bars, history, instrument, quotes

CLOSES = [6_000_000 + 10 * number for number in range(30)]


def told_at_their_opening(folder, kind):
    """A hacked feed: each bar, its close included, is told when it opens."""
    with HistoryWriter(folder, Origin(kind=kind)) as writer:
        writer.begin([instrument("BTCUSDT")], START_NS)
        writer.extend([(*event[:3], event[4], *event[4:]) for event in bars(CLOSES)])
    return folder


def sources(*folders):
    with Data([Folder(folder) for folder in folders]) as data:
        return data.sources()


def slots(*events: Event):
    packed = b"".join(SLOT.pack(0, *event) for event in events)
    return np.frombuffer(packed, SLOT_DTYPE)


def test_a_bar_told_before_it_closes_is_refused_by_name(tmp_path):
    early = sources(told_at_their_opening(tmp_path / "bars", "bars"))

    with pytest.raises(DataProblem, match=r"record \d+: a 1m bar of instrument 0 that closes at 1723118460000000000"):
        refuse_early(early)
    said = early_records(early)
    assert f"{MINUTE_NS:,} ns earlier" in said[0]
    assert said[-1].endswith("25 more")


def test_a_recorders_clock_is_believed_but_told_of(tmp_path):
    recorded = sources(told_at_their_opening(tmp_path / "frames", "frames"))

    refuse_early(recorded)
    assert len(early_records(recorded)) == 6


def test_honest_data_is_passed(tmp_path):
    honest = sources(
        history(tmp_path / "bars", bars(CLOSES)), history(tmp_path / "quotes", quotes(100)), record_session(tmp_path)
    )

    refuse_early(honest)
    assert early_records(honest) == []


def test_time_that_goes_back_is_named_also_over_the_edge_of_a_segment():
    back = quotes(6)
    back[3], back[4] = back[4], back[3]

    found = list(early_in(slots(*back), 100, 0))
    assert [each.seq for each in found] == [104]
    assert "time goes back from 1723118404000000000 to 1723118403000000000" in found[0].why
    assert [each.seq for each in early_in(slots(*quotes(3)), 7, START_NS + 1)] == [7]


def test_bars_of_an_interval_without_a_name_and_records_of_the_journal_tell_no_time():
    unnamed = [(event[0], 0, *event[2:]) for event in bars(CLOSES)]
    digest: Event = (Kind.DIGEST, 0, 0, 5, 0, 0, 0, 0, 0, 0)

    assert list(early_in(slots(*unnamed), 0, 0)) == []
    assert list(early_in(slots(*quotes(2), digest, *quotes(2, first_ns=START_NS + MINUTE_NS)), 0, 0)) == []
