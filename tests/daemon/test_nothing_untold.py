"""What is journaled can be shown, and what is asked of a venue has words: a new kind must not end who tells of it."""

from core.codec import KIND_OF
from core.evidence import Subject
from core.records import FIRST_PAYLOAD_INPUT
from daemon.commands.journal_records import KIND_NAMES
from daemon.standing import SUBJECTS


def test_every_kind_with_a_payload_can_be_shown():
    payloads = {kind for kind in KIND_OF.values() if kind >= FIRST_PAYLOAD_INPUT}
    assert payloads <= set(KIND_NAMES.values())


def test_every_question_has_words():
    assert set(SUBJECTS) == set(Subject)
