"""What types cannot say of `[risk]`: names that nothing else has, ladders that do not rise."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from config.errors import ConfigError, UnknownName, WrongValue, did_you_mean
from config.explain import mistake
from config.origin import Origin, Path
from config.settings import Settings
from core.decimals import plain
from risk.breaker_settings import EVERY, KINDS, STEPS, CountRow, Row, VolatilityRow


def check_instrument(name: str, settings: Settings, origin: Origin, path: Path) -> Iterator[ConfigError]:
    """Yield the refusal of an instrument that is not among the venues' instruments."""
    if name not in settings.instruments:
        hint = did_you_mean(name, settings.instruments)
        expected = "an instrument of [venues]"
        yield mistake(UnknownName, origin, path, expected=expected, found=name, hint=hint)


def check_controls(settings: Settings, origin: Origin) -> Iterator[ConfigError]:
    """Yield the names under `[risk.controls]` that nothing else has: a limit on what is not there limits nothing."""
    controls = settings.risk.controls
    if controls is None:
        return
    top: Path = ("risk", "controls")
    named = {"venue": [name.upper() for name in settings.venues], "strategy": [each.id for each in settings.strategies]}
    for scope, limits in controls.limits.items():
        kind, _, name = scope.partition(":")
        if kind == "symbol":
            yield from check_instrument(name, settings, origin, (*top, "limits", scope))
        elif kind in named and name not in named[kind]:
            hint = did_you_mean(name, named[kind])
            expected = f"a {kind} of this configuration"
            yield mistake(UnknownName, origin, (*top, "limits", scope), expected=expected, found=name, hint=hint)
        for number, instrument in enumerate(limits.instruments):
            yield from check_instrument(instrument, settings, origin, (*top, "limits", scope, "instruments", number))
    for account, venues in controls.accounts.items():
        for number, venue in enumerate(venues):
            if venue not in named["venue"]:
                path = (*top, "accounts", account, number)
                hint = did_you_mean(venue, named["venue"])
                yield mistake(UnknownName, origin, path, expected="a venue of [venues]", found=venue, hint=hint)
    for group, instruments in controls.groups.items():
        for number, name in enumerate(instruments):
            yield from check_instrument(name, settings, origin, (*top, "groups", group, number))
    for name in controls.locates:
        yield from check_instrument(name, settings, origin, (*top, "locates", name))


def check_breakers(settings: Settings, origin: Origin) -> Iterator[ConfigError]:
    """Yield the scopes of `[risk.breakers]` that nothing has: a breaker on what is not there never trips."""
    breakers = settings.risk.breakers
    if breakers is None:
        return
    named = {"venue": [name.upper() for name in settings.venues], "strategy": [each.id for each in settings.strategies]}
    for kind in KINDS:
        for number, row in enumerate(breakers.rows(kind)):
            yield from _check_ladder(row, origin, ("risk", "breakers", kind, number))
            path: Path = ("risk", "breakers", kind, number, "scope")
            of, _, name = row.scope.partition(":")
            if name == EVERY:
                continue
            if of == "symbol":
                yield from check_instrument(name, settings, origin, path)
            elif of in named and name not in named[of]:
                hint = did_you_mean(name, named[of])
                yield mistake(
                    UnknownName, origin, path, expected=f"a {of} of this configuration", found=name, hint=hint
                )


def _check_ladder(row: Row, origin: Origin, path: Path) -> Iterator[ConfigError]:
    """Yield a breaker that does nothing, a step that comes before a milder one, and windows that do not fit."""
    rungs = row.rungs()
    if not rungs and not isinstance(row, CountRow):
        keys = [f"{step}{row.ending()}" for step in STEPS]
        expected = f"at least one of {', '.join(keys)}"
        yield mistake(WrongValue, origin, (*path, keys[0]), expected=expected, found="none")
    for (_, before), (key, value) in pairwise(rungs):
        one, other = Decimal(plain(before)), Decimal(plain(value))
        if other > one if row.ending() == "_below" else other < one:
            expected = f"a step that is no milder than the one before it, {before}"
            yield mistake(WrongValue, origin, (*path, key), expected=expected, found=value)
    if isinstance(row, VolatilityRow) and row.short_s >= row.long_s:
        yield mistake(
            WrongValue, origin, (*path, "short_s"), expected=f"less than long_s, {row.long_s}", found=row.short_s
        )
