"""Benchmarks of the whole product: `make bench` prints a table and writes bench.json.

For: knowing what the hot paths cost, before and after a change. Every figure is measured on the code that runs live.
May import: everything.
Refuses: mocks. Sockets, processes and files are real ones; the only made-up thing is the market.
"""
