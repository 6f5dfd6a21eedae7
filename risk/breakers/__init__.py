"""Circuit breakers: what is measured, when it trips, what it does.

`ladder` has the steps, `breaker` one row in one scope, `board` all of them, `kept` what survives a restart; every other
file measures one thing.

For: the engine, which carries out what a breaker asks for (`engine.breaking`).
May import: core, oms, its neighbours in risk.
Refuses: to act; to read a clock; to take a step back that a person has not armed again.
"""
