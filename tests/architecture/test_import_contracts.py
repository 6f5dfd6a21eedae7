"""The import contracts of pyproject.toml are shown to bite, on a skeleton with planted imports."""

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGES, ROOT

MODULES = [
    *(f"{package}/__init__.py" for package in PACKAGES),
    *(f"connectors/{name}/__init__.py" for name in ("sim", "binance", "kraken")),
    *(f"connectors/binance/{name}.py" for name in ("session", "transport", "messages")),
    "oms/order.py",
    "oms/table.py",
]

# What may not be, and the contract that says so.
PLANTED = [
    ("core/__init__.py", "import oms", "layers"),
    ("oms/order.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import risk", "layers"),
    ("risk/__init__.py", "import strategies", "layers"),
    ("connectors/__init__.py", "import journal", "layers"),
    ("config/__init__.py", "import daemon", "layers"),
    ("journal/__init__.py", "import oms.order", "edges"),
    ("connectors/binance/messages.py", "def f():\n    import engine", "edges"),
    ("connectors/binance/session.py", "from connectors.binance import transport", "sessions"),
    ("connectors/binance/session.py", "import time", "pure"),
    ("connectors/sim/__init__.py", "import websockets.client", "pure"),
    ("strategies/__init__.py", "from os.path import join", "pure"),
    ("oms/order.py", "import oms.table", "cycles"),
]


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for module in MODULES:
        path = tmp_path / module
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    # One half of a cycle; alone it is an import like any other.
    (tmp_path / "oms/table.py").write_text("import oms.order\n", encoding="utf-8")
    return tmp_path


def lint(folder: Path, contract: str) -> str:
    program = f"{sysconfig.get_path('scripts')}/lint-imports"
    command = [program, "--no-cache", "--no-logo", "--contract", contract]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout


@pytest.mark.parametrize("contract", sorted({contract for _, _, contract in PLANTED}))
def test_a_contract_is_kept_until_each_of_its_planted_imports_is_there(skeleton: Path, contract: str) -> None:
    assert "1 kept, 0 broken" in lint(skeleton, contract)

    for module, code, breaks in PLANTED:
        if breaks == contract:
            path = skeleton / module
            kept = path.read_text(encoding="utf-8")
            path.write_text(f"{kept}{code}\n", encoding="utf-8")
            assert "0 kept, 1 broken" in lint(skeleton, contract), f"{module}: {code}"
            path.write_text(kept, encoding="utf-8")
