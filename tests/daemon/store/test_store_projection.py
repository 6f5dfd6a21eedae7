"""What is in the tables is what a naive fold of the journal says, whatever the journal and wherever it was cut."""

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from core.effects import Alert, BalanceChanged, OrderBusted, OrderFilled, OrderUpdated, PositionChanged, Severity
from core.events import OrderReport, ReportType, StateCarried
from core.instruments import AssetClass, Instrument
from core.money import MONEY_UNIT, money, money_text
from core.orders import (
    ApprovedCancel,
    ApprovedGroup,
    ApprovedReplace,
    ApprovedSubmit,
    Contingency,
    Liquidity,
    OrderIntent,
    OrderState,
    OrderTerms,
    OrderType,
    Refusal,
    Side,
    TimeInForce,
)
from core.records import NO_INSTRUMENT, NOT_MARKET, Kind
from oms.manager import OrderManager
from oms.state import durable_state, state_hash
from tests.daemon.store.store_making import (
    MINUTE_NS,
    START_NS,
    append,
    begin_session,
    defined,
    digest_of,
    effect,
    follow,
    quote,
    rebuilt_digest,
    rows_of,
    seal,
    spot,
    table_of,
    trade,
    write_session,
)

INSTRUMENTS = (
    spot("BTCUSDT"),
    spot("ETHUSDT", asset_class=AssetClass.PERPETUAL, price_precision=1, size_precision=3),
)
CENT = MONEY_UNIT // 100

# ----------------------------------------------------------------------------------------------- any session at all

indexes = st.integers(0, 1)
prices = st.integers(1, 10**7)
quantities = st.integers(1, 10**10)
signed = st.integers(-(10**30), 10**30)  # money: far beyond 64 bits
sides = st.sampled_from(Side)
names = st.sampled_from(["a", "b", "c"])


def updates():
    return st.builds(
        OrderUpdated,
        client_order_id=names,
        strategy_id=names,
        instrument=indexes,
        side=sides,
        type=st.sampled_from(OrderType),
        price=prices,
        quantity=quantities,
        filled=quantities,
        previous=st.none() | st.sampled_from(OrderState),
        state=st.sampled_from(OrderState),
        venue_order_id=names,
        reason=st.text(max_size=5),
    )


def fills():
    return st.builds(
        OrderFilled,
        client_order_id=names,
        strategy_id=names,
        instrument=indexes,
        side=sides,
        exec_id=names,
        price=prices,
        quantity=quantities,
        fee=signed.map(str),
        fee_currency=st.sampled_from(["BNB", "USDT"]),
        liquidity=st.none() | st.sampled_from(Liquidity),
        realised=signed.map(str),
    )


def effects():
    return st.one_of(
        updates(),
        fills(),
        st.builds(
            BalanceChanged,
            currency=st.sampled_from(["BTC", "USDT", "BNB"]),
            delta=signed.map(str),
            balance=signed.map(str),
            reason=names,
        ),
        st.builds(
            Refusal,
            code=names,
            limit=names,
            figure=names,
            message=st.text(max_size=80),
            intent=st.builds(
                OrderIntent,
                client_order_id=names,
                strategy_id=names,
                instrument=indexes,
                side=sides,
                type=st.sampled_from(OrderType),
                quantity=quantities,
                price=prices,
            ),
            limits_version=st.just(1),
        ),
        st.builds(
            Alert,
            severity=st.sampled_from(Severity),
            code=names,
            message=st.text(max_size=80),
            instrument=indexes | st.just(NO_INSTRUMENT),
        ),
        st.builds(ApprovedCancel, client_order_id=names, strategy_id=names, instrument=indexes, venue_order_id=names),
        st.builds(
            OrderReport,
            type=st.sampled_from(ReportType),
            client_order_id=names,
            exec_id=names,
            price=prices,
            quantity=quantities,
        ),
    )


def positions():
    return st.builds(
        PositionChanged,
        instrument=indexes,
        quantity=st.integers(-(10**10), 10**10),
        cost=signed.map(str),
        realised=signed.map(str),
        fees=signed.map(str),
    )


def quotes():
    return st.tuples(st.just("quote"), indexes, prices)


def trades():
    return st.tuples(st.just("trade"), indexes, prices, st.sampled_from([0, NOT_MARKET]))


# Chosen first, so that what values positions is as frequent as all else together.
whats = st.sampled_from([effects(), positions(), quotes(), trades()]).flatmap(lambda strategy: strategy)
steps = st.tuples(st.sampled_from([0, 1, MINUTE_NS // 3, MINUTE_NS, 5 * MINUTE_NS]), whats)


def events_of(chosen) -> list[Any]:
    now_ns = START_NS
    events = [defined(index, instrument) for index, instrument in enumerate(INSTRUMENTS)]
    for step_ns, what in chosen:
        now_ns += step_ns
        if not isinstance(what, tuple):
            index = getattr(what, "instrument", 0)
            events.append(effect(what, now_ns, index if index != NO_INSTRUMENT else 0))
        elif what[0] == "quote":
            events.append(quote(now_ns, what[2], what[2] + 2, what[1]))
        else:
            events.append(trade(now_ns, what[2], what[1], what[3]))
    return events


class Naive:
    """The same tables, folded record by record with nothing clever."""

    def __init__(self) -> None:
        self.orders: dict[str, OrderUpdated] = {}
        self.fills: list[OrderFilled] = []
        self.positions: dict[int, PositionChanged] = {}
        self.balances: dict[str, int] = {"USDT": 1000 * MONEY_UNIT}
        self.refusals: list[Refusal] = []
        self.alerts: list[Alert] = []
        self.happened: list[tuple[str, str]] = []
        self.touch: dict[int, tuple[int, int]] = {}
        self.last: dict[int, int] = {}
        self.equity: dict[tuple[int, str], int] = {}
        self._minute = 0

    def take(self, event) -> None:
        kind, flags, index, now_ns, _, what = event[:6]
        if self._minute and now_ns // MINUTE_NS > self._minute:
            self.sample((self._minute + 1) * MINUTE_NS)
        self._minute = now_ns // MINUTE_NS
        match what:
            case OrderUpdated():
                self.orders[what.client_order_id] = what
                self.happened.append(("update", what.state.value))
            case OrderFilled():
                self.fills.append(what)
            case PositionChanged():
                self.positions[what.instrument] = what
            case BalanceChanged():
                self.balances[what.currency] = int(what.balance)
            case Refusal():
                self.refusals.append(what)
            case Alert():
                self.alerts.append(what)
            case ApprovedCancel():
                self.happened.append(("cancel", "cancel-sent"))
            case OrderReport():
                self.happened.append(("report", what.type.value))
        if kind == Kind.QUOTE:
            self.touch[index] = (event[5], event[7])
        elif kind == Kind.TRADE and not flags & NOT_MARKET:
            self.last[index] = event[5]

    def mark(self, index: int) -> int:
        bid, ask = self.touch.get(index, (0, 0))
        return (bid + ask) // 2 if bid and ask else self.last.get(index, 0)

    def sample(self, time_ns: int) -> None:
        worth = dict(self.balances)
        for index, position in self.positions.items():
            if position.quantity == 0 and position.realised == position.fees == "0":
                continue
            instrument, mark = INSTRUMENTS[index], self.mark(index)
            value = position.quantity * mark * instrument.notional_factor
            cost = int(position.cost)
            held = instrument.asset_class is AssetClass.CRYPTO_SPOT
            if not position.quantity or not mark:
                value = cost
            worth["USDT"] = worth.get("USDT", 0) + (value if held else value - cost)
            if held:
                units = 10 ** (18 - instrument.size_precision)
                worth[instrument.base] = worth.get(instrument.base, 0) - position.quantity * units
        self.equity |= {(time_ns, currency): amount for currency, amount in worth.items()}


def check(file: Path, naive: Naive) -> None:
    """Every table says what the fold says."""
    orders = {row["client_order_id"]: row for row in table_of(file, "orders")}
    assert orders.keys() == naive.orders.keys()
    for name, order in naive.orders.items():
        instrument = INSTRUMENTS[order.instrument]
        row = orders[name]
        assert (row["state"], row["filled_units"], row["price_units"]) == (order.state, order.filled, order.price)
        assert row["price"] == instrument.price_text(order.price)
        assert row["filled"] == instrument.quantity_text(order.filled)
        assert row["instrument"] == instrument.id
    assert [(row["what"], row["state"]) for row in table_of(file, "events")] == naive.happened
    told = [(row["fee"], row["realised"], row["price_units"], row["side"]) for row in table_of(file, "fills")]
    assert told == [
        (money_text(int(fill.fee)), money_text(int(fill.realised)), fill.price, fill.side.name.lower())
        for fill in naive.fills
    ]
    assert {row["idx"]: (row["quantity_units"], row["cost"]) for row in table_of(file, "positions")} == {
        index: (position.quantity, money_text(int(position.cost))) for index, position in naive.positions.items()
    }
    assert {row["currency"]: money(str(row["balance"])) for row in table_of(file, "balances")} == naive.balances
    assert [row["message"] for row in table_of(file, "refusals")] == [refusal.message for refusal in naive.refusals]
    assert [row["message"] for row in table_of(file, "alerts")] == [alert.message for alert in naive.alerts]
    equity = {(row["time_ns"], row["currency"]): money(str(row["equity"])) for row in table_of(file, "equity")}
    assert equity == naive.equity


@settings(max_examples=10, phases=[Phase.generate])  # each example writes files: to shrink one takes minutes
@given(
    chosen=st.lists(steps, min_size=3, max_size=30),
    cuts=st.sets(st.integers(0, 30), max_size=2),
    batch=st.integers(1, 9),
)
def test_the_tables_are_the_fold_of_any_session_wherever_it_was_cut(chosen, cuts, batch):
    events = events_of(chosen)
    with tempfile.TemporaryDirectory() as made:
        folder, file, naive = Path(made) / "20241121T103000Z-paper-aa", Path(made) / "store.db", Naive()
        writer = begin_session(folder, segment_bytes=8192)
        for number, event in enumerate(events):
            append(writer, event)
            naive.take(event)
            if number in cuts:
                writer.flush()
                follow(file, folder, batch=batch, commit_s=0)
        end_ns = START_NS + 10**15
        seal(writer, end_ns)
        naive.sample(end_ns)

        follow(file, folder, batch=batch, commit_s=0)

        check(file, naive)
        assert digest_of(file, folder.name) == rebuilt_digest(folder, Path(made) / "other.db")


# --------------------------------------------------------------------------------------------------- known numbers


def position(index: int, quantity: int, cost: int, realised: int = 0, fees: int = 0):
    return PositionChanged(instrument=index, quantity=quantity, cost=str(cost), realised=str(realised), fees=str(fees))


def balance(currency: str, amount: int):
    return BalanceChanged(currency=currency, delta=str(amount), balance=str(amount), reason="trade")


def equity_at_end(
    tmp_path: Path, instrument: Instrument, *events, usdt: str = "1000"
) -> dict[object, tuple[object, ...]]:
    folder = write_session(
        tmp_path / "20241121T103000Z-paper-aa", [defined(0, instrument), *events], ended_ns=START_NS + 5, usdt=usdt
    )
    follow(tmp_path / "store.db", folder)
    rows = table_of(tmp_path / "store.db", "equity")
    return {row["currency"]: (row["balance"], row["positions"], row["equity"], row["unrealised"]) for row in rows}


def test_a_bought_asset_counts_once_at_its_price(tmp_path):
    # 2 BTC bought at 100.00 with 0.001 BTC of it paid as the fee; they stand at 110.00 now.
    found = equity_at_end(
        tmp_path,
        spot(),
        effect(position(0, 2 * 10**8, 200 * MONEY_UNIT), index=0),
        effect(balance("BTC", 1_999 * MONEY_UNIT // 1000)),
        effect(balance("USDT", 800 * MONEY_UNIT)),
        quote(START_NS + 1, 109_00, 111_00),
    )

    assert found == {"BTC": ("1.999", "-2", "-0.001", "0"), "USDT": ("800", "220", "1020", "20")}


def test_a_contract_counts_by_its_open_profit(tmp_path):
    perpetual = spot("ETHUSDT", asset_class=AssetClass.PERPETUAL)
    found = equity_at_end(
        tmp_path,
        perpetual,
        effect(position(0, -3 * 10**8, -300 * MONEY_UNIT, realised=7 * MONEY_UNIT), index=0),
        effect(balance("USDT", 1007 * MONEY_UNIT)),
        trade(START_NS + 1, 90_00),
    )

    assert found == {"USDT": ("1007", "30", "1037", "30")}


def test_a_position_without_a_price_is_worth_what_it_cost(tmp_path):
    found = equity_at_end(tmp_path, spot(), effect(position(0, 10**8, 90 * MONEY_UNIT), index=0), usdt="10")
    assert found["USDT"] == ("10", "90", "100", "0")


def test_equity_is_sampled_as_each_minute_ends_and_at_the_end(tmp_path):
    events = [
        effect(balance("USDT", 5 * CENT), START_NS + 1),
        effect(balance("USDT", 7 * CENT), START_NS + MINUTE_NS - 1),
        effect(balance("USDT", 9 * CENT), START_NS + MINUTE_NS),
        effect(balance("USDT", 11 * CENT), START_NS + 3 * MINUTE_NS + 5),
    ]
    end_ns = START_NS + 3 * MINUTE_NS + 9
    folder = write_session(tmp_path / "20241121T103000Z-paper-aa", [defined(0, spot()), *events], ended_ns=end_ns)
    follow(tmp_path / "store.db", folder)

    assert [(row["time_ns"], row["equity"]) for row in table_of(tmp_path / "store.db", "equity")] == [
        (START_NS + MINUTE_NS, "0.07"),
        (START_NS + 2 * MINUTE_NS, "0.09"),
        (end_ns, "0.11"),
    ]


def test_an_average_price_is_rounded_for_the_eye_and_the_cost_is_exact(tmp_path):
    third = position(0, 3 * 10**8, 100 * MONEY_UNIT)
    folder = write_session(tmp_path / "20241121T103000Z-paper-aa", [defined(0, spot()), effect(third, index=0)])
    follow(tmp_path / "store.db", folder)

    (row,) = table_of(tmp_path / "store.db", "positions")
    assert (row["average_price"], row["cost"]) == ("33.333333", "100")


def intent(name: str = "a", **changes):
    fields = {"side": Side.BUY, "type": OrderType.LIMIT, "quantity": 10**8, "price": 50_00, "instrument": 0}
    return OrderIntent(client_order_id=name, strategy_id="s", **{**fields, **changes})


def update(state: OrderState, name: str = "a", **changes):
    fields = {
        "instrument": 0,
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "price": 50_00,
        "quantity": 10**8,
        "filled": 0,
        "previous": None,
        "venue_order_id": "",
        "reason": "",
    }
    return OrderUpdated(client_order_id=name, strategy_id="s", state=state, **{**fields, **changes})


def submit(wanted: OrderIntent):
    return ApprovedSubmit(intent=wanted, reference_price=1, limits_version=1)


def stored(tmp_path: Path, *events) -> Path:
    folder = write_session(tmp_path / "20241121T103000Z-paper-aa", [defined(0, spot()), *events])
    follow(tmp_path / "store.db", folder, batch=1, commit_s=0)
    assert digest_of(tmp_path / "store.db", folder.name) == rebuilt_digest(folder, tmp_path / "other.db")
    return tmp_path / "store.db"


def test_what_only_the_command_tells_of_an_order_stays_beside_what_its_updates_tell(tmp_path):
    stop = intent(terms=OrderTerms(trigger_price=49_00), time_in_force=TimeInForce.IOC)
    held = effect(update(OrderState.HELD, filled=5), START_NS)
    file = stored(tmp_path, held, effect(submit(stop), START_NS + 1), effect(update(OrderState.FILLED), START_NS + 2))
    before = stored(tmp_path / "cut", held, effect(submit(stop), START_NS + 1))

    (row,) = table_of(file, "orders")
    assert (row["state"], row["time_in_force"], row["created_ns"], row["updated_ns"]) == (
        "filled",
        "ioc",
        START_NS,
        START_NS + 2,
    )
    assert json.loads(str(row["terms"]))["trigger_price"] == 49_00
    (row,) = table_of(before, "orders")
    assert (row["state"], row["filled_units"], row["time_in_force"]) == ("held", 5, "ioc")


def test_orders_sent_as_one_list_are_orders(tmp_path):
    group = ApprovedGroup(group="g", contingency=Contingency.OCO, orders=(submit(intent("a")), submit(intent("b"))))
    file = stored(tmp_path, effect(group))
    assert [(row["client_order_id"], row["state"]) for row in table_of(file, "orders")] == [
        ("a", "submitted"),
        ("b", "submitted"),
    ]


def test_a_replacement_is_an_event_of_its_order(tmp_path):
    replace = ApprovedReplace(
        client_order_id="a",
        strategy_id="s",
        instrument=0,
        venue_order_id="v",
        revision=1,
        side=Side.BUY,
        type=OrderType.LIMIT,
        price=51_00,
        quantity=2 * 10**8,
        filled=10**7,
        reference_price=1,
        limits_version=1,
    )
    (row,) = table_of(stored(tmp_path, effect(replace)), "events")
    assert (row["what"], row["state"], row["price"], row["quantity"], row["filled"]) == (
        "replace",
        "replace-sent",
        "51",
        "2",
        "0.1",
    )


def test_what_a_venue_takes_back_takes_itself_out_of_every_sum(tmp_path):
    fields: dict[str, Any] = {"client_order_id": "a", "strategy_id": "s", "instrument": 0, "side": Side.BUY}
    fields |= {"exec_id": "x", "price": 50_00, "quantity": 10**8, "fee": str(CENT), "fee_currency": "USDT"}
    filled = OrderFilled(**fields, liquidity=None, realised="7")
    busted = OrderBusted(**fields, realised="-7")
    file = stored(tmp_path, effect(filled), effect(busted))

    assert [(row["what"], row["fee"], row["notional"]) for row in table_of(file, "fills")] == [
        ("fill", "0.01", "50"),
        ("bust", "-0.01", "-50"),
    ]
    assert rows_of(file, "SELECT sum(quantity_units), sum(realised) FROM fills") == [(0, 0.0)]


def test_a_session_begins_with_the_books_that_it_takes_over(tmp_path):
    before = OrderManager({"USDT": 900 * MONEY_UNIT, "BTC": MONEY_UNIT})
    before.define(4, spot())
    told: list[Any] = []
    for name in ("a", "b"):
        before.submit(submit(intent(name, instrument=4)), START_NS, told)
    report = OrderReport(type=ReportType.FILLED, client_order_id="a", exec_id="x", price=50_00, quantity=10**8)
    before.report(report, 4, START_NS, told)
    state = durable_state(before)
    carried = StateCarried(session="before", seq=9, state=state, digest=state_hash(state))

    file = stored(tmp_path, effect(carried, START_NS + 1))

    assert {row["currency"]: row["balance"] for row in table_of(file, "balances")} == {"USDT": "850", "BTC": "2"}
    (position_row,) = table_of(file, "positions")
    assert (position_row["quantity"], position_row["cost"], position_row["instrument"]) == (
        "1",
        "50",
        "BTCUSDT.BINANCE",
    )
    assert [(row["client_order_id"], row["state"]) for row in table_of(file, "orders")] == [("b", "submitted")]


def test_the_recorded_session_is_in_the_tables_as_the_journal_exports_it(tickerd, session, tmp_path):
    file = tmp_path / "store.db"
    follow(file, session)

    for kind, table in (("fills", "fills"), ("refusals", "refusals"), ("alerts", "alerts"), ("balances", "balance")):
        exported = tickerd("journal", "export", session, "--kind", kind).lines()
        name = {"balance": "balance_changes"}.get(table, table)
        kept = [row for row in table_of(file, name) if row["seq"]]
        shared = exported[0].keys() & kept[0].keys() if exported and kept else set()
        assert len(exported) == len(kept), kind
        for theirs, ours in zip(exported, kept, strict=True):
            assert {key: ours[key] for key in shared - {"instrument"}} == {
                key: theirs[key] for key in shared - {"instrument"}
            }
    orders = {row["client_order_id"]: row for row in table_of(file, "orders")}
    updates_told = tickerd("journal", "export", session, "--kind", "orders").lines()
    assert orders.keys() == {row["client_order_id"] for row in updates_told}
    last = {row["client_order_id"]: row for row in updates_told}
    assert {name: row["state"] for name, row in orders.items()} == {name: row["state"] for name, row in last.items()}
    assert {row["time_in_force"] for row in orders.values()} >= {"gtc"}, "what only the command tells is there too"
    ((state, reason),) = rows_of(file, "SELECT state, reason FROM sessions")
    assert (state, reason) == ("ended", "asked to")
