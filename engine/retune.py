"""A strategy gets other parameters while the daemon runs: it is paused, built anew, and resumed by a person.

Its orders are cancelled, as `pause` does; what it remembers, its positions and its random numbers stay. Parameters that
are not named stay as they are. Live they outlive a restart, until the settings say something else; on paper the next
session takes those of its settings again.
"""

from collections.abc import Mapping

import msgspec

from core.effects import Alert, Severity, StrategyState
from core.events import CommandReceived
from core.roster import LEAVING
from engine.desk import Desk
from engine.roster import Roster
from engine.spec import params_text, with_params
from strategies.base import Strategy

RETUNE = "retune"


def retune(desk: Desk, roster: Roster, command: CommandReceived) -> str:
    """Give a strategy other parameters; return why not, "" where it has them."""
    actor = desk.by_id.get(command.strategy_id)
    if actor is None or actor.owner is not None:
        known = ", ".join(sorted(each.id for each in desk.actors if each.owner is None))
        return f"there is no such strategy; known are {known or 'none'}"
    if actor.state not in (StrategyState.ACTIVE, StrategyState.PAUSED):
        return f"it is {actor.state.value}"
    if roster.standing(actor.id) == LEAVING:
        return "it is being removed"
    if not command.reason.strip():
        return "give the reason"
    before = actor.strategy.params
    made = _changed(actor.strategy, command.args)
    if isinstance(made, str):
        return made
    told = ", ".join(f"{name} {getattr(before, name)} -> {getattr(made.params, name)}" for name in sorted(command.args))
    actor.outbox.clear()
    if actor.active:
        desk.pause(actor, f"re-tuned by {command.source}: {command.reason}")
    actor.strategy = made
    follows = f"`tickerd resume {actor.id}` starts it; the settings of the next session do not know of it"
    if roster.lasting:
        roster.note(actor.id, command.source, command.reason, params=params_text(made.params))
        follows = f"`tickerd resume {actor.id}` starts it; a restart keeps it until the settings say something else"
    message = f"{actor.id}: {told} ({command.reason}); {follows}"
    desk.effects.append(Alert(severity=Severity.WARNING, code="RETUNED", message=message))
    return ""


def _changed(strategy: Strategy, changes: Mapping[str, str]) -> Strategy | str:
    """Return the strategy with some parameters changed, or why it cannot be."""
    names = strategy.params.__struct_fields__
    unknown = sorted(set(changes) - set(names))
    if unknown or not changes:
        return f"expected some of its parameters, {', '.join(names) or 'of which it has none'}" + (
            f"; {', '.join(unknown)} is none of them" if unknown else ""
        )
    try:
        values = {**msgspec.to_builtins(strategy.params), **changes}
    except Exception as error:  # noqa: BLE001 - whatever a parameter's own type raises
        return f"{type(error).__name__}: {error}"
    return with_params(strategy, values)
