"""Which store a command line means, opened for one action."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from daemon.commands.sessions import add_root
from daemon.store.place import STORE_NAME

if TYPE_CHECKING:
    import aiosqlite

_T = TypeVar("_T")


def add_file(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the store and the sessions are."""
    add_root(parser)
    parser.add_argument("--file", type=Path, metavar="FILE", help=f"the store (default: {STORE_NAME} under the root)")


def file_of(options: argparse.Namespace) -> Path:
    """Return the store that the options mean."""
    file: Path | None = options.file
    return options.root / STORE_NAME if file is None else file


def with_store(path: Path, act: "Callable[[aiosqlite.Connection], Awaitable[_T]]", *, must_exist: bool = True) -> _T:
    """Open a store, act on it, and close it. Raises StoreError."""
    from daemon.store.database import open_store, told

    async def main() -> _T:
        db = await open_store(path, must_exist=must_exist)
        try:
            with told(path):
                return await act(db)
        finally:
            await db.close()

    return asyncio.run(main())
