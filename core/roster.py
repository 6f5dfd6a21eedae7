"""Strategies that a person added, removed, switched off or re-tuned while a session runs."""

from typing import Final

import msgspec

ON: Final = "on"
OFF: Final = "off"  # it stays, and does not trade until it is enabled
LEAVING: Final = "leaving"  # its orders are cancelled and its positions closed; then it is removed
REMOVED: Final = "removed"
AS_SET: Final = ""  # nothing is left of what was changed: the settings hold


class StrategyDefinition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One strategy as a session's head would keep it, defaults written out: enough to build it again anywhere.

    `beside`: what else its settings hold (`[strategies.sizing]` and the like).
    `imported`: name and SHA-256 of each file that its own imports from beside it; `file`: the settings that named it.
    """

    id: str
    use: str
    instruments: tuple[str, ...]
    params: dict[str, object]
    sha256: str
    source: str
    beside: dict[str, object] = {}
    imported: tuple[tuple[str, str], ...] = ()
    file: str = ""


class RosterChanged(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What holds for one strategy from now on, beside or instead of what the settings say: by whom, since when, why.

    `definition`: a `StrategyDefinition` in JSON where it was added while running, by `added_by`. `params`: those that
    it was re-tuned to, in JSON. `settings`: a hash of what the settings said of it then, empty for nothing; where they
    say something else at a later start, they hold. `collar_ppm` above -1: its positions are closed within it.
    """

    strategy_id: str
    standing: str
    since_ns: int
    source: str
    reason: str
    definition: str = ""
    params: str = ""
    settings: str = ""
    added_by: str = ""
    added_ns: int = 0
    collar_ppm: int = -1


_encode = msgspec.json.Encoder(order="deterministic").encode
read_definition = msgspec.json.Decoder(StrategyDefinition).decode


def definition_text(definition: StrategyDefinition) -> str:
    """Return a definition as JSON, the same for the same."""
    return _encode(definition).decode()
