"""The map: the best of each pair of values, on a terminal and as a picture."""

import xml.etree.ElementTree as ET

from research.sweep.figures import Figures
from research.sweep.grid import Grid
from research.sweep.heatmap import heat_map, svg, terminal_lines
from research.sweep.result import Trial


def figures(gain: float) -> Figures:
    return Figures(
        orders=1, fills=1, refusals=0, end="1", profit="1", gain=gain, fees="0", max_drawdown="0",
        max_drawdown_share=0.1, sharpe=None, returns=0, skewness=0.0, kurtosis=0.0,
    )  # fmt: skip


def trials(grid: Grid) -> list[Trial]:
    return [
        Trial(number=number, values=values, figures=figures(sum(float(str(value)) for value in values) / 100))
        for number, values in enumerate(grid.combinations())
    ]


GRID = Grid({"fast": (1, 2, 3), "slow": (10, 20), "lots": (0, 5)})


def test_each_cell_is_the_best_over_all_other_parameters():
    found = heat_map(GRID, trials(GRID), "return")

    assert found is not None
    assert (found.across, found.down) == ("fast", "slow")
    assert found.cells == [[0.16, 0.17, 0.18], [0.26, 0.27, 0.28]]


def test_a_combination_without_figures_leaves_its_cell_empty():
    grid = Grid({"fast": (1, 2), "slow": (10, 20)})
    some = [
        trial if trial.values != (2, 20) else Trial(number=3, values=(2, 20), problem="no") for trial in trials(grid)
    ]

    found = heat_map(grid, some, "return")

    assert found is not None
    assert found.cells[1][1] is None
    assert "slow 20, fast 2: none" in svg(found)


def test_one_parameter_makes_no_map():
    assert heat_map(Grid({"fast": (1, 2), "slow": (3,)}), [], "return") is None


def test_the_picture_is_well_formed_and_has_every_cell():
    found = heat_map(GRID, trials(GRID), "return")
    assert found is not None

    root = ET.fromstring(svg(found))

    titles = [each.text for each in root.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == 6
    assert "slow 20, fast 3: 28.00 %" in titles


def test_a_map_that_does_not_fit_the_terminal_is_left_out():
    found = heat_map(GRID, trials(GRID), "return")
    assert found is not None

    lines = terminal_lines(found, 20)

    assert any("▀" in line.plain for line in lines)
    assert max(len(line.plain) for line in lines[1:]) <= 20
    assert terminal_lines(found, 6) == []
