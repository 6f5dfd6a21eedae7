"""Every error that the simulated venue raises; what it refuses of an order is a report, never an exception.

SimError
├── UnsupportedInstrument   an instrument whose fees it cannot count
├── MissingVolume           an impact model without the daily volume that it scales by
├── MissingRates            a funding model without the rates of an instrument
├── MissingSessions         a calendar of which no sessions are known
└── MissingWallet           a margin account without the currency of an instrument
"""


class SimError(Exception):
    """Root of this package's errors."""


class UnsupportedInstrument(SimError):
    """The fees of this instrument are no numbers that the simulated venue can hold."""


class MissingVolume(SimError):
    """The impact model scales by the daily volume, and none is set for this instrument."""


class MissingRates(SimError):
    """The funding model pays by a table, and none is set for this instrument."""


class MissingSessions(SimError):
    """The instrument follows a calendar, others have sessions, and of this one there are none."""


class MissingWallet(SimError):
    """The instrument is traded on margin, in a currency of which the account has no wallet."""
