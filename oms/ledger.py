"""Cash per currency, exact: a spot trade exchanges two assets, a contract pays its profit, fees go where they fall."""

from core.effects import BalanceChanged, Effect
from core.instruments import AssetClass, Instrument
from core.money import MONEY_DECIMALS


class Ledger:
    """Balances per currency as money. A balance may go below zero: the venue's word counts, the ledger only adds."""

    __slots__ = ("_balances",)

    def __init__(self, balances: dict[str, int]) -> None:
        """Start from `balances`, money per currency."""
        self._balances = dict(balances)

    def balances(self) -> dict[str, int]:
        """Return a copy, currencies in alphabetical order."""
        return {currency: self._balances[currency] for currency in sorted(self._balances)}

    def balance(self, currency: str) -> int:
        """Return one currency's balance, 0 for a currency never seen."""
        return self._balances.get(currency, 0)

    def book_trade(
        self, instrument: Instrument, side_sign: int, quantity: int, price: int, realised: int, effects: list[Effect]
    ) -> None:
        """Book what a fill moves, fees apart. `realised` is the account's, in price units times quantity units.

        Spot: base first, then quote. An option exchanges its premium. Other contracts move only realised profit.
        """
        flow = side_sign * quantity * price * instrument.notional_factor
        if instrument.holds_base:
            base = side_sign * quantity * instrument.multiplier * 10 ** (MONEY_DECIMALS - instrument.size_precision)
            self.add(instrument.base, base, "trade", effects)
            self.add(instrument.quote, -flow, "trade", effects)
        elif instrument.asset_class is AssetClass.OPTION:
            self.add(instrument.currency, -flow, "premium", effects)
        else:
            self.add(instrument.currency, realised * instrument.notional_factor, "realised", effects)

    def add(self, currency: str, delta: int, reason: str, effects: list[Effect]) -> None:
        """Change one balance and say so; a change of nothing is silent."""
        if not delta:
            return
        balance = self._balances.get(currency, 0) + delta
        self._balances[currency] = balance
        effects.append(BalanceChanged(currency=currency, delta=str(delta), balance=str(balance), reason=reason))

    def canonical(self) -> list[tuple[str, str]]:
        """Return the balances in plain values, sorted."""
        return [(currency, str(self._balances[currency])) for currency in sorted(self._balances)]
