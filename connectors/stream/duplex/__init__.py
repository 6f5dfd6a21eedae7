"""Websocket lines that are also written to: requests and answers on one connection, replaced without a break.

For: every venue whose orders go over a websocket; the venue's session decides what is written, this keeps it up.
May import: `core`, the connectors' shared files and websockets.
Refuses: to know a venue, to send anything again, or to keep what could not be written.
"""
