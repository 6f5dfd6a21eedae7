"""The audit trail as the daemon keeps it: signatures each minute, second places for them, and what is made of journals.

For: `tickerd run` (`keeper`, `anchors`) and `tickerd audit`.
May import: what `daemon` may.
Refuses: to hold up trading. Disks and networks are waited for in threads; what fails is told and tried again.
"""
