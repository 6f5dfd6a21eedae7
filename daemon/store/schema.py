"""The store's schema as numbered migrations: `PRAGMA user_version` is the number of the last one applied.

A migration is data, and is never edited once released: a change is a new one at the end. A new store runs them all, so
every store of a version has one schema, however old the file is.

How values are kept, for whoever writes SQL:

- Times are nanoseconds since 1970, UTC: `datetime(recv_ns / 1000000000, 'unixepoch')` shows one.
- Prices and quantities are exact decimal text (`price`) beside the integer they are in the core (`price_units`, in
  10^-precision of the instrument, see `instruments`): compare and add the units, show the text.
- Money is exact decimal text: 18 decimals do not fit SQLite's 64 bits. `sum(fee)` adds it as a float, good for a look.
  `decimal_sum(fee)` adds it exactly: the sqlite3 shell has that function built in, and `tickerd` brings it along in
  Python (`database.connect`).
- `seq` is the record's sequence number in the journal: `tickerd journal show SESSION --from SEQ` shows it.
- `session_no` is short for a session in this file alone; names are in `sessions`: `JOIN sessions USING (session_no)`.
"""

from typing import NamedTuple

APPLICATION_ID = 0x746B6453  # "tkdS", so that no other program's database is taken for a store


class Migration(NamedTuple):
    """One step of the schema. `reprojects`: what it adds is filled for old sessions only when they are rebuilt."""

    number: int
    summary: str
    statements: tuple[str, ...]
    reprojects: bool = False


_SESSION = "session_no INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE"

_FIRST = (
    # Who wrote this file: key 'build'. Every version keeps this table as it is, so that an older build can say so.
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    # next_seq is the cursor: every record before it is in the tables. schema is the version it was projected with.
    """CREATE TABLE sessions (
        session_no INTEGER PRIMARY KEY,
        session TEXT NOT NULL UNIQUE,
        folder TEXT NOT NULL,
        mode TEXT NOT NULL,
        labels TEXT NOT NULL,
        build TEXT NOT NULL,
        config_digest TEXT NOT NULL,
        started_ns INTEGER NOT NULL,
        state TEXT NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        ended_ns INTEGER NOT NULL DEFAULT 0,
        recv_ns INTEGER NOT NULL DEFAULT 0,
        next_seq INTEGER NOT NULL DEFAULT 0,
        schema INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX sessions_started ON sessions (started_ns)",
    # idx is the instrument's number in the session; definition its rules as JSON.
    f"""CREATE TABLE instruments (
        {_SESSION},
        idx INTEGER NOT NULL,
        instrument TEXT NOT NULL,
        asset_class TEXT NOT NULL,
        currency TEXT NOT NULL,
        price_precision INTEGER NOT NULL,
        size_precision INTEGER NOT NULL,
        definition TEXT NOT NULL,
        PRIMARY KEY (session_no, idx)
    ) STRICT, WITHOUT ROWID""",
    # The price last seen of each instrument, 0 before the first; last_price is of a trade, or a venue's bar.
    f"""CREATE TABLE marks (
        {_SESSION},
        idx INTEGER NOT NULL,
        instrument TEXT NOT NULL,
        bid_price TEXT NOT NULL,
        ask_price TEXT NOT NULL,
        last_price TEXT NOT NULL,
        bid_units INTEGER NOT NULL,
        ask_units INTEGER NOT NULL,
        last_units INTEGER NOT NULL,
        PRIMARY KEY (session_no, idx)
    ) STRICT, WITHOUT ROWID""",
    # One row an order, as it is now. terms is JSON: what it asks for beyond price and quantity.
    f"""CREATE TABLE orders (
        {_SESSION},
        client_order_id TEXT NOT NULL,
        strategy_id TEXT NOT NULL,
        instrument TEXT NOT NULL,
        side TEXT NOT NULL,
        type TEXT NOT NULL,
        time_in_force TEXT,
        post_only INTEGER,
        reduce_only INTEGER,
        terms TEXT,
        price TEXT NOT NULL,
        price_units INTEGER NOT NULL,
        quantity TEXT NOT NULL,
        quantity_units INTEGER NOT NULL,
        filled TEXT NOT NULL,
        filled_units INTEGER NOT NULL,
        state TEXT NOT NULL,
        venue_order_id TEXT NOT NULL,
        reason TEXT NOT NULL,
        created_ns INTEGER NOT NULL,
        created_seq INTEGER NOT NULL,
        updated_ns INTEGER NOT NULL,
        updated_seq INTEGER NOT NULL,
        PRIMARY KEY (session_no, client_order_id)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX orders_updated ON orders (updated_ns)",
    "CREATE INDEX orders_strategy ON orders (session_no, strategy_id, instrument)",
    # What happened to orders: what is 'update' (ours, state and previous), 'cancel' or 'replace' (sent by us), 'report'
    # (the venue's own words: state is the report's type, price and quantity are the execution's).
    f"""CREATE TABLE events (
        {_SESSION},
        seq INTEGER NOT NULL,
        recv_ns INTEGER NOT NULL,
        venue_ns INTEGER NOT NULL,
        what TEXT NOT NULL,
        client_order_id TEXT NOT NULL,
        strategy_id TEXT NOT NULL,
        instrument TEXT NOT NULL,
        state TEXT NOT NULL,
        previous TEXT NOT NULL,
        venue_order_id TEXT NOT NULL,
        exec_id TEXT NOT NULL,
        price TEXT NOT NULL,
        price_units INTEGER NOT NULL,
        quantity TEXT NOT NULL,
        quantity_units INTEGER NOT NULL,
        filled TEXT NOT NULL,
        filled_units INTEGER NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (session_no, seq)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX events_order ON events (session_no, client_order_id, seq)",
    "CREATE INDEX events_time ON events (recv_ns)",
    # Executions as booked. realised (the strategy's, before fees) and notional are in currency, fee in fee_currency:
    # positive is paid, negative a rebate. what is 'fill', or 'bust': an execution that the venue took back, as the
    # opposite of what it booked, so that sums over all rows stay right.
    f"""CREATE TABLE fills (
        {_SESSION},
        seq INTEGER NOT NULL,
        recv_ns INTEGER NOT NULL,
        what TEXT NOT NULL,
        client_order_id TEXT NOT NULL,
        strategy_id TEXT NOT NULL,
        instrument TEXT NOT NULL,
        side TEXT NOT NULL,
        exec_id TEXT NOT NULL,
        price TEXT NOT NULL,
        price_units INTEGER NOT NULL,
        quantity TEXT NOT NULL,
        quantity_units INTEGER NOT NULL,
        notional TEXT NOT NULL,
        realised TEXT NOT NULL,
        currency TEXT NOT NULL,
        fee TEXT NOT NULL,
        fee_currency TEXT NOT NULL,
        liquidity TEXT NOT NULL,
        PRIMARY KEY (session_no, seq)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX fills_time ON fills (recv_ns)",
    "CREATE INDEX fills_order ON fills (session_no, client_order_id)",
    "CREATE INDEX fills_strategy ON fills (session_no, strategy_id, instrument)",
    # The account's net position of each instrument as it is now. average_price is cost / quantity, rounded for the eye.
    f"""CREATE TABLE positions (
        {_SESSION},
        idx INTEGER NOT NULL,
        instrument TEXT NOT NULL,
        quantity TEXT NOT NULL,
        quantity_units INTEGER NOT NULL,
        average_price TEXT NOT NULL,
        cost TEXT NOT NULL,
        realised TEXT NOT NULL,
        fees TEXT NOT NULL,
        currency TEXT NOT NULL,
        seq INTEGER NOT NULL,
        recv_ns INTEGER NOT NULL,
        PRIMARY KEY (session_no, idx)
    ) STRICT, WITHOUT ROWID""",
    # Every change of them.
    f"""CREATE TABLE position_changes (
        {_SESSION},
        seq INTEGER NOT NULL,
        recv_ns INTEGER NOT NULL,
        instrument TEXT NOT NULL,
        quantity TEXT NOT NULL,
        quantity_units INTEGER NOT NULL,
        average_price TEXT NOT NULL,
        cost TEXT NOT NULL,
        realised TEXT NOT NULL,
        fees TEXT NOT NULL,
        currency TEXT NOT NULL,
        PRIMARY KEY (session_no, seq)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX position_changes_instrument ON position_changes (session_no, instrument, seq)",
    # The account's cash as it is now, what it started with included.
    f"""CREATE TABLE balances (
        {_SESSION},
        currency TEXT NOT NULL,
        balance TEXT NOT NULL,
        seq INTEGER NOT NULL,
        recv_ns INTEGER NOT NULL,
        PRIMARY KEY (session_no, currency)
    ) STRICT, WITHOUT ROWID""",
    # Every change of it; seq 0, reason 'start': what the session started with.
    f"""CREATE TABLE balance_changes (
        {_SESSION},
        seq INTEGER NOT NULL,
        currency TEXT NOT NULL,
        recv_ns INTEGER NOT NULL,
        delta TEXT NOT NULL,
        balance TEXT NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (session_no, seq, currency)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX balance_changes_currency ON balance_changes (session_no, currency, seq)",
    # Orders that the gate refused. limit_value and figure are decimal text in the unit that message names.
    f"""CREATE TABLE refusals (
        {_SESSION},
        seq INTEGER NOT NULL,
        recv_ns INTEGER NOT NULL,
        code TEXT NOT NULL,
        limit_value TEXT NOT NULL,
        figure TEXT NOT NULL,
        message TEXT NOT NULL,
        client_order_id TEXT NOT NULL,
        strategy_id TEXT NOT NULL,
        instrument TEXT NOT NULL,
        side TEXT NOT NULL,
        type TEXT NOT NULL,
        price TEXT NOT NULL,
        price_units INTEGER NOT NULL,
        quantity TEXT NOT NULL,
        quantity_units INTEGER NOT NULL,
        PRIMARY KEY (session_no, seq)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX refusals_time ON refusals (recv_ns)",
    "CREATE INDEX refusals_code ON refusals (session_no, code)",
    f"""CREATE TABLE alerts (
        {_SESSION},
        seq INTEGER NOT NULL,
        recv_ns INTEGER NOT NULL,
        severity TEXT NOT NULL,
        code TEXT NOT NULL,
        message TEXT NOT NULL,
        instrument TEXT NOT NULL,
        PRIMARY KEY (session_no, seq)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX alerts_time ON alerts (recv_ns)",
)

_EQUITY = (
    # Once a minute of event time and at the end, for each currency: equity = balance + positions. What positions are
    # worth counts in the currency of their profit: bought assets and options at their price, contracts by their open
    # profit. A bought asset's own row has it taken off, so nothing counts twice.
    f"""CREATE TABLE equity (
        {_SESSION},
        time_ns INTEGER NOT NULL,
        currency TEXT NOT NULL,
        balance TEXT NOT NULL,
        positions TEXT NOT NULL,
        equity TEXT NOT NULL,
        realised TEXT NOT NULL,
        unrealised TEXT NOT NULL,
        fees TEXT NOT NULL,
        PRIMARY KEY (session_no, time_ns, currency)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX equity_time ON equity (time_ns)",
)

_LOTS = (
    # Lots as bought or sold short, and what is still open of each. method: 'fifo', 'lifo', 'average'.
    f"""CREATE TABLE lots (
        {_SESSION},
        lot_id TEXT NOT NULL,
        strategy_id TEXT NOT NULL,
        instrument TEXT NOT NULL,
        method TEXT NOT NULL,
        side TEXT NOT NULL,
        price TEXT NOT NULL,
        price_units INTEGER NOT NULL,
        quantity TEXT NOT NULL,
        quantity_units INTEGER NOT NULL,
        open_quantity TEXT NOT NULL,
        open_units INTEGER NOT NULL,
        cost TEXT NOT NULL,
        realised TEXT NOT NULL,
        currency TEXT NOT NULL,
        opened_ns INTEGER NOT NULL,
        opened_seq INTEGER NOT NULL,
        updated_ns INTEGER NOT NULL,
        updated_seq INTEGER NOT NULL,
        PRIMARY KEY (session_no, lot_id)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX lots_instrument ON lots (session_no, instrument, opened_seq)",
)

_LIVE = (
    # What was held back and let go again; instrument '' is a halt of everything.
    f"""CREATE TABLE freezes (
        {_SESSION},
        seq INTEGER NOT NULL,
        recv_ns INTEGER NOT NULL,
        instrument TEXT NOT NULL,
        frozen INTEGER NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (session_no, seq)
    ) STRICT, WITHOUT ROWID""",
    # Comparisons with a venue's account: state is 'started', 'agreed' or 'broken'.
    f"""CREATE TABLE reconciliations (
        {_SESSION},
        seq INTEGER NOT NULL,
        recv_ns INTEGER NOT NULL,
        venue TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (session_no, seq)
    ) STRICT, WITHOUT ROWID""",
    # The trading connection of a venue; until_ns: when a silence that the venue asked for ends, else 0.
    f"""CREATE TABLE links (
        {_SESSION},
        seq INTEGER NOT NULL,
        recv_ns INTEGER NOT NULL,
        venue TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT NOT NULL,
        until_ns INTEGER NOT NULL,
        PRIMARY KEY (session_no, seq)
    ) STRICT, WITHOUT ROWID""",
    # A venue's answers, in short: how many of what, and of the last few what they say. The journal has them whole.
    f"""CREATE TABLE evidence (
        {_SESSION},
        seq INTEGER NOT NULL,
        recv_ns INTEGER NOT NULL,
        venue TEXT NOT NULL,
        subject TEXT NOT NULL,
        number INTEGER NOT NULL,
        asked_ns INTEGER NOT NULL,
        complete INTEGER NOT NULL,
        absent INTEGER NOT NULL,
        failure TEXT NOT NULL,
        orders INTEGER NOT NULL,
        fills INTEGER NOT NULL,
        balances INTEGER NOT NULL,
        positions INTEGER NOT NULL,
        moves INTEGER NOT NULL,
        summary TEXT NOT NULL,
        PRIMARY KEY (session_no, seq)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX evidence_subject ON evidence (session_no, venue, subject)",
    # Parent orders of execution algorithms as they are now. Slippages in 10^-6, positive where it cost: against the
    # middle on arrival (arrival_price), the market's own average since (interval_vwap, '' without trades) and the
    # middle at each child. Prices here are rounded for the eye.
    f"""CREATE TABLE parents (
        {_SESSION},
        parent TEXT NOT NULL,
        strategy_id TEXT NOT NULL,
        algorithm TEXT NOT NULL,
        instrument TEXT NOT NULL,
        side TEXT NOT NULL,
        state TEXT NOT NULL,
        quantity TEXT NOT NULL,
        quantity_units INTEGER NOT NULL,
        filled TEXT NOT NULL,
        filled_units INTEGER NOT NULL,
        children INTEGER NOT NULL,
        average_price TEXT NOT NULL,
        arrival_price TEXT NOT NULL,
        interval_vwap TEXT NOT NULL,
        arrival_slippage_ppm INTEGER NOT NULL,
        vwap_slippage_ppm INTEGER NOT NULL,
        mid_slippage_ppm INTEGER NOT NULL,
        participation_ppm INTEGER NOT NULL,
        reason TEXT NOT NULL,
        started_ns INTEGER NOT NULL,
        updated_ns INTEGER NOT NULL,
        updated_seq INTEGER NOT NULL,
        PRIMARY KEY (session_no, parent)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX parents_strategy ON parents (session_no, strategy_id, instrument)",
)

MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "sessions, orders and their events, fills, positions, balances, refusals, alerts", _FIRST),
    Migration(2, "equity by the minute", _EQUITY, reprojects=True),
    Migration(3, "lots", _LOTS, reprojects=True),
    Migration(4, "freezes, reconciliations, links, evidence, parent orders", _LIVE, reprojects=True),
)
VERSION = MIGRATIONS[-1].number
COMPLETE_FROM = max(migration.number for migration in MIGRATIONS if migration.reprojects)
"""Sessions projected with an older schema miss what was added since; `store status` says so, a rebuild fills it."""
