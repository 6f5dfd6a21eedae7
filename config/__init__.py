"""Typed settings: TOML in, overrides from the environment, every mistake named, frozen structs out.

For: `tickerd run`, `config check|show`, replays (the settings that decide are rebuilt from a session's head), and the
ready-made TOML files beside this file.
May import: everything below it (connectors, journal, engine, strategies, risk, oms, core), files, the environment.
Refuses: the daemon, sockets, and secrets in TOML. Nothing here runs while events flow.

Reading order: `settings.py` (every key), `load.py` (the way in), `checks.py`, `overrides.py`, `digest.py`,
`strategies.py`, `secrets.py`.
"""

__version__ = "0.1.0"
