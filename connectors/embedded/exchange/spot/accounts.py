"""Accounts and their balances: holds, payments, commissions, and the two parties that have no account. No I/O.

Every unit is somewhere: in a balance, with the market, or with the venue as commission. `Bank.net` adds them up.
"""

import msgspec

from connectors.embedded.exchange.orders import UNIT

BNB = "BNB"
_DISCOUNT = UNIT // 4  # "Standard commission is reduced by this rate when paying commission in BNB."


class Balance(msgspec.Struct, gc=False):
    """What an account has of one asset, in units of 10^-8."""

    free: int = 0
    locked: int = 0


class Hold(msgspec.Struct, gc=False):
    """What is locked for one order, or for the two orders of an OCO together."""

    account: str
    asset: str
    amount: int = 0


class Deposit(msgspec.Struct, frozen=True, gc=False):
    """One change of a balance from outside; a negative amount left."""

    number: int
    account: str
    asset: str
    amount: int
    time_ms: int


class Account(msgspec.Struct, kw_only=True):
    """One account; commission rates are in units of 10^-8 (100,000 is 0.1 %)."""

    name: str
    uid: int
    maker_rate: int = 100_000
    taker_rate: int = 100_000
    pays_in_bnb: bool = False
    trade_group: int = -1
    updated_ms: int = 0
    balances: dict[str, Balance] = msgspec.field(default_factory=dict)

    def balance(self, asset: str) -> Balance:
        """Return the balance of an asset, which is empty before it was first touched."""
        found = self.balances.get(asset)
        if found is None:
            found = self.balances[asset] = Balance()
        return found


class Bank:
    """All accounts, and what left them: to the market that playback shows, and to the venue as commission."""

    def __init__(self, bnb_prices: dict[str, int] | None = None) -> None:
        """Start empty. `bnb_prices` says what a BNB costs in each quote asset, for commissions paid in it."""
        self.accounts: dict[str, Account] = {}
        self.market: dict[str, int] = {}
        self.commissions: dict[str, int] = {}
        self.deposited: dict[str, int] = {}
        self.deposits: list[Deposit] = []
        self.holds: dict[int, Hold] = {}
        self.changed: dict[str, dict[str, None]] = {}  # account -> assets, in the order in which they changed
        self._bnb_prices = bnb_prices or {}

    def open(self, name: str, **terms: object) -> Account:
        """Open an account, or return the one of this name with its terms changed."""
        known = self.accounts.get(name)
        account = Account(name=name, uid=len(self.accounts) + 1) if known is None else known
        for term, value in terms.items():
            setattr(account, term, value)
        self.accounts[name] = account
        return account

    def deposit(self, name: str, asset: str, amount: int) -> None:
        """Add to a balance, or take from what is free of it where the amount is negative."""
        self.accounts[name].balance(asset).free += amount
        self.deposited[asset] = self.deposited.get(asset, 0) + amount
        self.touch(name, asset)

    def free(self, name: str, asset: str) -> int:
        """Return what an account can use of an asset."""
        return self.accounts[name].balance(asset).free

    def hold(self, key: int, name: str, asset: str, amount: int) -> None:
        """Lock exactly `amount` under a key: more, less or nothing of what was locked under it before."""
        hold = self.holds.get(key)
        if hold is None:
            if not amount:
                return
            hold = self.holds[key] = Hold(name, asset)
        difference = amount - hold.amount
        if difference:
            balance = self.accounts[name].balance(asset)
            balance.free -= difference
            balance.locked += difference
            hold.amount = amount
            self.touch(name, asset)
        if not amount:
            del self.holds[key]

    def pay_from_hold(self, key: int, name: str, asset: str, amount: int) -> None:
        """Take a payment from what is locked under a key, and what that lacks from the free balance."""
        hold = self.holds.get(key)
        locked = min(hold.amount, amount) if hold is not None else 0
        balance = self.accounts[name].balance(asset)
        balance.locked -= locked
        balance.free -= amount - locked
        if hold is not None:
            hold.amount -= locked
        self.touch(name, asset)

    def receive(self, name: str, asset: str, amount: int) -> None:
        """Add what was bought or earned."""
        self.accounts[name].balance(asset).free += amount
        self.touch(name, asset)

    def charge(self, name: str, *, maker: bool, received: tuple[str, int], quote: tuple[str, int]) -> tuple[str, int]:
        """Take the commission of a trade and return its asset and amount.

        It is taken from what was received, or in BNB at a discount where the account wants that and has enough.
        """
        account = self.accounts[name]
        rate = account.maker_rate if maker else account.taker_rate
        price = self._bnb_prices.get(quote[0], 0)
        asset, fee = received[0], received[1] * rate // UNIT
        if account.pays_in_bnb and price:
            in_bnb = quote[1] * (rate * (UNIT - _DISCOUNT) // UNIT) // price
            if account.balance(BNB).free >= in_bnb:
                asset, fee = BNB, in_bnb
        account.balance(asset).free -= fee
        self.commissions[asset] = self.commissions.get(asset, 0) + fee
        self.touch(name, asset)
        return asset, fee

    def with_market(self, asset: str, amount: int) -> None:
        """Note what the market got of an asset; negative: what it gave."""
        self.market[asset] = self.market.get(asset, 0) + amount

    def take_changed(self) -> dict[str, dict[str, None]]:
        """Return the accounts and assets that changed since the last call."""
        changed, self.changed = self.changed, {}
        return changed

    def net(self, asset: str) -> int:
        """Return what all parties have of an asset less what was deposited: 0, always."""
        owned = sum(
            balance.free + balance.locked
            for account in self.accounts.values()
            if (balance := account.balances.get(asset)) is not None
        )
        others = self.market.get(asset, 0) + self.commissions.get(asset, 0)
        return owned + others - self.deposited.get(asset, 0)

    @property
    def discount(self) -> int:
        """By how much commission is reduced when paid in BNB, in units of 10^-8."""
        return _DISCOUNT

    def touch(self, name: str, *touched: str) -> None:
        """Note assets of an account as changed."""
        assets = self.changed.get(name)
        if assets is None:
            assets = self.changed[name] = {}
        for asset in touched:
            assets[asset] = None
