import contextlib
import datetime as dt
import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.effects import OrderBusted, OrderFilled
from core.evidence import EvidenceGiven, Subject, VenueFill
from core.orders import Side
from daemon.audit.reconcile import BreakKind, our_trades, reconcile
from daemon.audit.statement import Trade, read_mapping, read_statement
from daemon.audit.walk import Seen, day_of
from daemon.errors import UsageError
from daemon.store.known import Traded
from tests.daemon.auditing import DAY, record_operated_day
from tests.daemon.sessions import instrument

SPOT = '"Date(UTC)","Pair","Side","Price","Executed","Amount","Fee"\n'
DAY_OF = day_of(DAY)


@pytest.fixture(scope="module")
def operated(tmp_path_factory):
    root = tmp_path_factory.mktemp("operated")
    record_operated_day(root)
    return root


def _trades(root):
    return our_trades(root, DAY_OF, "paper").by_venue["BINANCE"]


def _lines(trades) -> list[str]:
    """The venue's export of the same trades, in whole seconds, as Binance writes it."""
    lines = []
    for trade in trades:
        time = dt.datetime.fromtimestamp(trade.time_ns // 10**9, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
        base, amount = trade.symbol.removesuffix("USDT"), trade.price * trade.quantity
        fee = f"{trade.fee:f}{trade.fee_currency}"
        lines.append(
            f'"{time}","{trade.symbol}","{trade.side.upper()}","{trade.price:,f}","{trade.quantity:f}{base}",'
            f'"{amount:f}USDT","{fee}"'
        )
    return lines


def _statement(folder, lines):
    path = folder / "export.csv"
    path.write_text("\ufeff" + SPOT + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_statement_of_the_same_trades_has_no_breaks(operated, tmp_path, tickerd):
    trades = _trades(operated)
    assert len(trades) > 5
    path = _statement(tmp_path, _lines(trades))
    told = tickerd("audit", "reconcile", path, "--day", DAY, "--mode", "paper", "--root", operated, "--json")
    assert told.code == 0, told.err
    assert told.json()["matched"] == len(trades)
    assert told.json()["breaks"] == []
    assert tickerd("audit", "reconcile", path, "--day", DAY, "--root", operated).code == 2  # there is no live session


def test_a_doctored_statement_shows_exactly_the_doctored_lines(operated, tmp_path, tickerd):
    trades = sorted(_trades(operated), key=lambda trade: trade.time_ns)
    lines = _lines(trades)
    lines[0] = lines[0].replace('"BUY"', '"?"').replace('"SELL"', '"BUY"').replace('"?"', '"SELL"')  # the other side
    lines[2] = lines[2].replace(f"{trades[2].price:,f}", f"{trades[2].price + 1:,f}")
    lines[3] = lines[3].replace(f"{trades[3].fee:f}", f"{(trades[3].fee or 0) + Decimal('0.00000001'):f}")
    invented = lines[4]
    del lines[4]
    path = _statement(tmp_path, [*lines, invented.replace(trades[4].symbol, "XRPUSDT")])
    told = tickerd("audit", "reconcile", path, "--day", DAY, "--mode", "paper", "--root", operated, "--json")
    assert told.code == 3
    found = [(each["kind"], each.get("fields"), (each["theirs"] or {}).get("place")) for each in told.json()["breaks"]]
    assert ("differs", ["price"], "line 4") in found
    assert ("differs", ["fee"], "line 5") in found
    assert ("missing-with-us", [], "line 2") in found
    assert ("missing-with-us", [], f"line {len(lines) + 2}") in found
    at_venue = [each["ours"]["place"] for each in told.json()["breaks"] if each["kind"] == "missing-at-venue"]
    assert sorted(at_venue) == sorted([trades[0].place, trades[4].place])
    assert len(found) == 6
    text = tickerd("audit", "reconcile", path, "--day", DAY, "--mode", "paper", "--root", operated).out
    assert "6 breaks" in text
    loose = tickerd(
        *("audit", "reconcile", path, "--day", DAY, "--mode", "paper", "--root", operated, "--json"),
        *("--tolerance", "0.0001"),
    )
    assert len(loose.json()["breaks"]) == 5


_moments = st.integers(DAY_OF.begin_ns, DAY_OF.end_ns - 1)
_made = st.builds(
    Trade,
    time_ns=_moments,
    symbol=st.sampled_from(("BTCUSDT", "ETHUSDT")),
    side=st.sampled_from(("buy", "sell")),
    price=st.integers(1, 3).map(Decimal),
    quantity=st.integers(1, 3).map(Decimal),
    fee=st.one_of(st.none(), st.integers(0, 2).map(Decimal)),
    fee_currency=st.just("USDT"),
    id=st.just(""),
    place=st.just(""),
)


@given(st.lists(_made, max_size=12), st.lists(_made, max_size=12), st.integers(0, 10**9), st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_trade_of_either_side_is_matched_once_or_is_one_break(ours, theirs, skew_ns, numbered):
    mine = [
        msgspec.structs.replace(each, place=f"us:{at}", id=str(at) if numbered else "") for at, each in enumerate(ours)
    ]
    its = [
        msgspec.structs.replace(each, place=f"line {at}", id=str(at + 2) if numbered else "")
        for at, each in enumerate(theirs)
    ]
    result = reconcile(DAY_OF, "BINANCE", mine, its, time_tolerance_ns=skew_ns)
    told_ours = [each.ours.place for each in result.breaks if each.ours]
    told_theirs = [each.theirs.place for each in result.breaks if each.theirs]
    assert len(set(told_ours)) == len(told_ours) == len(mine) - result.matched
    assert len(set(told_theirs)) == len(told_theirs) == len(its) - result.matched
    assert all(each.fields for each in result.breaks if each.kind is BreakKind.DIFFERS)
    same = reconcile(DAY_OF, "BINANCE", mine, mine, time_tolerance_ns=skew_ns)
    assert same.matched == len(mine)
    assert not same.breaks


def _numbered(number: str = "1", side: str = "buy", place: str = "s:1") -> Trade:
    return Trade(time_ns=DAY_OF.begin_ns, symbol="BTCUSDT", side=side, price=Decimal(1), quantity=Decimal(1), fee=None,
                 fee_currency="", id=number, place=place)  # fmt: skip


def test_of_executions_that_one_record_told_each_is_looked_for():
    ours = [_numbered(), _numbered("2")]
    result = reconcile(DAY_OF, "BINANCE", ours, [_numbered(place="line 2")])
    assert result.matched == 1
    assert [(each.kind, each.either.id) for each in result.breaks] == [(BreakKind.MISSING_AT_VENUE, "2")]


def test_both_sides_of_a_trade_with_ourselves_have_its_number():
    ours = [_numbered(), _numbered(side="sell", place="s:2")]
    theirs = [_numbered(place="line 2"), _numbered(side="sell", place="line 3")]
    assert reconcile(DAY_OF, "BINANCE", ours, theirs).breaks == ()
    [found] = reconcile(DAY_OF, "BINANCE", ours[:1], theirs[1:]).breaks
    assert (found.kind, found.fields) == (BreakKind.DIFFERS, ("side",))


def test_the_formats_of_binance_read_alike(tmp_path):
    spot = _statement(tmp_path, ['"2024-11-21 10:30:01","1INCHUSDT","BUY","1,002.50","12.51INCH","1USDT","0.1BNB"'])
    [trade] = read_statement(spot)
    assert (trade.quantity, trade.price, trade.fee, trade.fee_currency) == (
        Decimal("12.5"),
        Decimal("1002.50"),
        Decimal("0.1"),
        "BNB",
    )
    old = tmp_path / "old.csv"
    old.write_text(
        "Date(UTC),Market,Type,Price,Amount,Total,Fee,Fee Coin\n2024-11-21 10:30:01,BNBUSDT,SELL,5,2,10,0.01,USDT\n"
    )
    usdm = tmp_path / "usdm.csv"
    usdm.write_text(
        "Date(UTC),Symbol,Side,Price,Quantity,Amount,Fee,Fee Coin,Realized Profit,Quote Asset\n"
        "2024-11-21 10:30:01,BNBUSDT,SELL,5,2,10,0.01,USDT,0,USDT\n\n"
    )
    [one], [other] = read_statement(old), read_statement(usdm)
    assert msgspec.structs.replace(one, place="") == msgspec.structs.replace(other, place="")
    assert one.time_ns == 1_732_185_001_000_000_000


def test_another_venue_is_read_by_a_mapping(tmp_path):
    mapping = tmp_path / "broker.toml"
    mapping.write_text("""
time = "%d/%m/%Y %H:%M:%S"
delimiter = ";"
buy = ["BOT"]
sell = ["SLD"]
[columns]
time = "When"
symbol = "Ticker"
side = "Action"
price = "Px"
quantity = "Shares"
fee = "Commission"
id = "Exec"
""")
    path = tmp_path / "broker.csv"
    path.write_text("Exec;When;Ticker;Action;Px;Shares;Commission\n7;21/11/2024 10:30:01;BRK/B;SLD;470.5;10;1.00 USD\n")
    [trade] = read_statement(path, read_mapping(mapping))
    assert (trade.id, trade.symbol, trade.side, trade.fee, trade.fee_currency) == (
        "7",
        "BRKB",
        "sell",
        Decimal("1.00"),
        "",
    )
    mapping.write_text(mapping.read_text().replace('"When"', '"Then"'))
    with pytest.raises(UsageError, match="no column 'Then'"):
        read_statement(path, read_mapping(mapping))
    mapping.write_text("columns = 3")
    with pytest.raises(UsageError, match="the mapping"):
        read_mapping(mapping)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a,b\n1,2\n", "--mapping FILE"),
        (SPOT + '"yesterday","BTCUSDT","BUY","1","1BTC","1USDT","0BNB"\n', "line 2"),
        (SPOT + '"2024-11-21 10:30:01","BTCUSDT","HOLD","1","1BTC","1USDT","0BNB"\n', "is no side"),
        (SPOT + '"2024-11-21 10:30:01","BTCUSDT","BUY","free","1BTC","1USDT","0BNB"\n', "is no number"),
        (SPOT + '"2024-11-21 10:30:01","BTCUSDT"\n', "line 2"),
        ("", "--mapping FILE"),
    ],
)
def test_what_does_not_read_is_refused_with_its_line(tmp_path, content, told):
    path = tmp_path / "bad.csv"
    path.write_text(content)
    with pytest.raises(UsageError, match=told):
        read_statement(path)


def test_what_was_missed_counts_at_the_venues_time_and_what_was_taken_back_not_at_all(operated, monkeypatch):
    late_ns = DAY_OF.end_ns + 3_600 * 10**9  # the daemon came up an hour after midnight

    def fill(exec_id: str, **changes: object):
        fields = {
            "exec_id": exec_id,
            "instrument": 0,
            "side": Side.BUY,
            "price": 600_000,
            "quantity": 10**8,
            "fee": "0",
        }
        return {**fields, "fee_currency": "USDT", "liquidity": None, "client_order_id": "c", **changes}

    asked = [
        VenueFill(**fill("7"), venue_order_id="1", venue_ns=DAY_OF.end_ns - 5),
        VenueFill(**fill("8"), venue_order_id="", venue_ns=DAY_OF.end_ns - 4, own="liquidation"),
    ]
    answer = EvidenceGiven(number=1, venue="BINANCE", subject=Subject.FILLS, asked_ns=late_ns, fills=tuple(asked))
    booked = {**fill("7"), "strategy_id": "s", "realised": "0"}
    busted = {name: value for name, value in booked.items() if name != "liquidity"}
    records = [
        answer,
        OrderFilled(**booked),
        OrderFilled(**{**booked, "exec_id": "9"}),
        OrderBusted(**{**busted, "exec_id": "9"}),
    ]

    def walked(_reader, known, _progress):
        known.instruments[0] = Traded(0, instrument("BTCUSDT"))
        for seq, payload in enumerate(records):
            yield Seen(seq, 0, 0, late_ns, 0, payload, -1, 0)

    monkeypatch.setattr("daemon.audit.reconcile.walk", walked)
    trades = _trades(operated)
    assert [(trade.id, trade.time_ns - DAY_OF.end_ns) for trade in trades] == [("8", -4), ("7", -5)]


@given(st.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_text_is_a_statement_or_is_refused(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("text") / "any.csv"
    for begin in ("", SPOT, "Date(UTC),Symbol,Side,Price,Quantity,Amount,Fee\n"):
        path.write_text(begin + text, encoding="utf-8", errors="surrogatepass", newline="")
        with contextlib.suppress(UsageError):
            assert isinstance(read_statement(path), list)


def test_mistakes_are_told(tmp_path, tickerd, operated):
    assert tickerd("audit", "reconcile", tmp_path / "absent.csv", "--day", DAY, "--root", operated).code == 2
    path = _statement(tmp_path, [])
    empty = tickerd("audit", "reconcile", path, "--day", "2024-11-20", "--mode", "paper", "--root", operated, "--json")
    assert json.loads(empty.out)["breaks"] == []
    assert "is no amount" in tickerd("audit", "reconcile", path, "--day", DAY, "--tolerance", "-1").err
