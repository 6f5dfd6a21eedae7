import csv
import itertools
import json

import msgspec
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pyarrow.parquet as pq
import pytest

from daemon.audit.sheet import Sheet
from daemon.errors import UsageError
from tests.daemon.auditing import DAY, record_operated_day


class Row(msgspec.Struct, frozen=True):
    a: str
    b: int | None


HORIZON_NS = 500_000_000


@pytest.fixture(scope="module")
def operated(tmp_path_factory):
    root = tmp_path_factory.mktemp("operated")
    return root, record_operated_day(root)


def _records(tickerd, folder, kind: str) -> pd.DataFrame:
    path = folder.parent / f"{kind}.csv"
    assert tickerd("journal", "export", folder, "--kind", kind, "--out", path).code == 0
    frame = pd.read_csv(path)
    numbers = ["price", "quantity", "bid_price", "ask_price", "fee"]
    return frame.astype({name: float for name in numbers if name in frame.columns})


def test_best_execution_is_what_pandas_makes_of_the_exported_records(operated, tickerd):
    root, folder = operated
    out = root / "best.parquet"
    told = tickerd(
        *("audit", "export", "best-execution", "--day", DAY, "--out", out, "--root", root),
        *("--horizon", "500ms", "--json"),
    )
    assert told.code == 0, told.err
    ours = pq.read_table(out).to_pandas().set_index("client_order_id")
    quotes, trades = _records(tickerd, folder, "quotes"), _records(tickerd, folder, "trades")
    quotes["mid"] = (quotes.bid_price + quotes.ask_price) / 2
    submits, fills = _records(tickerd, folder, "submits"), _records(tickerd, folder, "fills")
    assert told.json()["rows"] == len(submits) == len(ours)
    seen = 0
    for submit in submits.itertuples():
        row = ours.loc[submit.client_order_id]
        mine = quotes[quotes.instrument == submit.instrument]
        arrival = mine[mine.seq < submit.seq].iloc[-1]
        assert row.arrival_mid == pytest.approx(arrival.mid, rel=1e-12)
        assert row.spread_bps == pytest.approx((arrival.ask_price - arrival.bid_price) / arrival.mid * 1e4, rel=1e-9)
        done = fills[fills.client_order_id == submit.client_order_id]
        assert row.fills == len(done)
        if not len(done):
            assert pd.isna(row.arrival_slippage_bps)
            continue
        seen += 1
        sign = 1 if submit.side == "buy" else -1
        average = np.average(done.price, weights=done.quantity)
        market = trades[(trades.instrument == submit.instrument) & trades.market]
        window = market[(market.recv_ns >= submit.recv_ns) & (market.recv_ns <= done.recv_ns.max())]
        vwap = np.average(window.price, weights=window.quantity) if len(window) else np.nan
        close = market.price.iloc[-1]
        expected = {
            "average_price": average,
            "arrival_slippage_bps": sign * (average - arrival.mid) / arrival.mid * 1e4,
            "effective_spread_bps": 2 * sign * (average - arrival.mid) / arrival.mid * 1e4,
            "vwap_slippage_bps": sign * (average - vwap) / vwap * 1e4,
            "close_slippage_bps": sign * (average - close) / close * 1e4,
        }
        later = [mine[mine.recv_ns <= time_ns + HORIZON_NS] for time_ns in done.recv_ns]
        if done.recv_ns.max() + HORIZON_NS <= mine.recv_ns.max():
            mids = np.array([each.mid.iloc[-1] for each in later])
            realised = (2 * sign * (done.price.to_numpy() - mids) * done.quantity).sum() / done.quantity.sum()
            expected["realised_spread_bps"] = realised / arrival.mid * 1e4
        else:
            assert pd.isna(row.realised_spread_bps)
        for name, figure in expected.items():
            assert row[name] == pytest.approx(figure, rel=1e-9, abs=1e-9, nan_ok=True), name
        assert row.maker_share == pytest.approx(
            done.quantity[done.liquidity == "maker"].sum() / done.quantity.sum(), rel=1e-12
        )
        assert row.submitted_ns <= row.ack_ns <= row.first_fill_ns <= row.last_fill_ns <= row.ended_ns
    assert seen > 5
    assert ours.realised_spread_bps.notna().sum() > 3


def test_a_life_tells_everything_in_order(operated, tickerd):
    root, folder = operated
    out = root / "lives.csv"
    assert tickerd("audit", "export", "lifecycle", "--day", DAY, "--out", out, "--root", root).code == 0
    with out.open() as file:
        rows = list(csv.DictReader(file))
    by_order: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_order.setdefault(row["client_order_id"], []).append(row)
    submits = _records(tickerd, folder, "submits")
    assert {order for order, life in by_order.items() if life[0]["event"] == "submitted"} == set(
        submits.client_order_id
    )
    filled = [life for life in by_order.values() if any(row["event"] == "fill" for row in life)]
    for life in filled:
        events = [row["event"] for row in life]
        assert events[:2] == ["submitted", "update"]
        assert life[0]["cause"] in {"quote", "trade", "book", "time", "report"}
        assert life[0]["limits_version"]
        reports = [row["state"] for row in life if row["event"] == "report"]
        assert reports[0] == "accepted"
        assert "filled" in reports
        states = [(row["previous"], row["state"]) for row in life if row["event"] == "update"]
        assert states[0] == ("", "submitted")
        assert all(before[1] == after[0] for before, after in itertools.pairwise(states))
        since = [int(row["since_ns"]) for row in life]
        assert since == sorted(since)
        assert since[0] == 0
    refused = [row for row in rows if row["event"] == "refused"]
    assert len(refused) == len(_records(tickerd, folder, "refusals"))
    assert sum(row["event"] == "cancel-sent" for row in rows) == len(_records(tickerd, folder, "cancels"))


def test_the_formats_hold_the_same_rows(operated, tickerd):
    root, _ = operated
    for suffix in ("csv", "jsonl", "parquet"):
        words = ("audit", "export", "lifecycle", "--day", DAY, "--out", root / f"same.{suffix}", "--root", root)
        assert tickerd(*words).code == 0
    lines = [json.loads(line) for line in (root / "same.jsonl").read_text().splitlines()]
    assert pq.read_table(root / "same.parquet").to_pylist() == lines
    with (root / "same.csv").open() as file:
        assert [row["event"] for row in csv.DictReader(file)] == [line["event"] for line in lines]
    refused = tickerd("audit", "export", "lifecycle", "--day", DAY, "--out", root / "same.xls", "--root", root)
    assert refused.code == 2
    assert ".parquet" in refused.err
    empty = tickerd(
        "audit", "export", "best-execution", "--day", "2024-11-20", "--out", root / "none.csv", "--root", root
    )
    assert empty.code == 0
    assert (root / "none.csv").read_text().count("\n") == 1


def test_a_file_gets_its_name_once_it_is_whole(tmp_path):
    path = tmp_path / "rows.csv"

    def breaks() -> None:
        with Sheet(path, Row) as sheet:
            sheet.add(Row(a="x", b=None))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        breaks()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UsageError, match="name another --out"):
        Sheet(tmp_path / "absent" / "rows.csv", Row)
    with Sheet(tmp_path / "rows.parquet", Row) as sheet:
        for number in range(25_000):
            sheet.add(Row(a=str(number), b=number if number % 2 else None))
    assert pq.read_table(tmp_path / "rows.parquet").column("b").null_count == 12_500
