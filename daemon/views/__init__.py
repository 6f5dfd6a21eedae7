"""What an operator asks a running daemon: positions, orders, fills, profit, strategies, and why nothing is traded.

For: the operator's door, and the words of the command line that show its answers.
May import: what `daemon` may.
Refuses: to change anything. A view reads the engine and what `Seen` noted; nobody who looks moves a digest.
"""
