"""Rows on their way to the tables: which columns each table is written with, and how a row that is there is met."""

from typing import NamedTuple

Row = tuple[object, ...]


class Table(NamedTuple):
    """How one table is written. `key` are the columns beside the session that name a row.

    `now`: the row of a key is replaced by the newest one, but for the columns in `kept`, which stay as first written.
    `terms` and `moves` are told by different records: a row without the former (NULL) leaves them as they are, one with
    them leaves the latter, if there was a row. Other tables hold each row once.
    """

    columns: tuple[str, ...]
    key: tuple[str, ...]
    now: bool = False
    kept: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()

    def sql(self, name: str) -> str:
        """Return the statement that writes one row: the session's number, then the columns."""
        columns = ("session_no", *self.columns)
        marks = ", ".join("?" * len(columns))
        insert = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names of ours
        if not self.now:
            return insert
        changes = ", ".join(
            f"{column} = {self._change(name, column)}"
            for column in self.columns
            if column not in self.key and column not in self.kept
        )
        return f"{insert} ON CONFLICT (session_no, {', '.join(self.key)}) DO UPDATE SET {changes}"

    def _change(self, name: str, column: str) -> str:
        """Return what a column of a row that is there becomes."""
        if column in self.terms:
            return f"coalesce(excluded.{column}, {name}.{column})"
        if column in self.moves:
            return f"CASE WHEN excluded.{self.terms[0]} IS NULL THEN excluded.{column} ELSE {name}.{column} END"
        return f"excluded.{column}"


def _columns(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_POSITION = "quantity quantity_units average_price cost realised fees currency"

TABLES: dict[str, Table] = {
    "instruments": Table(
        _columns("idx instrument asset_class currency price_precision size_precision definition"), ("idx",), now=True
    ),
    "marks": Table(
        _columns("idx instrument bid_price ask_price last_price bid_units ask_units last_units"), ("idx",), now=True
    ),
    "orders": Table(
        _columns(
            "client_order_id strategy_id instrument side type time_in_force post_only reduce_only terms price "
            "price_units quantity quantity_units filled filled_units state venue_order_id reason "
            "created_ns created_seq updated_ns updated_seq"
        ),
        ("client_order_id",),
        now=True,
        kept=("created_ns", "created_seq"),
        terms=("time_in_force", "post_only", "reduce_only", "terms"),
        moves=_columns("price price_units quantity quantity_units filled filled_units state venue_order_id reason"),
    ),
    "events": Table(
        _columns(
            "seq recv_ns venue_ns what client_order_id strategy_id instrument state previous venue_order_id exec_id "
            "price price_units quantity quantity_units filled filled_units reason"
        ),
        ("seq",),
    ),
    "fills": Table(
        _columns(
            "seq recv_ns what client_order_id strategy_id instrument side exec_id price price_units quantity "
            "quantity_units notional realised currency fee fee_currency liquidity"
        ),
        ("seq",),
    ),
    "positions": Table(_columns(f"idx instrument {_POSITION} seq recv_ns"), ("idx",), now=True),
    "position_changes": Table(_columns(f"seq recv_ns instrument {_POSITION}"), ("seq",)),
    "balances": Table(_columns("currency balance seq recv_ns"), ("currency",), now=True),
    "balance_changes": Table(_columns("seq currency recv_ns delta balance reason"), ("seq", "currency")),
    "refusals": Table(
        _columns(
            "seq recv_ns code limit_value figure message client_order_id strategy_id instrument side type price "
            "price_units quantity quantity_units"
        ),
        ("seq",),
    ),
    "alerts": Table(_columns("seq recv_ns severity code message instrument"), ("seq",)),
    "equity": Table(
        _columns("time_ns currency balance positions equity realised unrealised fees"),
        ("time_ns", "currency"),
        now=True,  # a session may end on the very minute
    ),
    "lots": Table(
        _columns(
            "lot_id strategy_id instrument method side price price_units quantity quantity_units open_quantity "
            "open_units cost realised currency opened_ns opened_seq updated_ns updated_seq"
        ),
        ("lot_id",),
        now=True,
        kept=("opened_ns", "opened_seq", "price", "price_units"),
    ),
    "freezes": Table(_columns("seq recv_ns instrument frozen reason"), ("seq",)),
    "reconciliations": Table(_columns("seq recv_ns venue state reason"), ("seq",)),
    "links": Table(_columns("seq recv_ns venue state reason until_ns"), ("seq",)),
    "evidence": Table(
        _columns(
            "seq recv_ns venue subject number asked_ns complete absent failure orders fills balances positions moves "
            "summary"
        ),
        ("seq",),
    ),
    "parents": Table(
        _columns(
            "parent strategy_id algorithm instrument side state quantity quantity_units filled filled_units children "
            "average_price arrival_price interval_vwap arrival_slippage_ppm vwap_slippage_ppm mid_slippage_ppm "
            "participation_ppm reason started_ns updated_ns updated_seq"
        ),
        ("parent",),
        now=True,
    ),
}
"""The tables that projections write, parents first."""

STATEMENTS = {name: table.sql(name) for name, table in TABLES.items()}


class Rows:
    """What is to be written, by table, in the order in which it came."""

    def __init__(self) -> None:
        """Hold nothing."""
        self.by_table: dict[str, list[Row]] = {name: [] for name in TABLES}
        self.count = 0

    def add(self, table: str, row: Row) -> None:
        """Add one row: the table's columns in order, without the session's number."""
        self.by_table[table].append(row)
        self.count += 1
