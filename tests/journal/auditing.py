"""Signed sessions to audit: a root with a few of them, a key, and a second place."""

from pathlib import Path

from journal.audit.heads import Before, HeadState
from journal.audit.keys import SigningKey, load_signing_key, make_keys
from journal.audit.trail import TrailWriter, name_before
from journal.writer import JournalWriter
from tests.journal.making import START_NS, head, mixed, seal, write

NAMES = tuple(f"2024080{day}T095640Z-paper-0a1b2c" for day in (7, 8, 9))


def key_in(folder: Path) -> SigningKey:
    make_keys(folder / "key.pem")
    return load_signing_key(folder / "key.pem")


def signed_session(
    root: Path, name: str, key: SigningKey, anchors: Path, *, before: Before | None = None, sealed: bool = True,
    count: int = 60,
) -> Path:  # fmt: skip
    folder = root / name
    journal = JournalWriter.create(folder, head(session_id=name), segment_bytes=4000)
    trail = TrailWriter(folder, key, name)
    lines = [trail.sign(HeadState.STARTED, START_NS, *journal.link(), before)]
    for part in range(3):
        write(journal, mixed(count // 3, part))
        lines.append(trail.sign(HeadState.RUNNING, START_NS + part, *journal.link()))
    write(journal, mixed(10, 9))
    if sealed:
        seal(journal)
        lines.append(trail.sign(HeadState.ENDED, START_NS + 9, *journal.linked))
    journal.close()
    trail.close()
    with anchors.open("ab") as file:
        file.writelines(line + b"\n" for line in lines)
    return folder


def signed_root(folder: Path, *, last_sealed: bool = True) -> tuple[Path, Path, SigningKey]:
    """Three sessions, one after the other: (root, second place, key)."""
    root, anchors = folder / "sessions", folder / "anchors.jsonl"
    root.mkdir()
    key = key_in(folder)
    before = None
    for name in NAMES:
        made = signed_session(root, name, key, anchors, before=before, sealed=last_sealed or name != NAMES[-1])
        before = name_before(made)
    return root, anchors, key
