"""What a portfolio may lose, told by statistics: VaR, expected shortfall, beta, correlation, Greeks, stress.

For: the worker process that computes risk figures from a snapshot (`daemon.portfolio`), and research.
May import: `core`, numpy and the standard library's pure parts; never imported by anything on an order's path.
Refuses: clocks, files and chance of its own, for a seed is handed in (numpy's PCG64); to fill in missing data untold.

Arrays are float64. `returns` have shape (T, N): T bars, the oldest first, by N names. Profit and loss (`pnl`) has the
unit of the values handed in; a VaR or shortfall is a loss, so a positive number is money that may go.

Sums are `math.fsum`'s or numpy's: the built-in `sum` of floats rounds in another way from Python 3.12 on.
"""
