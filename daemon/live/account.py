"""What a live start takes before anything else: the right to trade the account, and what its last session left."""

from pathlib import Path
from typing import Self

import msgspec

from config.load import Config
from core.events import StateCarried
from daemon.live.approved import refuse_other_build
from daemon.live.carry import carried_from, last_with_state
from daemon.live.early import EarlyCommands
from daemon.live.latch import GuardLatch
from daemon.live.lease import Lease


class Account(msgspec.Struct, frozen=True):
    """The lease, and the state to go on from (None: the account's first session)."""

    lease: Lease
    carried: StateCarried | None
    before: Path | None  # the session that the state is of
    early: EarlyCommands  # what starts before this one left to be carried out
    latch: GuardLatch  # by which the guard stops us at once

    @classmethod
    def take(cls, config: Config) -> Self:
        """Take the account of these settings, and fold what its last session journaled.

        Raises UsageError where they approve of another program, AccountBusy, StartFailed; JournalDamaged where the
        last session's journal is not whole.
        """
        refuse_other_build(config.settings)
        live = config.settings.live
        lease = Lease(Path(live.root) / live.account)
        try:
            before = None if lease.previous is None else last_with_state(lease.previous)
            carried = None if before is None else carried_from(before)
            latch = GuardLatch.open(lease.folder)
            early = EarlyCommands(lease.folder, latch)
        except BaseException:
            lease.release()
            raise
        return cls(lease, carried, before, early, latch)
