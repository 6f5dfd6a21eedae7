"""Evidence: which of the venue's endpoints are asked for a subject, page by page, and what their answers come to.

An answer that does not come, or does not read, is a failure, never an absence. An order is absent only when every
endpoint that could know it said so.
"""

from collections.abc import Callable, Mapping

import msgspec

from connectors.binance.settings import Market
from connectors.binance.trading import account
from connectors.binance.trading.account import Place
from connectors.binance.trading.codes import Meaning
from connectors.binance.trading.moves import moves
from connectors.binance.trading.names import Names, is_another, stem_of
from connectors.binance.trading.news import autoclose_of, own_exec_id
from connectors.binance.trading.orders import ALGO, CANCELLED_SUFFIX
from connectors.binance.trading.parse import MALFORMED
from connectors.binance.trading.replies import Asking, Question, Reply
from connectors.binance.trading.requests import Rare, Target
from connectors.binance.trading.settings import TradingSettings
from core.evidence import EvidenceGiven, EvidenceWanted, Subject, VenueFill, VenueOrder
from core.instruments import Instrument

_NS_PER_MS = 1_000_000
_DAY_MS = 86_400_000
_PAGE = 1000
_PAGES_MAX = 20
_LOOK_UPS_MAX = 50
_NOT_OFFERED = 404
_AHEAD_MS = 60_000  # the venue's clock may be ahead of ours

_SPOT_ORDER = Target("", "GET", "/api/v3/order", 4)
_SPOT_OPEN = Target("", "GET", "/api/v3/openOrders", 80)
_SPOT_OPEN_ONE = Target("", "GET", "/api/v3/openOrders", 6)
_SPOT_TRADES = Target("", "GET", "/api/v3/myTrades", 20)
_SPOT_ACCOUNT = Target("", "GET", "/api/v3/account", 20)
_USDM_ORDER = Target("", "GET", "/fapi/v1/order", 1)
_USDM_OPEN = Target("", "GET", "/fapi/v1/openOrders", 40)
_USDM_OPEN_ONE = Target("", "GET", "/fapi/v1/openOrders", 1)
_USDM_TRADES = Target("", "GET", "/fapi/v1/userTrades", 5)
_USDM_BALANCE = Target("", "GET", "/fapi/v3/balance", 5)
_USDM_POSITIONS = Target("", "GET", "/fapi/v3/positionRisk", 5)
_ALGO_ORDER = Target("", "GET", "/fapi/v1/algoOrder", 1)
_ALGO_OPEN = Target("", "GET", "/fapi/v1/openAlgoOrders", 40)
_ACCOUNT_CONFIG = Target("", "GET", "/fapi/v1/accountConfig", 5)
KEY_RIGHTS = Target("", "GET", "/sapi/v1/account/apiRestrictions", 1)

# "The time between startTime and endTime can't be longer than 24 hours" on spot, 7 days on USDⓈ-M.
_TRADES_WINDOW_MS = {Market.SPOT: _DAY_MS, Market.USDM: 7 * _DAY_MS}


class _NoAnswerError(Exception):
    """A question was not answered; the words say why."""


class Inquirer:
    """Asks for the evidence of one account."""

    def __init__(self, settings: TradingSettings, instruments: Mapping[int, Instrument], names: Names) -> None:
        """Ask about these instruments, by index; `names` knows what the session's orders are called."""
        self._settings = settings
        self._names = names
        self._market = settings.market
        self._instruments = instruments
        self._place = Place({rules.symbol: index for index, rules in instruments.items()}, instruments)

    def ask(self, wanted: EvidenceWanted, now_ns: int) -> Asking[EvidenceGiven]:
        """Ask for what is wanted. The answer is always given, a failure included."""
        courses: dict[Subject, Callable[[EvidenceWanted, int], Asking[EvidenceGiven]]] = {
            Subject.OPEN_ORDERS: self._open_orders,
            Subject.ORDER: self._order,
            Subject.FILLS: self._fills,
            Subject.BALANCES: self._balances,
            Subject.POSITIONS: self._positions,
            Subject.ACCOUNT: self._account,
            Subject.MOVES: self._moves,
        }
        given = EvidenceGiven(number=wanted.number, venue=wanted.venue, subject=wanted.subject, asked_ns=now_ns)
        if wanted.subject in {Subject.ORDER, Subject.FILLS} and wanted.instrument not in self._instruments:
            why = f"instrument {wanted.instrument} is not assigned to this connector"
            return msgspec.structs.replace(given, complete=False, failure=why)
        try:
            found = yield from courses[wanted.subject](wanted, now_ns)
        except _NoAnswerError as error:
            return msgspec.structs.replace(given, complete=False, failure=str(error))
        except MALFORMED as error:
            why = f"an answer does not read as documented: {str(error)[:200]}"
            return msgspec.structs.replace(given, complete=False, failure=why)
        return msgspec.structs.replace(
            given,
            complete=found.complete,
            absent=found.absent,
            orders=found.orders,
            fills=found.fills,
            balances=found.balances,
            positions=found.positions,
            account=found.account,
            moves=found.moves,
        )

    def _get(self, target: Target, params: dict[str, str], base: str = "") -> Asking[Reply]:
        """Ask one endpoint; what is absent is an answer, every other error is none."""
        reply = yield Question(Rare(target, params, self._settings.recv_window_ms), base)
        if not reply.ok and reply.verdict.meaning is not Meaning.ABSENT:
            raise _NoAnswerError(f"{target.path}: {reply.reason}")
        return reply

    def _found(self, wanted: EvidenceWanted, now_ns: int) -> EvidenceGiven:
        return EvidenceGiven(number=wanted.number, venue=wanted.venue, subject=wanted.subject, asked_ns=now_ns)

    def _open_orders(self, wanted: EvidenceWanted, now_ns: int) -> Asking[EvidenceGiven]:
        """Ask for every working order of the account; conditional ones of USDⓈ-M have an endpoint of their own."""
        is_spot = self._market is Market.SPOT
        reply = yield from self._get(_SPOT_OPEN if is_spot else _USDM_OPEN, {})
        orders = [self._as_told(order) for order in account.orders(reply.body, self._place)]
        if not is_spot:
            reply = yield from self._get(_ALGO_OPEN, {})
            waiting = account.algo_orders(reply.body, self._place)
            for order in waiting:
                self._names.note_conditional(order.client_order_id, order.instrument, order.venue_order_id, "")
            orders += waiting
        return msgspec.structs.replace(self._found(wanted, now_ns), orders=tuple(orders))

    def _order(self, wanted: EvidenceWanted, now_ns: int) -> Asking[EvidenceGiven]:
        """Ask every endpoint that may know an order, and for its trades."""
        found = self._found(wanted, now_ns)
        symbol = self._instruments[wanted.instrument].symbol
        order = yield from self._look_up(symbol, wanted)
        if order is None:
            order = yield from self._look_among_open(symbol, wanted)
        if order is None:
            if not wanted.venue_order_id or wanted.venue_order_id.startswith(ALGO):
                return msgspec.structs.replace(found, absent=True)
            fills = yield from self._fills_of(symbol, wanted.venue_order_id, wanted.client_order_id)
            return msgspec.structs.replace(found, absent=not fills, fills=tuple(fills))
        fills = []
        if order.filled and not order.venue_order_id.startswith(ALGO):
            fills = yield from self._fills_of(symbol, order.venue_order_id, order.client_order_id)
        number = wanted.venue_order_id or self._names.number_told(order.client_order_id, order.venue_order_id)
        told = msgspec.structs.replace(order, venue_order_id=number)
        named = tuple(msgspec.structs.replace(fill, venue_order_id=number) for fill in fills)
        return msgspec.structs.replace(found, orders=(told,), fills=named)

    def _look_up(self, symbol: str, wanted: EvidenceWanted) -> Asking[VenueOrder | None]:
        """Ask for an order by number and by every name that it may have."""
        is_spot = self._market is Market.SPOT
        target = _SPOT_ORDER if is_spot else _USDM_ORDER
        name, number = wanted.client_order_id, wanted.venue_order_id
        ways: list[dict[str, str]] = []
        if number and not number.startswith(ALGO):
            ways.append({"orderId": number})
        if name:
            ways.append({"origClientOrderId": name})
            if is_spot:
                ways.append({"origClientOrderId": name + CANCELLED_SUFFIX})
        for way in ways:
            reply = yield from self._get(target, {"symbol": symbol} | way)
            if reply.ok:
                order = account.order(reply.body, self._place)
                if name and is_another(order.client_order_id, name):
                    continue
                return msgspec.structs.replace(order, client_order_id=name) if name else order
        if is_spot:
            return None
        way = {"algoId": number.removeprefix(ALGO)} if number.startswith(ALGO) else {"clientAlgoId": name}
        reply = yield from self._get(_ALGO_ORDER, way)
        if not reply.ok:
            return None
        algo, working_id = account.algo_order(reply.body, self._place)
        if not working_id:
            return algo
        reply = yield from self._get(_USDM_ORDER, {"symbol": symbol, "orderId": working_id})
        if not reply.ok:
            return algo
        order = account.order(reply.body, self._place)
        return algo if is_another(order.client_order_id, name) else msgspec.structs.replace(order, client_order_id=name)

    def _as_told(self, order: VenueOrder) -> VenueOrder:
        """Return an order under the number by which reports call it."""
        number = self._names.number_told(order.client_order_id, order.venue_order_id)
        return msgspec.structs.replace(order, venue_order_id=number)

    def _named(self, fills: list[VenueFill]) -> Asking[list[VenueFill]]:
        """Return executions with the names of their orders, as far as they are known or, on USDⓈ-M, can be asked for.

        There a conditional order trades under a number that nobody was told before it was triggered.
        """
        names: dict[str, str] = {}
        for fill in fills:
            number = fill.venue_order_id
            if number in names:
                continue
            names[number] = self._names.name_of_number(number)
            if not names[number] and self._market is Market.USDM and len(names) <= _LOOK_UPS_MAX:
                names[number] = yield from self._look_up_name(fill)
        return [self._under(fill, names[fill.venue_order_id]) for fill in fills]

    def _look_up_name(self, fill: VenueFill) -> Asking[str]:
        """Ask for the name of an execution's order, and, where that is ours, by which number reports call it.

        One of an earlier session may have been conditional, and been triggered while nobody listened.
        """
        symbol, number = self._instruments[fill.instrument].symbol, fill.venue_order_id
        reply = yield from self._get(_USDM_ORDER, {"symbol": symbol, "orderId": number})
        name = account.order(reply.body, self._place).client_order_id if reply.ok else ""
        if not stem_of(name):
            return name
        if self._names.find(name) is None:
            reply = yield from self._get(_ALGO_ORDER, {"clientAlgoId": name})
            algo, working_id = account.algo_order(reply.body, self._place) if reply.ok else (None, "")
            if algo is not None and working_id == number:
                self._names.note_conditional(name, fill.instrument, algo.venue_order_id, working_id)
        self._names.seen(name, fill.instrument, number)
        return name

    def _under(self, fill: VenueFill, name: str) -> VenueFill:
        """Return an execution under its order's name and number, as it is where no name is known."""
        if not name:
            return fill
        number = self._names.number_told(name, fill.venue_order_id)
        fill = msgspec.structs.replace(fill, client_order_id=name, venue_order_id=number, own=autoclose_of(name))
        if fill.own:
            exec_id = own_exec_id(self._instruments[fill.instrument].symbol, fill.exec_id)
            return msgspec.structs.replace(fill, exec_id=exec_id)
        return fill

    def _look_among_open(self, symbol: str, wanted: EvidenceWanted) -> Asking[VenueOrder | None]:
        """Look through the symbol's working orders: a query may lag behind, and the two need not lag alike."""
        target = _SPOT_OPEN_ONE if self._market is Market.SPOT else _USDM_OPEN_ONE
        reply = yield from self._get(target, {"symbol": symbol})
        for order in account.orders(reply.body, self._place):
            if order.client_order_id == wanted.client_order_id or order.venue_order_id == wanted.venue_order_id:
                return order
        return None

    def _fills_of(self, symbol: str, order_id: str, name: str) -> Asking[list[VenueFill]]:
        """Ask for an order's trades."""
        target = _SPOT_TRADES if self._market is Market.SPOT else _USDM_TRADES
        params = {"symbol": symbol, "orderId": order_id, "limit": str(_PAGE)}
        reply = yield from self._get(target, params)
        fills = account.fills(reply.body, self._place) if reply.ok else []
        return [msgspec.structs.replace(fill, client_order_id=name) for fill in fills]

    def _fills(self, wanted: EvidenceWanted, now_ns: int) -> Asking[EvidenceGiven]:
        """Ask for every execution since a time: by time until there is one, then by id, so that none is between."""
        found = self._found(wanted, now_ns)
        symbol = self._instruments[wanted.instrument].symbol
        target = _SPOT_TRADES if self._market is Market.SPOT else _USDM_TRADES
        window_ms, now_ms = _TRADES_WINDOW_MS[self._market], now_ns // _NS_PER_MS
        since_ms = wanted.since_ns // _NS_PER_MS
        fills: list[VenueFill] = []
        way = _from_time(since_ms, window_ms) if since_ms else {"fromId": "0"}
        for _ in range(_PAGES_MAX):
            reply = yield from self._get(target, {"symbol": symbol, "limit": str(_PAGE)} | way)
            page = account.fills(reply.body, self._place)
            fills += page
            if page:
                if "fromId" in way and len(page) < _PAGE:
                    break
                way = {"fromId": str(max(int(fill.exec_id) for fill in page) + 1)}
            elif "fromId" in way or since_ms + window_ms > now_ms:
                break
            else:
                since_ms += window_ms
                way = _from_time(since_ms, window_ms)
        else:
            found = msgspec.structs.replace(found, complete=False)
        named = yield from self._named(fills)
        return msgspec.structs.replace(found, fills=tuple(named))

    def _balances(self, wanted: EvidenceWanted, now_ns: int) -> Asking[EvidenceGiven]:
        """Ask what the account owns."""
        if self._market is Market.SPOT:
            reply = yield from self._get(_SPOT_ACCOUNT, {"omitZeroBalances": "true"})
            balances = account.spot_balances(reply.body)
        else:
            reply = yield from self._get(_USDM_BALANCE, {})
            balances = account.usdm_balances(reply.body)
        return msgspec.structs.replace(self._found(wanted, now_ns), balances=balances)

    def _positions(self, wanted: EvidenceWanted, now_ns: int) -> Asking[EvidenceGiven]:
        """Ask for open positions; spot has none."""
        found = self._found(wanted, now_ns)
        if self._market is Market.SPOT:
            return found
        reply = yield from self._get(_USDM_POSITIONS, {})
        return msgspec.structs.replace(found, positions=account.positions(reply.body, self._place))

    def _moves(self, wanted: EvidenceWanted, now_ns: int) -> Asking[EvidenceGiven]:
        """Ask for money that moved without an order since a time."""
        since_ms, until_ms = wanted.since_ns // _NS_PER_MS, now_ns // _NS_PER_MS + _AHEAD_MS
        course = moves(self._market, self._get_offered, self._place.indexes, since_ms, until_ms)
        found, complete = yield from course
        return msgspec.structs.replace(self._found(wanted, now_ns), moves=tuple(found), complete=complete)

    def _get_offered(self, target: Target, params: dict[str, str]) -> Asking[Reply]:
        """Ask an endpoint that test networks do not have: spot's wallet, at the address of the key's rights."""
        base = self._settings.key_check_base if self._market is Market.SPOT else ""
        reply = yield Question(Rare(target, params, self._settings.recv_window_ms), base)
        if not reply.ok and reply.status != _NOT_OFFERED:
            raise _NoAnswerError(f"{target.path}: {reply.reason}")
        return reply

    def _account(self, wanted: EvidenceWanted, now_ns: int) -> Asking[EvidenceGiven]:
        """Ask what account and key may do."""
        key = yield from self._get(KEY_RIGHTS, {}, self._settings.key_check_base)
        is_spot = self._market is Market.SPOT
        reply = yield from self._get(_SPOT_ACCOUNT if is_spot else _ACCOUNT_CONFIG, {})
        facts = account.facts(reply.body, key.body, self._market)
        return msgspec.structs.replace(self._found(wanted, now_ns), account=facts)


def _from_time(since_ms: int, window_ms: int) -> dict[str, str]:
    """Return the parameters that ask for one window of time."""
    return {"startTime": str(since_ms), "endTime": str(since_ms + window_ms)}
