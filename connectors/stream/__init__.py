"""Websocket lines, the same for every venue: frames out of bytes, a connection, and the supervisor that keeps it up.

For: every venue whose data comes over a websocket; the venue's session decides, this does.
May import: `core`, the connectors' shared files and websockets.
Refuses: to know a venue, or what a message means.
"""
