"""`[portfolio]`: the risk of the whole portfolio, computed by a process of its own. See docs/portfolio.md.

A table of its own and not under `[risk]`: what stands there decides what is traded and is part of a session's digest,
while these figures reach the engine as inputs, whatever made them.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(min_length=1, max_length=64)]
PathText = Annotated[str, Meta(pattern=r"^[^\x00]*$", description="a path")]


class PortfolioSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is measured, how often, and from which history.

    A snapshot is taken each `every_s`; its prices make bars of `bar_s`, of which `window` are kept and `least` needed.
    `base_currency` empty is `[accounting]`'s, else the one in which all instruments are priced. `benchmark` names an
    instrument. `method` is whose VaR limits use; all are told. `horizon_bars`: how far ahead. `degrees` above 2: of
    Student's t in simulations, 0 for normal ones. `recent`: the bars in which a correlation may have broken, at
    `break_level`. `rotation`: the size of sector rotations, 0 for none. `rate`: the yearly interest that options are
    priced with. `scenarios`: a TOML file of your own. `file`: where bars are kept over restarts, empty for
    `portfolio.jsonl` under the session root. `seed_files`: CSV bars by instrument. `sectors`, `asset_classes`: by what
    is held, such as BTC. A worker that has not answered after `timeout_s` is started again.
    """

    enabled: bool = False
    every_s: Annotated[float, Meta(ge=0.1, le=3_600)] = 15.0
    bar_s: Annotated[int, Meta(ge=1, le=604_800)] = 300
    window: Annotated[int, Meta(ge=20, le=100_000)] = 1_000
    least: Annotated[int, Meta(ge=5, le=100_000)] = 100
    base_currency: Annotated[str, Meta(pattern=r"^[A-Z0-9]{0,16}$", description="a currency in capitals")] = ""
    benchmark: Annotated[str, Meta(max_length=64)] = ""
    method: Literal["historical", "normal", "cornish-fisher", "monte-carlo"] = "historical"
    horizon_bars: Annotated[float, Meta(gt=0, le=10_000)] = 1.0
    covariance: Literal["ledoit-wolf", "sample", "ewma"] = "ledoit-wolf"
    decay: Annotated[float, Meta(gt=0, lt=1)] = 0.94
    simulations: Annotated[int, Meta(ge=1_000, le=1_000_000)] = 10_000
    degrees: Annotated[float, Meta(ge=0, le=1_000)] = 5.0
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    path_bars: Annotated[int, Meta(ge=1, le=1_000)] = 20
    recent: Annotated[int, Meta(ge=5, le=100_000)] = 100
    break_level: Annotated[float, Meta(gt=0, lt=1)] = 0.001
    rotation: Annotated[float, Meta(ge=0, le=1)] = 0.1
    rate: Annotated[float, Meta(ge=-1, le=1)] = 0.0
    scenarios: PathText = ""
    file: PathText = ""
    seed_files: dict[Name, PathText] = {}
    sectors: dict[Name, Name] = {}
    asset_classes: dict[Name, Name] = {}
    timeout_s: Annotated[float, Meta(gt=0, le=600)] = 30.0
