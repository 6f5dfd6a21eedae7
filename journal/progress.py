"""How long functions report: a callable of (done, total), called now and then; the unit is only good for a share."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
