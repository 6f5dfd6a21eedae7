"""What all tests share: where recorded data is, and how Hypothesis searches."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

# `repeatable` tries the same examples on every run and machine, so a red test stays red; it sets no deadline,
# for a busy machine is no failure. TICKERD_HYPOTHESIS=explore tries new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=30)
settings.register_profile("explore", deadline=None, max_examples=1_000, print_blob=True)
settings.load_profile(os.environ.get("TICKERD_HYPOTHESIS", "repeatable"))

_ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def recorded_dir() -> Path:
    """The folder of recorded venue frames, no part of the project; without it the test is skipped."""
    folder = (_ROOT / os.environ.get("TICKERD_RECORDED_DIR", "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no recorded data in {folder}; set TICKERD_RECORDED_DIR")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that asks for recorded data, so that `-m recorded` finds them all."""
    for item in items:
        if "recorded_dir" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.recorded)


def pytest_collection_finish() -> None:
    """Keep what was imported and collected, hundreds of thousands of objects, out of every garbage collection."""
    gc.collect()
    gc.freeze()
