"""What markets once did, as shock tables: `stress` replays them on today's holdings.

Moves are simple returns from close to close over the days named (where an intraday low is meant, it says so), of
public closing prices rounded to about a percent: enough for a stress test, not for attribution. Asset classes stand for
a lead market: equity for the S&P 500, crypto for Bitcoin unless a symbol is named, commodity for crude oil (WTI), bond
for a ten-year US Treasury (the change of its yield times a duration of 8), fx by pair. `volatility` is the change of
the VIX, in shares. What did not exist or is not known has no row, so a replay tells it as not covered.
"""

from risk.portfolio.stress import Scenario, Shock


def _sectors(*moves: tuple[str, float], volatility: float) -> tuple[Shock, ...]:
    """Return shocks of sectors that share one change of volatility."""
    return tuple(Shock(f"sector:{name}", move, volatility) for name, move in moves)


HISTORICAL: tuple[Scenario, ...] = (
    Scenario(
        "1987-black-monday",
        "Black Monday, 19 October 1987",
        "S&P 500 282.70 to 224.84",
        (Shock("class:equity", -0.205),),
    ),
    Scenario(
        "2000-dotcom",
        "The end of the dot-com boom, 24 March 2000 to 9 October 2002",
        "S&P 500 1527.46 to 776.76",
        (Shock("class:equity", -0.491),),
    ),
    Scenario(
        "2008-lehman",
        "After Lehman, 12 September to 20 November 2008",
        "S&P 500 1251.70 to 752.44; VIX 25.66 to 80.86; WTI 101.18 to 49.62; 10-year yield 3.74 to 3.10 %",
        (
            Shock("class:equity", -0.399, 0.552),
            Shock("class:commodity", -0.51),
            Shock("class:bond", 0.051),
        ),
    ),
    Scenario(
        "2010-flash-crash",
        "The flash crash, 6 May 2010, close before to the day's low",
        "Dow Jones 10868.12 to 9869.62 (CFTC and SEC, Findings Regarding the Market Events of May 6, 2010)",
        (Shock("class:equity", -0.092, 0.079),),
    ),
    Scenario(
        "2015-swiss-franc",
        "The Swiss National Bank gives up its floor, 15 January 2015",
        "EUR/CHF 1.2010 to 0.9750; SMI -8.7 %; S&P 500 -0.9 %",
        (Shock("symbol:EURCHF", -0.188), Shock("symbol:SMI", -0.087), Shock("class:equity", -0.009)),
    ),
    Scenario(
        "2018-volmageddon",
        "Volatility doubles in a day, 5 February 2018",
        "S&P 500 -4.1 %; VIX 17.31 to 37.32",
        (Shock("class:equity", -0.041, 0.200),),
    ),
    Scenario(
        "2020-covid",
        "The pandemic's crash, 19 February to 23 March 2020",
        "S&P 500 3386.15 to 2237.40 and its sectors; VIX 14.38 to 61.59; WTI 53.3 to 23.4; "
        "10-year yield 1.56 to 0.76 %; Bitcoin 9633 to 6416",
        (
            Shock("class:equity", -0.339, 0.472),
            Shock("class:commodity", -0.56),
            Shock("class:bond", 0.064),
            Shock("class:crypto", -0.334),
            *_sectors(
                ("energy", -0.56),
                ("financials", -0.43),
                ("industrials", -0.42),
                ("real-estate", -0.39),
                ("materials", -0.37),
                ("utilities", -0.36),
                ("consumer-discretionary", -0.33),
                ("technology", -0.31),
                ("communication", -0.29),
                ("health-care", -0.28),
                ("consumer-staples", -0.24),
                volatility=0.472,
            ),
        ),
    ),
    Scenario(
        "2020-03-12",
        "Everything at once, 12 March 2020",
        "S&P 500 -9.5 %; VIX 53.90 to 75.47; Bitcoin 7911 to 4971; Ether 194.9 to 112.3",
        (
            Shock("class:equity", -0.095, 0.216),
            Shock("class:crypto", -0.372),
            Shock("symbol:BTC", -0.372),
            Shock("symbol:ETH", -0.423),
        ),
    ),
    Scenario(
        "2021-05-crypto",
        "Crypto's crash of May 2021, 11 to 23 May",
        "Bitcoin 56705 to 34771; Ether 4169 to 2110",
        (Shock("class:crypto", -0.387), Shock("symbol:BTC", -0.387), Shock("symbol:ETH", -0.494)),
    ),
    Scenario(
        "2022-luna",
        "Terra's end, 5 to 12 May 2022",
        "Bitcoin 36575 to 29047; Ether 2749 to 1961; LUNA to nothing",
        (
            Shock("class:crypto", -0.206),
            Shock("symbol:BTC", -0.206),
            Shock("symbol:ETH", -0.287),
            Shock("symbol:LUNA", -1.0),
        ),
    ),
    Scenario(
        "2022-ftx",
        "FTX fails, 5 to 9 November 2022",
        "Bitcoin 21282 to 15880; Ether 1627 to 1100; SOL 36 to 14; FTT 25.5 to 2.3",
        (
            Shock("class:crypto", -0.254),
            Shock("symbol:BTC", -0.254),
            Shock("symbol:ETH", -0.324),
            Shock("symbol:SOL", -0.61),
            Shock("symbol:FTT", -0.91),
        ),
    ),
    Scenario(
        "2024-yen",
        "The yen carry trade unwinds, 31 July to 5 August 2024",
        "S&P 500 5522.30 to 5186.33; Nikkei 225 39101.82 to 31458.42; VIX 16.36 to 38.57; USD/JPY 149.98 to 144.18; "
        "Bitcoin 64619 to 53991; Ether 3232 to 2419",
        (
            Shock("class:equity", -0.061, 0.222),
            Shock("symbol:N225", -0.195, 0.222),
            Shock("symbol:USDJPY", -0.039),
            Shock("class:crypto", -0.164),
            Shock("symbol:BTC", -0.164),
            Shock("symbol:ETH", -0.252),
        ),
    ),
)
"""In the order in which they happened; names are unique."""
