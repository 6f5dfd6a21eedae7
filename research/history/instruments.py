"""Instruments as a person describes them: a few words, or a file with every field."""

from pathlib import Path

import msgspec

from core.decimals import decimals_of, to_units
from core.errors import PrecisionError
from core.instruments import AssetClass, Instrument
from research.history.errors import BadInstrument

_QUOTED_IN = ("USDT", "USDC", "USD", "EUR", "GBP", "JPY", "CHF", "BTC")


def described(
    name: str,
    *,
    asset_class: str,
    tick: str,
    lot: str,
    price_precision: int | None = None,
    size_precision: int | None = None,
    quote: str = "",
) -> Instrument:
    """Return `SYMBOL.VENUE` with decimal tick and lot; precisions are theirs unless finer ones are given.

    `quote` is the symbol's ending where that is a known currency (GBPUSD), else USD. Raises BadInstrument.
    """
    symbol, _, venue = name.rpartition(".")
    if not symbol or not venue:
        raise BadInstrument(f"--instrument {name}: expected SYMBOL.VENUE, as in GBPUSD.FXCM, or a .toml or .json file")
    if not quote:
        quote = next((ending for ending in _QUOTED_IN if symbol.endswith(ending) and symbol != ending), "USD")
    prices = decimals_of(tick) if price_precision is None else price_precision
    sizes = decimals_of(lot) if size_precision is None else size_precision
    try:
        kind = AssetClass(asset_class)
        return Instrument(
            symbol=symbol,
            venue=venue,
            asset_class=kind,
            base=symbol.removesuffix(quote) or symbol,
            quote=quote,
            settlement="" if kind in {AssetClass.CRYPTO_SPOT, AssetClass.FX} else quote,
            price_precision=prices,
            size_precision=sizes,
            tick=to_units(tick, prices),
            lot=to_units(lot, sizes),
        )
    except (ValueError, PrecisionError) as error:
        raise BadInstrument(f"--instrument {name}: {error}") from error


def read_instrument(path: Path) -> Instrument:
    """Return the instrument that a TOML or JSON file describes with the fields of `core.instruments.Instrument`.

    Raises BadInstrument.
    """
    decode = msgspec.toml.decode if path.suffix == ".toml" else msgspec.json.decode
    try:
        return decode(path.read_bytes(), type=Instrument)
    except OSError as error:
        raise BadInstrument(f"cannot read {path}: {error.strerror or error}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise BadInstrument(f"{path}: {error}; its fields are those of core.instruments.Instrument") from error
