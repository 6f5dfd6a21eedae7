"""What a session counts."""

import msgspec


class Counters(msgspec.Struct):
    """Counters of one line since the start. `raw`: frames kept raw, by the first words of their reason."""

    raw: dict[str, int] = {}
    duplicates: int = 0
    overlaps: int = 0
    gaps: int = 0
    resyncs: int = 0
    stale_snapshots: int = 0
    ignored: int = 0  # understood, and no event by design: bars still open, replies
    closes: int = 0
    rotations: int = 0
    stales: int = 0

    def count_raw(self, why: str) -> None:
        """Count one frame kept raw."""
        self.raw[why] = self.raw.get(why, 0) + 1
