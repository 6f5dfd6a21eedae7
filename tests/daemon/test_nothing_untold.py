"""What is journaled can be shown: a new kind must not end who tells of it."""

from core.codec import KIND_OF
from core.records import FIRST_PAYLOAD_INPUT
from daemon.commands.journal_records import KIND_NAMES


def test_every_kind_with_a_payload_can_be_shown():
    payloads = {kind for kind in KIND_OF.values() if kind >= FIRST_PAYLOAD_INPUT}
    assert payloads <= set(KIND_NAMES.values())
