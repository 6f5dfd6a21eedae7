"""Whom the venue lets trade: accounts as they are set up, with their keys and first balances. No I/O.

The demo account is there unless the settings say otherwise: a public key and secret for examples and tests.
"""

import msgspec

from connectors.embedded.errors import SettingsError
from connectors.embedded.exchange.keys import TRADING, ApiKey, KeyStore, Permission
from connectors.embedded.exchange.orders import DECIMALS
from core.codec import UNREADABLE
from core.decimals import to_units
from core.errors import PrecisionError

DEMO_ACCOUNT = "demo"
DEMO_KEY = "demo" * 16  # 64 characters, as Binance's
DEMO_SECRET = "open" * 16
_DEMO_CASH = "1000000"
_DEMO_COINS = "100"
_STABLE = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USDP", "DAI", "USD", "EUR")


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account and one key of it; decimals are texts, `maker_rate` "0.001" is 0.1 %.

    Named again, an account gets the further key, and its balances are deposited on top.
    """

    name: str
    key: str = ""
    secret: str = ""
    public_key: str = ""  # Ed25519, PEM
    permissions: tuple[Permission, ...] = TRADING
    addresses: tuple[str, ...] = ()
    balances: dict[str, str] = {}  # spot
    futures_balances: dict[str, str] = {}
    maker_rate: str | None = None
    taker_rate: str | None = None
    pays_in_bnb: bool | None = None
    trade_group: int | None = None

    def api_key(self, now_ms: int) -> ApiKey | None:
        """Return the key that comes with it, if one does."""
        if not self.key:
            return None
        return ApiKey(
            key=self.key,
            account=self.name,
            secret=self.secret,
            public_key=self.public_key,
            permissions=self.permissions,
            addresses=self.addresses,
            created_ms=now_ms,
        )


def demo_member(assets: list[str]) -> Member:
    """Return the demo account: 1,000,000 of each currency, 100 of each other asset."""
    amounts = {asset: _DEMO_CASH if asset in _STABLE else _DEMO_COINS for asset in dict.fromkeys([*assets, "BNB"])}
    return Member(
        name=DEMO_ACCOUNT,
        key=DEMO_KEY,
        secret=DEMO_SECRET,
        balances=amounts,
        futures_balances={"USDT": _DEMO_CASH},
    )


def read_members(text: bytes) -> tuple[Member, ...]:
    """Return the accounts of a JSON file: one object, or an array of them. Raises SettingsError."""
    try:
        if text.lstrip()[:1] == b"[":
            return msgspec.json.decode(text, type=tuple[Member, ...])
        return (msgspec.json.decode(text, type=Member),)
    except UNREADABLE as error:
        raise SettingsError(f"not a list of accounts: {error}; see connectors/embedded/README.md") from error


def units_of(amounts: dict[str, str]) -> dict[str, int]:
    """Return balances in units of 10^-8. Raises SettingsError."""
    return {asset: rate_units(amount) for asset, amount in amounts.items()}


def rate_units(text: str) -> int:
    """Return a decimal in units of 10^-8. Raises SettingsError."""
    try:
        return to_units(text, DECIMALS)
    except PrecisionError as error:
        raise SettingsError(f"{text!r} is no amount: {error}") from error


def add_key(keys: KeyStore, member: Member, now_ms: int) -> None:
    """Add a member's key, if it brings one. Raises SettingsError."""
    key = member.api_key(now_ms)
    if key is not None:
        known = keys.find(key.key)
        if known is not None and known.account != key.account:
            raise SettingsError(f"API key {key.key!r} belongs to account {known.account!r}")
        keys.add(key)
