"""`python -m tests.docs.terminal_picture RECORDING docs/terminal.svg`: the README's picture, of a real run.

    .venv/bin/tickerd demo --for 30s --json > demo.jsonl
    .venv/bin/python -m tests.docs.terminal_picture demo.jsonl docs/terminal.svg

The recorded statuses are drawn by the screen's own `render`, at one moment of the run; rich writes what a terminal of
120 x 40 would have shown as SVG. Nothing is made up, and nothing in the picture is loaded from elsewhere.
"""

import argparse
import html
import io
import json
import re
import sys
from pathlib import Path

import msgspec
from rich.console import Console
from rich.terminal_theme import TerminalTheme

from daemon.screen.history import Recorder
from daemon.screen.render import render
from daemon.screen.words import SECOND_NS
from daemon.status import Status

WIDTH, HEIGHT = 120, 40
TITLE = "tickerd demo"
SIZE_MAX = 200_000
COLOURS = [(72, 79, 88), (255, 123, 114), (63, 185, 80), (210, 153, 34)]
COLOURS += [(88, 166, 255), (188, 140, 255), (57, 197, 207), (177, 186, 196)]
BRIGHT = [(110, 118, 129), (255, 161, 152), (86, 211, 100), (227, 179, 65)]
BRIGHT += [(121, 192, 255), (210, 168, 255), (86, 212, 221), (240, 246, 252)]
THEME = TerminalTheme((13, 17, 23), (201, 209, 217), COLOURS, BRIGHT)
# rich's own frame fetches its font from the net; whoever looks at a README has a font for terminals already.
FONTS = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"
FRAME = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>the live table of a running tickerd demo</title>
<style>
.{unique_id}-matrix {{ font-family: FONTS; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-family: FONTS; font-size: 17px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
""".replace("FONTS", FONTS)

CELL = re.compile(r'<text class="(?P<style>t-r\d+)" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)" [^>]*>(?P<text>[^<]*)</text>')
CELL_WIDTH = 12.2


def recorded(lines: list[str]) -> list[Status]:
    """Return the statuses among the lines of `--json`."""
    told = [json.loads(line) for line in lines]
    return [msgspec.convert(line, Status) for line in told if line["event"] == "status"]


def picture(statuses: list[Status], at_s: float, run_for_s: float) -> str:
    """Return the screen as it was `at_s` seconds after the start, as SVG."""
    recorder = Recorder(int(run_for_s * SECOND_NS))
    shown = statuses[0]
    for status in statuses:
        if status.uptime_ns > at_s * SECOND_NS:
            break
        recorder.add(status)
        shown = status
    console = Console(
        width=WIDTH,
        height=HEIGHT,
        record=True,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
        _environ={},
    )
    console.print(render(shown, recorder.history(), WIDTH, HEIGHT))
    return CELL.sub(_in_place, console.export_svg(title=TITLE, theme=THEME, code_format=FRAME, unique_id="t"))


def _in_place(found: re.Match[str]) -> str:
    """Put each word where its cells are: not every viewer stretches a text to its `textLength`, as rich relies on."""
    style, left, y = found["style"], float(found["x"]), float(found["y"])
    text = html.unescape(found["text"]).rstrip("\n").replace("\xa0", " ")
    parts = []
    for word in re.finditer(r"[╭╮╰╯]|[^\s╭╮╰╯]+", text):
        x = left + word.start() * CELL_WIDTH
        if word[0] == "│":  # a font's own bar leaves a gap to the line below
            parts.append(f'<rect class="{style}" x="{x + 5.4:.1f}" y="{y - 20:.1f}" width="1.4" height="26"/>')
        else:
            length = f'textLength="{len(word[0]) * CELL_WIDTH:.1f}"'
            parts.append(f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" {length}>{html.escape(word[0])}</text>')
    return "".join(parts)


def main() -> int:
    """Draw and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.docs.terminal_picture", description=__doc__.split("\n")[0])
    parser.add_argument("recording", type=Path, help="what `tickerd demo --json` said")
    parser.add_argument("svg", type=Path)
    parser.add_argument("--at", type=float, default=23.0, help="the moment, seconds after the start (default 23)")
    parser.add_argument("--for", dest="run_for", type=float, default=30.0, help="how long the run was to last, s")
    options = parser.parse_args()
    svg = picture(recorded(options.recording.read_text(encoding="utf-8").splitlines()), options.at, options.run_for)
    options.svg.write_text(svg, encoding="utf-8")
    sys.stderr.write(f"{options.svg}: {len(svg):,} bytes\n")
    return 0 if len(svg) < SIZE_MAX else 1


if __name__ == "__main__":
    sys.exit(main())
