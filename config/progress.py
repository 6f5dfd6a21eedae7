"""A progress bar for long work: on a terminal only, on stderr, so that output stays clean."""

import contextlib
import sys
from collections.abc import Callable, Iterator

Progress = Callable[[int, int], None]
STEP = 1 << 16  # a bar that is told of every record would cost more than the work


@contextlib.contextmanager
def progress_bar(title: str, *, quiet: bool) -> Iterator[Progress | None]:
    """Give a function that takes (done, total), or None where nobody would see the bar."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        told = -STEP

        def tell(done: int, total: int) -> None:
            nonlocal told
            if done - told >= STEP or done >= total:
                told = done
                bar.update(task, completed=done, total=total)

        yield tell
