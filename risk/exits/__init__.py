"""Ways out of each position that hold whatever its strategy does: stop, profit, trailing stop, age.

For: `engine.exits`, which looks at the market and closes; `config`, which fills in `StrategyExits`.
May import: the words of `risk`, `oms.held`'s triggers, oms, core.
Refuses: to close by a market that cannot be trusted; to latch anything, which is for people and breakers.
"""
