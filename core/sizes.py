"""How large an order may be: what the rules of `[strategies.sizing]` made of it, and the operator's factor on it."""

import msgspec

from core.orders import Side


class Sized(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A size that a strategy asked for, and which rule bound it.

    `quantity` in units, whole lots, 0 for nothing. `bound_by`: the rule that allows least, "-unknown" after its name
    where its figure is not known yet, "minimum" where less was left than the venue takes. `bounds`: what each rule
    allows, in units, before the factors of the operator and the regime (`scale_ppm`, `regime_ppm`). `figures`: what
    they counted with, as text.
    """

    strategy_id: str
    instrument: int
    side: Side
    quantity: int
    bound_by: str
    bounds: dict[str, int]
    scale_ppm: int
    regime: str
    regime_ppm: int
    figures: dict[str, str]


class ScaleChanged(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The operator's factor on the sizes of a scope (`core.scopes`) was changed; 1_000_000 is none at all."""

    scope: str
    before_ppm: int
    scale_ppm: int
    since_ns: int
    source: str
    reason: str
