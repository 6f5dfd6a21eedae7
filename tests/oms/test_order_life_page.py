"""docs/order-life.md is drawn from the table that the order manager runs on."""

from pathlib import Path

from oms.diagram import transitions_diagram, transitions_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "order-life.md"

TEXT = """# The life of an order

Drawn from `oms/transitions.py`, the one table that decides; a test holds this page to it.

Rows are states, columns what is learnt. `·` changes nothing; `working` is accepted or partially filled, by what has
been filled; a word in capitals behind `!` is an alert: what was learnt contradicts what was known, and a person
should look. UNKNOWN reserves the order's full exposure and ends on the venue's evidence alone. A fill after the end
of an order is booked all the same.

{table}

```mermaid
{diagram}
```
"""


def drawn() -> str:
    return TEXT.format(table=transitions_table().strip(), diagram=transitions_diagram().strip())


def test_the_page_is_the_table():
    assert PAGE.read_text(encoding="utf-8") == drawn(), "docs/order-life.md is old: write what `drawn()` returns"
