"""Where the store is: `store.db` beside the sessions that it is about, unless settings or an option say otherwise."""

from pathlib import Path

from config.settings import Settings

STORE_NAME = "store.db"


def store_file(settings: Settings) -> Path:
    """Return the file that settings name."""
    return Path(settings.store.file) if settings.store.file else Path(settings.session.root) / STORE_NAME
