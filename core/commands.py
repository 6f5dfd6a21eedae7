"""The names of the commands that stop trading, or let it go on: what else than the engine needs to know of them."""

KILL, HALT, STOP_ENTRY, ARM = "kill", "halt", "stop-entry", "arm"
CANCEL, FLATTEN, PAUSE, RESUME = "cancel", "flatten", "pause", "resume"
ACK, LOGIN_REFUSED = "ack", "login-refused"
