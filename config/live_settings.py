"""Settings of live trading: `[live]`, and `[venues.NAME.trading]` for each venue that takes orders."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Url = Annotated[str, Meta(pattern=r"^[^\s\x00]*$", description='an address such as "wss://ws-api.binance.com"')]
KeyName = Annotated[
    str,
    Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", description="a name: up to 32 of a-z, 0-9 and -"),
]
Digest = Annotated[str, Meta(pattern=r"^([0-9a-f]{12,64})?$", description="12 or more hexadecimal digits, or none")]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]


class TradingTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[venues.NAME.trading]`: how orders reach a venue. URLs left empty are the real venue's.

    `key` names the secrets, which are never written here: KEY-api-key with KEY-api-secret (HMAC) or KEY-private-key
    (Ed25519, PEM). What the account must be set to (`hedge_mode`, `leverage`, `margin_type`) is compared with what it
    is, never changed.
    """

    key: KeyName
    signing: Literal["hmac", "ed25519"] = "hmac"
    ws_api_url: Url = ""
    key_check_url: Url = ""  # REST of the key's restrictions; empty: the spot venue's, or `rest_url` where given
    private_ws_url: Url = ""
    recv_window_ms: Annotated[int, Meta(ge=1, le=60_000)] = 5_000
    clock_bound_ms: Annotated[int, Meta(ge=1, le=60_000)] = 500  # farther off than this: nothing is opened
    stp_mode: Literal["", "none", "expire-taker", "expire-maker", "expire-both", "decrement", "transfer"] = ""
    hedge_mode: bool | None = None
    leverage: dict[str, Annotated[int, Meta(ge=1, le=150)]] = {}
    margin_type: Literal["", "crossed", "isolated"] = ""
    dead_man_s: Annotated[float, Meta(ge=0, le=3600)] = 60.0  # the venue's own timer, where it has one; 0: none
    cancel_share: Annotated[float, Meta(ge=0, le=0.9)] = 0.2  # of the venue's allowances, kept for cancels
    answer_timeout_s: Seconds = 5.0  # then the outcome of a request is unknown


class LiveSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[live]`: the account, and how its books are held to the venues' own.

    `account` names a folder under `root` with the lease: one daemon trades an account. `foreign_orders`: what to do
    about orders that are not ours: "halt" opens nothing until the operator has decided, "ignore" leaves them alone,
    "adopt" takes them into the books. An order that a venue does not find counts as absent only `visibility_lag_s`
    after it was sent.
    """

    account: KeyName = "main"
    build: Digest = ""  # of the program that may trade it, as `tickerd version` tells its sources; empty: any
    root: Annotated[str, Meta(pattern=r"^[^\x00]*$", description="a path")] = "var/accounts"
    foreign_orders: Literal["halt", "ignore", "adopt"] = "halt"
    reconcile_budget_s: Annotated[float, Meta(gt=0, le=3600)] = 60.0
    visibility_lag_s: Annotated[float, Meta(ge=0, le=3600)] = 30.0
    sweep_s: Annotated[float, Meta(gt=0, le=15)] = 10.0  # between sweeps for missed fills while orders work
    balances_s: Annotated[float, Meta(gt=0, le=3600)] = 60.0
    look_back: bool = True  # ask, too, for money that moved while nobody listened, and for executions taken back
    snapshot_s: Annotated[float, Meta(ge=0, le=86_400)] = (
        600.0  # looked at so often, written after many orders; 0: at the end alone
    )
