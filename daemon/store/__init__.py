"""The state store: orders, fills, positions, cash and equity of sessions as tables in one SQLite file.

For: people and programs that ask SQL of what a session did, while it runs and after. The store follows the journal and
is never written beside it: a process of its own reads the session's segments as they grow (`tail`), projects records
into rows (`projection`), and commits rows and cursor in one transaction (`follower`). So it costs the trading process
nothing, a crash of either loses nothing, and whatever happens to the file, `tickerd store rebuild` makes it again.
May import: `config`, `core`, `journal`, `oms.terms`, aiosqlite; the daemon itself imports `store.process` alone.
Refuses: to decide anything, to be read by the engine, and to keep what is not in a journal.
"""
