"""The instruments of what a session takes over, beside those that settings and venues define now.

Checked before anything is fed to the engine, so that a start that cannot be leaves the account as it was. An instrument
that the settings name no more is defined as it was, not tradable: its orders are reconciled and cancelled, its position
is shown. One that a venue counts in other decimals now keeps the finest units that it was ever traded in: a tick of
0.1 where it was 0.01 is a tick of ten units, and where it became 0.001 the state is converted, exactly.
"""

from collections.abc import Sequence

import msgspec
import structlog

from config.settings import Settings
from core.events import StateCarried
from core.instruments import Instrument
from daemon.errors import StartFailed
from oms.errors import OmsError
from oms.memories import memories_in
from oms.rescale import in_finer_units, in_units
from oms.state import SavedState, saved_instruments, saved_state, state_hash

log = structlog.get_logger("tickerd")


class Fitting:
    """Fits definitions and carried state to each other; without a state to carry there is nothing to fit."""

    def __init__(self, settings: Settings, carried: StateCarried | None) -> None:
        """Read what is carried. Raises StartFailed where this build cannot read it."""
        self._settings = settings
        self._carried = carried
        self._saved: SavedState | None = None
        self._known: dict[str, Instrument] = {}
        self._units: dict[str, tuple[int, int]] = {}
        if carried is None:
            return
        try:
            self._saved = saved_state(carried.state)
        except OmsError as error:
            raise StartFailed(f"the state of {carried.session} cannot be taken over: {error}") from error
        self._known = {each.id: each for each in saved_instruments(self._saved)}

    def fit(self, defined: Instrument) -> Instrument:
        """Return the rules of an instrument in the units that it will be traded in. Raises StartFailed."""
        known = self._known.get(defined.id)
        if known is None:
            return defined
        for name in ("multiplier", "inverse", "base", "quote", "currency", "asset_class"):
            was, now = getattr(known, name), getattr(defined, name)
            if was != now:
                raise StartFailed(
                    f"{defined.id} has orders or positions from before with {name} {was}, and the venue says {now} "
                    "now: it is another instrument by the same name; take it out of `instruments` and reconcile what "
                    "is left of the old one by hand"
                )
        prices = max(known.price_precision, defined.price_precision)
        sizes = max(known.size_precision, defined.size_precision)
        self._units[defined.id] = (prices, sizes)
        try:
            fitted = in_units(defined, prices, sizes)
        except OmsError as error:
            raise StartFailed(f"the venue changed how it counts, and the old figures do not fit: {error}") from error
        if (known.price_precision, known.size_precision) != (defined.price_precision, defined.size_precision):
            log.warning(
                "the venue changed its decimals",
                instrument=defined.id,
                before=f"{known.price_precision}/{known.size_precision}",
                now=f"{defined.price_precision}/{defined.size_precision}",
                kept=f"{prices}/{sizes}",
            )
        return fitted

    def left_out(self, defined: Sequence[Instrument]) -> list[Instrument]:
        """Return what is carried and not configured any more, as it was, not to be traded. Raises StartFailed."""
        if self._saved is None:
            return []
        configured = {each.id for each in defined}
        working = {order.intent.instrument for order in self._saved.open_orders}
        found = []
        for saved in self._saved.instruments:
            known = self._known[saved.instrument.id]
            if known.id in configured:
                continue
            if saved.index in working and not self._takes_orders(known.venue):
                raise StartFailed(
                    f"orders of ours may still work in {known.id}, and the settings have no [venues."
                    f"{known.venue.lower()}.trading] any more: put it back until they have ended"
                )
            log.warning("carried on, and not traded: the settings do not name it", instrument=known.id)
            found.append(msgspec.structs.replace(known, tradable=False, native=()))
        return found

    def state(self) -> StateCarried | None:
        """Return the state to take over in the units of all that `fit` was asked of. Raises StartFailed."""
        carried = self._carried
        if carried is None:
            return None
        finer = {
            name for name, units in self._units.items()
            if units != (self._known[name].price_precision, self._known[name].size_precision)
        }  # fmt: skip
        if not finer:
            return carried
        self._refuse_memories(finer)
        try:
            state = in_finer_units(carried.state, self._units)
        except OmsError as error:
            raise StartFailed(str(error)) from error
        return msgspec.structs.replace(carried, state=state, digest=state_hash(state))

    def _refuse_memories(self, finer: set[str]) -> None:
        """Refuse what only a strategy can read, and may have counted in the old units. Raises StartFailed."""
        assert self._saved is not None
        owners = {name.partition("#")[0] for name in memories_in(self._saved.sections)}
        for chosen in self._settings.strategies:
            if chosen.id in owners and (changed := finer.intersection(chosen.instruments)):
                raise StartFailed(
                    f"strategy {chosen.id} remembers what it did in {', '.join(sorted(changed))}, in units that the "
                    "venue has made finer since: give it another id in the settings, then it begins without memory"
                )

    def _takes_orders(self, venue: str) -> bool:
        """Whether the settings say how orders reach a venue."""
        found = self._settings.venues.get(venue.lower())
        return found is not None and found.trading is not None
