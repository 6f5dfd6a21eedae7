"""What a check answers."""

from risk.facts import Why

Found = tuple[str, Why] | None
"""The code of the limit that is broken and why, None where none is."""
