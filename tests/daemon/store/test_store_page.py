"""What docs/store.md says is so: its tables are the store's, its queries run and answer."""

import re

from tests.daemon.sessions import record_session
from tests.daemon.store.store_making import follow, rows_of, with_db
from tests.docs.markdown import document

PAGE = document("docs/store.md")


def test_the_page_lists_every_table(tmp_path):
    follow(tmp_path / "store.db", record_session(tmp_path, rounds=5))
    sql = "SELECT name FROM sqlite_schema WHERE type = 'table'"
    listed = re.findall(r"^\| `(\w+)` \|", PAGE.text, re.MULTILINE)

    assert sorted(listed) == sorted(str(name) for (name,) in rows_of(tmp_path / "store.db", sql))


def test_every_query_of_the_page_answers(tmp_path):
    follow(tmp_path / "store.db", record_session(tmp_path, rounds=100))
    queries = [block.text for block in PAGE.blocks if block.language == "sql"]

    async def ask(db):
        return [list(await db.execute_fetchall(query)) for query in queries]

    profits, delays, falls, slippages = with_db(tmp_path / "store.db", ask)
    assert {row[0] for row in profits} == {"ema-btc", "quoter-eth"}
    assert all(float(row[5]) > 0 for row in profits), "fees"
    assert all(row[3] > 0 for row in delays)
    assert delays == sorted(delays, key=lambda row: -row[3])
    assert {row[1] for row in falls} == {"BTC", "ETH", "USDT"}
    assert slippages == [], "no algorithm ran"
