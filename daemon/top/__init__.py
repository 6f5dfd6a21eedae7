"""The live terminal screen of `tickerd top`: what a running daemon has, and keys that command it.

For: the word `top`. It is a guest of the operator's socket like any other; the daemon knows nothing of it.
May import: what `daemon` may, `daemon.screen` for the picture.
Refuses: to command anything that was not confirmed.
"""
