"""`[audit] keep_days` and `compress_after_days`: what `tickerd journal prune|compress` and a session's end go by."""

from collections.abc import Sequence
from pathlib import Path

from config.audit_settings import AuditSettings
from daemon.audit.anchors import FileAnchor, place_of
from daemon.audit.keeper import signing_key
from daemon.audit.walk import sessions_since
from journal.audit.keys import SigningKey
from journal.audit.removal import Removal
from journal.folders import COMPRESSED_SUFFIX, is_running, segment_files, sessions

DAY_NS = 86_400 * 10**9


def removal(
    settings: AuditSettings | None,
    now_ns: int,
    anchors: Sequence[Path] = (),
    *,
    key: SigningKey | None = None,
    anyway: bool = False,
) -> Removal:
    """Return who says what must stay; without settings what is signed must still be anchored. Raises KeyRefused."""
    if settings is None:
        return Removal(anchors, None, now_ns, anyway=anyway)
    files = [
        *anchors,
        *(Path(place.name) for place in map(place_of, settings.anchors) if isinstance(place, FileAnchor)),
    ]
    keep_ns = settings.keep_days * DAY_NS
    return Removal(files, key or signing_key(settings), now_ns, keep_ns=keep_ns, anyway=anyway)


def due_for_compression(settings: AuditSettings, root: Path, now_ns: int) -> list[Path]:
    """Return the sessions that are old enough to be packed and have something to pack."""
    young = set(sessions_since(root, now_ns - settings.compress_after_days * DAY_NS))
    return [
        folder
        for folder in sessions(root)
        if folder not in young
        and not is_running(folder)
        and any(path.suffix != COMPRESSED_SUFFIX for path in segment_files(folder))
    ]
