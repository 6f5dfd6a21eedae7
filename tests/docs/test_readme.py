"""README: short, its strategy fits twenty lines, its figures are the measured ones, its picture is of this screen."""

import io
import re

from rich.console import Console

from config.load import load
from config.strategies import load_strategies
from daemon.screen.history import History
from daemon.screen.render import render
from strategies import Strategy
from tests.bench.table import peers_table, read, table
from tests.daemon.status_samples import status
from tests.docs.markdown import ROOT, document
from tests.docs.terminal_picture import HEIGHT, SIZE_MAX, WIDTH

README = document("README.md")
PICTURE = ROOT / "docs" / "terminal.svg"
BENCH = ROOT / "docs" / "bench.json"
LINES_MAX = 150


def test_the_readme_stays_short():
    assert len(README.text.splitlines()) <= LINES_MAX


def test_the_first_strategy_is_twenty_lines_of_code_and_loads_with_its_settings(tmp_path):
    (code,) = [block.text for block in README.blocks if block.language == "python"]
    (settings,) = [block.text for block in README.blocks if block.language == "toml"]
    (tmp_path / "breakout.py").write_text(code, encoding="utf-8")
    (tmp_path / "breakout.toml").write_text(settings, encoding="utf-8")

    loaded = load_strategies(load(tmp_path / "breakout.toml"))

    assert len([line for line in code.splitlines() if line.strip()]) <= 20
    assert [each.strategy.__name__ for each in loaded.values()] == ["Breakout"]


def test_every_page_of_docs_is_listed_in_the_readme():
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
    assert pages <= set(re.findall(r"\]\((docs/[^)]+\.md)\)", README.text))


def test_the_strategy_guide_has_every_callback_and_everything_that_can_be_asked_for():
    guide = document("strategies/README.md")
    named = {found for code in guide.codes for found in re.findall(r"\b[a-z_]+\b", code)}
    public = {name for name in vars(Strategy) if not name.startswith("_")} - {"Params", "params", "context"}

    assert public <= named, public - named
    assert {name for name in named if name.startswith(("on_", "subscribe_"))} <= public


def test_the_figures_are_those_that_were_measured():
    shown = README.text.partition("<!-- bench -->\n")[2].partition("<!-- /bench -->")[0]

    assert shown == table(read(BENCH), goals_only=True), "python -m tests.bench.table docs/bench.json prints it"


def test_all_figures_stand_on_their_page():
    shown = document("docs/bench.md").text.partition("<!-- bench -->\n")[2].partition("<!-- /bench -->")[0]

    assert shown == table(read(BENCH)), "python -m tests.bench.table docs/bench.json prints it second"


def test_the_peers_figures_are_those_that_were_measured():
    shown = document("docs/peers.md").text.partition("<!-- peers -->\n")[2].partition("<!-- /peers -->")[0]
    peers = read(BENCH).peers

    assert peers is not None
    assert shown == peers_table(peers), "put the end of python -m tests.bench.table docs/bench.json there"


def test_the_picture_is_small_whole_in_itself_and_names_no_machine():
    svg = PICTURE.read_text(encoding="utf-8")

    assert len(svg) < SIZE_MAX
    assert not re.search(r"(href|src|url)\s*[=(]\s*[\"']?(?!#)", svg.replace('xmlns="http', ""))
    assert "var/sessions/" in svg
    assert not re.search(r"(?<![\w.])/(home|root|tmp|work|Users)\b", svg)


def test_the_picture_shows_the_screen_as_it_is_drawn_today():
    console = Console(width=WIDTH, height=HEIGHT, file=io.StringIO(), color_system=None, record=True)
    console.print(render(status(), History(), WIDTH, HEIGHT))
    drawn = console.export_text()
    titles = re.findall(r"╭─ ([a-z ]+?) ─", drawn) + re.findall(r"─╮╭─ ([a-z ]+?) ─", drawn)
    svg = PICTURE.read_text(encoding="utf-8")
    words = set(re.findall(r">([^<]+)</text>", svg))

    assert titles
    assert {word for title in titles for word in title.split()} <= words | {"in", "USDT"}
    assert {"READY", "LIVE", "SYNTHETIC", "MARKET", "BTCUSDT.BINANCE", "ETHUSDT.BINANCE"} <= words
