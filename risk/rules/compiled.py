"""A rule for one instrument as tuples of whole numbers: what it costs an order is a few comparisons.

Conditions on what an instrument is are decided when the rule is compiled; a bound that is finer than a figure's unit is
moved to the next whole one, so that `low <= figure <= high` says exactly what was written.
"""

from collections.abc import Sequence
from functools import cache, partial
from typing import NamedTuple

import msgspec

from core.decimals import plain, shifted
from core.instruments import Instrument
from core.money import MONEY_DECIMALS
from risk.facts import Why
from risk.rule_settings import Plain, Range, Rule, Target, Then, Way, Weekday, rule_code, to_scale, trimmed
from risk.rules.figures import (
    FIGURES,
    Get,
    Look,
    decimals_in,
    depth,
    face_of,
    is_one_of,
    minutes_after,
    unit_in,
)

INFINITE: int = 10**60
_NOT_ASKED, _UNKNOWN = -(10**70), -(10**71)  # no figure is so small
SHARE = 10**9
_SHARE_DECIMALS = 9
_DAYS = {day: number for number, day in enumerate(Weekday)}


class Bound(NamedTuple):
    """One condition on a figure, both ends included."""

    name: str
    get: Get
    low: int
    high: int


class Verdict(NamedTuple):
    """What a rule says of an order that it speaks of: to how much it is shrunk, 0 for a rejection, and why."""

    code: str
    rule: str
    quantity: int
    why: Why


class Compiled(NamedTuple):
    """One rule for one instrument."""

    rule: Rule
    code: str
    instrument: Instrument
    strategies: frozenset[str]  # empty: all
    bounds: tuple[Bound, ...]
    amount: int  # of the target: units, money or 10^-9

    def speak(self, look: Look, unknown: str) -> Verdict | None:
        """Return the verdict on an order that meets every condition that is known."""
        if unknown:
            return self._failed(f"{unknown} is not known now")
        if self.rule.then is Then.REJECT:
            limit, figure, facts = self._facts(look)
            return Verdict(self.code, self.rule.name, 0, Why(limit, figure, f"{self._named}{facts}"))
        quantity = self._target(look)
        if quantity is None:
            return self._failed("what it shrinks to is not known now")
        if quantity >= look.intent.quantity:
            return None
        quantity = quantity // self.instrument.lot * self.instrument.lot
        limit, figure = self.instrument.quantity_text(quantity), self.instrument.quantity_text(look.intent.quantity)
        left = f"shrinks {figure} to {limit} {self.instrument.base}" if quantity else "leaves nothing of the order"
        return Verdict(self.code, self.rule.name, quantity, Why(limit, figure, f"{self._named}, {left}"))

    @property
    def _named(self) -> str:
        return f"rule {self.rule.name}" + (f": {self.rule.message}" if self.rule.message else "")

    def _failed(self, what: str) -> Verdict:
        return failed(self.rule.name, what)

    def _facts(self, look: Look) -> tuple[str, str, str]:
        """Return the first bound that was written, its figure, and all figures in words."""
        told: list[tuple[str, str, str]] = []
        for name, get, _, _ in self.bounds:
            wanted = getattr(self.rule.when, name)
            if isinstance(wanted, Range):
                figure = get(look)
                assert figure is not None
                text = _text(figure, decimals_in(FIGURES[name], self.instrument))
                unit = unit_in(FIGURES[name], self.instrument)
                told.append((first_bound(wanted), text, f"{name} is {text} {unit}"))
        if not told:
            return "", "", ""
        return told[0][0], told[0][1], f" ({', '.join(each[2] for each in told)})"

    def _target(self, look: Look) -> int | None:
        """Return to how many units an order is shrunk, before lots; None where that cannot be known."""
        assert self.rule.to is not None
        match self.rule.to.kind:
            case "quantity":
                return self.amount
            case "notional":
                if self.instrument.inverse:
                    return self.amount // face_of(self.instrument)
                worth = look.valued_at * self.instrument.notional_factor
                return self.amount // worth if worth > 0 else None
            case "position_share":
                return abs(look.position) * self.amount // SHARE
        return depth(look) * self.amount // SHARE


def compiled(rules: Sequence[Rule], instrument: Instrument) -> tuple[Compiled, ...]:
    """Return the rules that may speak of an instrument's orders, in their order."""
    return tuple(_compile(rule, instrument) for rule in rules if _concerns(rule, instrument))


class Program:
    """The rules that may speak of one kind of orders, in a row; what several of them compare is taken once an order."""

    __slots__ = ("_gets", "_names", "_nothing", "_rules")

    def __init__(self, rules: Sequence[Compiled]) -> None:
        """Number the figures that the rules compare."""
        slots: dict[Get, int] = {}
        self._names: list[str] = []
        for rule in rules:
            for bound in rule.bounds:
                if bound.get not in slots:
                    slots[bound.get] = len(slots)
                    self._names.append(bound.name)
        self._gets = tuple(slots)
        self._nothing = [_NOT_ASKED] * len(slots)
        self._rules = tuple(
            (tuple((slots[each.get], each.low, each.high) for each in rule.bounds), rule) for rule in rules
        )

    def strictest(self, look: Look) -> Verdict | None:
        """Return the strictest verdict on an order, None where no rule speaks of it. This runs for every order."""
        strictest: Verdict | None = None
        gets, figures = self._gets, self._nothing[:]
        for bounds, rule in self._rules:
            unknown = ""
            for slot, low, high in bounds:
                figure: int | None = figures[slot]
                if figure == _NOT_ASKED:
                    figure = gets[slot](look)
                    figures[slot] = _UNKNOWN if figure is None else figure
                if figure is None or figure == _UNKNOWN:
                    unknown = unknown or self._names[slot]
                elif not low <= figure <= high:
                    break
            else:
                verdict = rule.speak(look, unknown)
                if verdict is not None and (strictest is None or verdict.quantity < strictest.quantity):
                    strictest = verdict
                    if not verdict.quantity:
                        return verdict
        return strictest


def failed(rule: str, what: str) -> Verdict:
    """Return the refusal of an order that a rule could not be asked about: fail closed."""
    return Verdict("RULE_FAILED", rule, 0, Why("", "", f"rule {rule} could not be asked: {what}"))


def _concerns(rule: Rule, instrument: Instrument) -> bool:
    """Whether the conditions on what an instrument is hold."""
    when = rule.when
    own = {
        "instrument": instrument.id,
        "venue": instrument.venue,
        "asset_class": instrument.asset_class.value,
        "base": instrument.base,
        "quote": instrument.quote,
    }
    return all(not when.names(name) or value in when.names(name) for name, value in own.items())


def _compile(rule: Rule, instrument: Instrument) -> Compiled:
    """Return a rule as numbers in an instrument's units."""
    when = rule.when
    return Compiled(
        rule=rule,
        code=rule_code(rule.name),
        instrument=instrument,
        strategies=frozenset(when.names("strategy")),
        bounds=(*_choices(rule), *_ranges(rule, instrument)),
        amount=0 if rule.to is None else _amount(rule.to, instrument),
    )


def _choices(rule: Rule) -> list[Bound]:
    """Return the conditions that are no figures, as numbers all the same."""
    when, bounds = rule.when, []
    if when.side is not None:
        bounds.append(_exactly("side", _side, 1 if when.side is Way.BUY else -1))
    if when.type is not None:
        bounds.append(_exactly("type", _is_market, int(when.type is Plain.MARKET)))
    if when.post_only is not None:
        bounds.append(_exactly("post_only", _post_only, int(when.post_only)))
    if when.reduce_only is not None:
        bounds.append(_exactly("reduce_only", _reduce_only, int(when.reduce_only)))
    if when.weekday is not None:
        days = frozenset(_DAYS[Weekday(day)] for day in when.names("weekday"))
        bounds.append(_exactly("weekday", _days_of(days), 1))
    if when.time is not None:
        first, length = when.time.minutes
        bounds.append(Bound("time", _after(first), 0, length - 1))
    return bounds


def _ranges(rule: Rule, instrument: Instrument) -> list[Bound]:
    """Return the conditions on figures."""
    bounds = []
    for name, figure in FIGURES.items():
        wanted = getattr(rule.when, name)
        if wanted is not None:
            low, high = limits_of(wanted, decimals_in(figure, instrument))
            bounds.append(Bound(name, figure.get, low, high))
    return bounds


def limits_of(wanted: Range, decimals: int) -> tuple[int, int]:
    """Return the smallest and the greatest whole number of 10^-decimals that lie in a range."""
    low, high = -INFINITE, INFINITE
    if wanted.above is not None:
        low = to_scale(wanted.above, decimals) + 1
    if wanted.at_least is not None:
        low = to_scale(wanted.at_least, decimals, up=True)
    if wanted.below is not None:
        high = to_scale(wanted.below, decimals, up=True) - 1
    if wanted.at_most is not None:
        high = to_scale(wanted.at_most, decimals)
    return low, high


def first_bound(wanted: Range) -> str:
    """Return the first bound of a range as it was written."""
    return trimmed(plain(next(each for each in msgspec.structs.astuple(wanted) if each is not None)))


def _amount(target: Target, instrument: Instrument) -> int:
    """Return the amount of a target in its unit, cut down."""
    decimals = {"quantity": instrument.size_precision, "notional": MONEY_DECIMALS}.get(target.kind, _SHARE_DECIMALS)
    return to_scale(getattr(target, target.kind), decimals)


@cache
def _days_of(days: frozenset[int]) -> Get:
    """Return whether it is one of these days: the same function for the same days."""
    return partial(is_one_of, days)


@cache
def _after(minute: int) -> Get:
    """Return how long ago a minute of the day was: the same function for the same minute."""
    return partial(minutes_after, minute)


def _exactly(name: str, get: Get, value: int) -> Bound:
    return Bound(name, get, value, value)


def _side(look: Look) -> int | None:
    return look.side


def _is_market(look: Look) -> int | None:
    return int(look.intent.type.value == "market")


def _post_only(look: Look) -> int | None:
    return int(look.intent.post_only)


def _reduce_only(look: Look) -> int | None:
    return int(look.intent.reduce_only)


def _text(figure: int, decimals: int) -> str:
    """Return a figure in decimals."""
    return shifted(str(figure), decimals) if decimals else str(figure)
