"""Sessions of exchanges as tables of times, made once and put into the settings of the simulated venue.

    python -m research.calendars XNYS 2024-01-01 2024-12-31 >> my.toml

For: what the core may not know, dates and holidays, turned into what it may be handed, times.
May import: config and everything below it, and the library exchange-calendars.
Refuses: to be asked while a session runs; the tables are part of its settings, so that it replays.

The dates come from exchange-calendars by `config.calendars`, which `calendar = "XNYS"` in `[hours]` goes by as well.
"""

from research.calendars.errors import CalendarError, UnknownCalendar
from research.calendars.tables import sessions_of, toml_of

__all__ = ["CalendarError", "UnknownCalendar", "sessions_of", "toml_of"]
