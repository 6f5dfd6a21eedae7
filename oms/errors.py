"""Every error that `oms` raises: broken promises of the caller. What a venue says never raises, it becomes an alert.

OmsError
├── DuplicateOrder         a client order id was submitted twice
├── UnknownOrder           a command for an order that was never submitted
├── UndefinedInstrument    an instrument index that no definition introduced
├── UnitsChanged           an instrument in use was redefined in other integer units
├── AlreadyUsed            a history is to be restored into a manager that has one
├── BadState               a durable state that this build cannot read
└── NotExact               figures that other units could not hold to the last one
"""


class OmsError(Exception):
    """Root of this package's errors."""


class DuplicateOrder(OmsError):
    """A client order id names one order for ever; the gate refuses a second one, so this is a wiring fault."""


class UnknownOrder(OmsError):
    """The gate approves cancels of known orders only, so a command for another one did not come through it."""


class UndefinedInstrument(OmsError):
    """`OrderManager.define` must come before anything else is said of an instrument."""


class UnitsChanged(OmsError):
    """Orders and positions count in the old units; give the changed instrument a new index instead."""


class AlreadyUsed(OmsError):
    """Two histories cannot be one; restore into a new manager."""


class BadState(OmsError):
    """The bytes of a durable state are damaged, or another build's: nothing may be traded on half of them."""


class NotExact(OmsError):
    """Figures cannot be told in other units without a guess; the message names them."""
