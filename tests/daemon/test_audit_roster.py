"""What an added strategy is built from stands in the journal; the audit's report of the command tells its hash."""

import hashlib

import pytest

from daemon.audit.report import _short


@pytest.mark.parametrize("text", ["x" * 1000, "short"])
def test_an_argument_is_told_whole(text):
    assert _short(text) == text


def test_one_as_long_as_a_source_is_told_by_its_beginning_and_its_hash():
    digest = hashlib.sha256(b"x" * 5_000).hexdigest()
    assert _short("x" * 5_000) == f"{'x' * 80}... (5000 characters, SHA-256 {digest})"
