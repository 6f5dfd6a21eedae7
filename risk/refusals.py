"""How the gate says no: each way in which an order may fail, as a refusal with the limit, the figure and the reason."""

from core.instruments import Instrument
from core.market import Market, touch_of
from core.orders import OrderIntent, OrderType, Refusal
from oms.freezes import Freezes
from oms.moves import Exposure
from oms.order import Order
from risk.account_checks import hedge_side
from risk.checks import CHECKS
from risk.controls.control import Controls
from risk.facts import Facts, Touch, Why
from risk.figures import collar_ceiling, reference_twice_of
from risk.known import Known
from risk.rate import Rates
from risk.records import Asked
from risk.rules.compiled import Verdict
from risk.rules.rulebook import Rulebook

_MARKET = OrderType.MARKET


class Refusals:
    """What the gate looks at to say no; the base of `risk.gate.Gate`."""

    __slots__ = ("_asked", "_closes", "_rates", "controls", "freezes", "limits_version", "rulebook")

    _asked: Asked
    _closes: bool
    """Whether the order that is asked for is known to do no more than close."""
    _rates: Rates
    controls: Controls | None
    """Limits at every level, where `[risk.controls]` asks for any; see `Gate.watch`."""
    freezes: Freezes
    """What is held back whatever the limits say."""
    limits_version: int
    rulebook: Rulebook
    """Users' own rules, asked once all else lets an order pass."""

    def _beyond(
        self,
        intent: OrderIntent,
        known: Known,
        market: Market,
        touch: Touch,
        replaced: Order | None,
        filled: int,
        now_ns: int,
    ) -> Refusal | None:
        """Return the refusal of an order beyond a limit of its scopes, None where it passes."""
        assert self.controls is not None
        valued_at = _valued_at(intent, known, touch)
        found = self.controls.breach(intent, known.instrument, market, touch, valued_at, replaced, filled, now_ns)
        return None if found is None else self._refusal(*found, intent)

    def _judged(
        self, intent: OrderIntent, known: Known, market: Market, beside: Exposure, open_orders: int, now_ns: int
    ) -> Verdict | None:
        """Return what users' rules say of an order that passes all else; None where they let it pass as it is."""
        if self.rulebook.empty:
            return None
        valued_at = _valued_at(intent, known, touch_of(market))
        return self.rulebook.judge(
            intent, known, market, valued_at, beside, open_orders, self.controls, self._closes, now_ns
        )

    def _ruled_out(self, verdict: Verdict, intent: OrderIntent, less: Refusal | None = None) -> Refusal:
        """Return the refusal by a rule; `less`: that of the smaller order, or None where nothing smaller may be."""
        self.rulebook.count(verdict, refused=True)
        limit, figure, message = verdict.why
        if less is not None:
            limit, figure, message = less.limit, less.figure, f"{message}, which is refused: {less.message}"
        elif verdict.quantity:
            message = f"{message}: no such order can take the place of what was asked for, so it is refused"
        return self._refusal(verdict.code, Why(limit, figure, message), intent)

    def _refuse(
        self,
        number: int,
        intent: OrderIntent,
        known: Known,
        market: Market,
        now_ns: int,
        beside: Exposure | None = None,
    ) -> Refusal:
        """Return the refusal that a broken check makes; `beside`: what is open beside the order that is replaced."""
        code, explain = CHECKS[number]
        why = explain(
            Facts(
                intent=intent,
                order=self._asked,
                instrument=known.instrument,
                limits=known.limits,
                market=market,
                exposure=known.exposure if beside is None else beside,
                open_orders=known.totals.open_orders - (beside is not None),
                position=known.position.quantity,
                rates=self._rates,
                now_ns=now_ns,
            )
        )
        return self._refusal(code, why, intent)

    def _refusal(self, code: str, why: Why, intent: OrderIntent) -> Refusal:
        """Return a refusal as it is told."""
        limit, figure, message = why
        return Refusal(
            code=code,
            limit=limit,
            figure=figure,
            message=message,
            intent=intent,
            limits_version=self.limits_version,
        )

    def _held_back(self, intent: OrderIntent, instrument: Instrument, now_ns: int) -> Refusal | None:
        """Return the refusal of an order that reconciliation or a latch holds back, None where it may pass."""
        reduces = intent.reduce_only or hedge_side(intent) == -intent.side
        breach = self.freezes.breach(intent.instrument, instrument, intent.strategy_id, reduces=reduces, now_ns=now_ns)
        if breach is None:
            return None
        code, message = breach
        return Refusal(
            code=code, limit="", figure="", message=message, intent=intent, limits_version=self.limits_version
        )

    def _refuse_unknown(self, intent: OrderIntent) -> Refusal:
        """Return the refusal of an order for an instrument that was never defined."""
        index = intent.instrument
        return Refusal(
            code="UNKNOWN_INSTRUMENT",
            limit="",
            figure=str(index),
            message=f"instrument {index} is not defined: name it in the venue's `instruments` and wait for its rules",
            intent=intent,
            limits_version=self.limits_version,
        )


def _valued_at(intent: OrderIntent, known: Known, touch: Touch) -> int:
    """Return the price that an order is valued at."""
    if intent.type is not _MARKET:
        return max(intent.price, touch[0]) if intent.side < 0 else intent.price
    return collar_ceiling(reference_twice_of(touch[0], touch[2]), known.limits.max_deviation)
