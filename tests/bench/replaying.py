"""Replay: whole verified replays of a million quotes, as `tickerd replay --verify` does them."""

from pathlib import Path

from daemon.replay import replay_session
from tests.bench.figures import Figure, median_of
from tests.bench.market import quotes
from tests.bench.sessions import EMA, write_session

QUOTES = 1_000_000


def measure(folder: Path, runs: int, scale: float) -> list[Figure]:
    """Return events per second with no strategy, an EMA cross, and an EMA cross with about 1,000 orders."""
    count = int(QUOTES * scale)
    cases = [
        ("no strategy", 1, "", 1_400_000),
        ("EMA cross", 1, EMA % (20, 10_000_000), 850_000),
        ("EMA cross, 1,000 orders", int(500 * scale) or 1, EMA % (50, 200), 850_000),
    ]
    figures = []
    for title, waves, strategy, goal in cases:
        session = folder / title.replace(" ", "-").replace(",", "")
        orders = write_session(session, quotes(count, waves), strategy)
        replay_session(session)  # compiles and caches the check of the CRCs

        def rate(session: Path = session) -> float:
            result = replay_session(session)
            assert result.ok, result.text()
            return result.events / result.elapsed_s

        name = "replay_python_events_per_s"
        detail = title if not orders else f"{title} ({orders} sent)"
        figures.append(Figure(name, detail, median_of(rate, runs), "events/s", goal, higher=True))
    return figures
