"""Every tidy rule is shown to bite: a snippet it must refuse beside one it must let pass."""

from textwrap import dedent

import pytest

from tests.architecture import rules, shape, text
from tests.architecture.source import Finding, Source, excuse

REFUSED = [
    # rule, path, code; the first line that says "bad" is the one to be found
    ("impure-call", "core/book.py", "print('x')  # bad"),
    ("impure-call", "risk/gate.py", "text = open('f').read()  # bad"),
    ("impure-call", "engine/digest.py", "def f(x: str) -> int:\n    return hash(x)  # bad"),
    ("impure-call", "oms/order.py", "key = id(order)  # bad"),
    ("impure-call", "strategies/ema.py", "eval('1')  # bad"),
    ("impure-call", "strategies/ema.py", "exec('1')  # bad"),
    ("impure-call", "connectors/sim/venue.py", "print('x')  # bad"),
    ("impure-call", "connectors/binance/session.py", "print('x')  # bad"),
    ("impure-call", "core/bars.py", "import datetime\nt = datetime.datetime.now()  # bad"),
    ("impure-call", "core/bars.py", "from datetime import date\nt = date.today()  # bad"),
    ("impure-call", "core/bars.py", "t = when.timestamp()  # bad"),
    ("set-order", "core/book.py", "for x in {1, 2}:  # bad\n    pass"),
    ("set-order", "core/book.py", "for x in set(items):  # bad\n    pass"),
    ("set-order", "core/book.py", "for x in frozenset(items):  # bad\n    pass"),
    ("set-order", "core/book.py", "for x in {y for y in items}:  # bad\n    pass"),
    ("set-order", "core/book.py", "a = [x for x in {1, 2}]  # bad"),
    ("set-order", "core/book.py", "a = {x: 1 for x in {1, 2}}  # bad"),
    ("set-order", "core/book.py", "a = list({'a', 'b'})  # bad"),
    ("set-order", "core/book.py", "a = ', '.join({'a', 'b'})  # bad"),
    ("set-order", "core/book.py", "a = [*{'a', 'b'}]  # bad"),
    ("set-order", "core/book.py", "a, b = {'a', 'b'}  # bad"),
    ("set-order", "core/book.py", "a = sum({0.1, 0.2})  # bad"),
    ("set-order", "core/book.py", "a = sum(x for x in {0.1, 0.2})  # bad"),
    ("set-order", "core/book.py", "a = max({'a', 'b'}, key=len)  # bad"),
    ("set-order", "core/book.py", "a = {1} | other\nfor x in a:  # bad\n    pass"),
    ("set-order", "oms/table.py", "def f(ids: set[str]) -> None:\n    for i in ids:  # bad\n        g(i)"),
    ("set-order", "oms/table.py", "def f(ids: set[str] | None) -> str:\n    return next(iter(ids))  # bad"),
    ("set-order", "oms/table.py", "self.ids = set()\nfor i in self.ids:  # bad\n    g(i)"),
    ("set-order", "oms/table.py", "self.ids: set[str] = load()\nfirst = self.ids.pop()  # bad"),
    ("set-order", "oms/table.py", "ids = set()\nfor i in ids.union(more):  # bad\n    g(i)"),
    ("package-docstring", "oms/__init__.py", '"""Orders."""  # bad'),
    ("package-docstring", "connectors/kraken/__init__.py", "# bad"),
    ("await-outside-transport", "connectors/binance/session.py", "async def run() -> None:  # bad\n    pass"),
    ("await-outside-transport", "connectors/binance/rest.py", "async def transport(): ...  # bad"),
    ("await-outside-transport", "connectors/shared.py", "async def run(): ...  # bad"),
    ("await-outside-transport", "connectors/x.py", "class C(Protocol):\n    async def f(self): g()  # bad"),
    ("approval", "engine/step.py", "command = ApprovedSubmit(intent=intent)  # bad"),
    ("approval", "risk/checks.py", "command = orders.ApprovedCancel(id='1')  # bad"),
    ("approval", "connectors/sim/venue.py", "command = ApprovedReplace()  # bad"),
    ("approval", "engine/desk.py", "command = ApprovedGroup(group=name, contingency=one, orders=orders)  # bad"),
    ("approval", "oms/manager.py", "class Mine(ApprovedSubmit):  # bad\n    pass"),
    ("approval", "oms/manager.py", "make = ApprovedSubmit  # bad"),
    ("approval", "oms/manager.py", "from core.orders import ApprovedSubmit as Make  # bad"),
    ("swallowed-error", "daemon/run.py", "try:\n    f()\nexcept Exception:  # bad\n    pass"),
    ("swallowed-error", "daemon/run.py", "try:\n    f()\nexcept (A, BaseException):  # bad\n    ..."),
    ("swallowed-error", "daemon/run.py", "try:\n    f()\nexcept:  # bad\n    raise"),
    ("swallowed-error", "tests/test_x.py", "while f():\n try:\n  f()\n except Exception:  # bad\n  continue"),
    ("swallowed-error", "daemon/run.py", "with contextlib.suppress(Exception):  # bad\n    f()"),
    ("error-tree", "oms/order.py", "class Order: ...\nclass OrderError(Exception): ...  # bad"),
    ("error-tree", "oms/order.py", "def f(): ...\nclass Late(OmsError): ...  # bad"),
    ("error-tree", "oms/errors.py", "class Trouble(Exception): ...  # bad"),
    ("assertion", "oms/order.py", "assert (n := f()) > 0  # bad"),
    ("assertion", "engine/step.py", "if __debug__:  # bad\n    check()"),
]  # fmt: skip

LET_PASS = [
    # rule, path, code
    ("impure-call", "daemon/cli.py", "print('x'); open('f')"),
    ("impure-call", "connectors/binance/transport.py", "print('x')"),
    ("impure-call", "core/book.py", "id = 1; order.id; venue.open(); self.hash(1)"),
    ("impure-call", "core/bars.py", "t = clock.now_ns; u = datetime.fromisoformat(text)"),
    ("set-order", "journal/reader.py", "for x in {1, 2}: f(x)"),
    ("set-order", "core/book.py", "for x in sorted({1, 2}): f(x)"),
    ("set-order", "core/book.py", "for x in sorted({'a', 'b'}, key=len): f(x)"),
    ("set-order", "core/book.py", "for x in sorted(y.name for y in {1, 2}): f(x)"),
    ("set-order", "core/book.py", "a = any(x > 1 for x in {1, 2}); b = len({1}); c = 3 in {1, 2}"),
    ("set-order", "core/book.py", "a = {x + 1 for x in {1, 2}}; b = max({1, 2})"),
    ("set-order", "core/book.py", "ids = set(); ids.add(1); ids.discard(1)"),
    ("set-order", "core/book.py", "ids = {1: 2}\nfor i in ids: f(i)\nids.pop()"),
    ("set-order", "core/book.py", "def f(ids: dict[str, set[int]]) -> None:\n    for i in ids: g(i)"),
    ("package-docstring", "core/__init__.py", '"""Words.\n\nFor: x.\nMay import: y.\nRefuses: z.\n"""'),
    ("package-docstring", "core/book.py", '"""Books."""'),
    ("await-outside-transport", "connectors/binance/transport.py", "async def run() -> None: await f()"),
    ("await-outside-transport", "connectors/embedded/server.py", "async def run() -> None: await f()"),
    ("await-outside-transport", "connectors/base.py", "class C(Protocol):\n    async def run(self): ..."),
    ("await-outside-transport", "daemon/run.py", "async def run() -> None: await f()"),
    ("approval", "risk/gate.py", "command = ApprovedSubmit(intent=intent)"),
    ("approval", "tests/oms/test_x.py", "command = ApprovedSubmit(intent=intent)"),
    (
        "approval",
        "connectors/sim/venue.py",
        "def send(c: ApprovedSubmit) -> None: isinstance(c, ApprovedSubmit)",
    ),
    ("approval", "core/codec.py", "TYPES = {1: orders.ApprovedSubmit}; d = Decoder(ApprovedSubmit)"),
    ("swallowed-error", "daemon/run.py", "try:\n    f()\nexcept OSError:\n    pass"),
    ("swallowed-error", "daemon/run.py", "try:\n    f()\nexcept Exception as error:\n    report(error)"),
    ("swallowed-error", "daemon/run.py", "with contextlib.suppress(OSError): f()"),
    (
        "error-tree",
        "oms/errors.py",
        "class OmsError(Exception): ...\nclass UnknownOrder(OmsError, ValueError): ...",
    ),
    (
        "error-tree",
        "oms/order.py",
        "class OmsError(Exception): ...\nclass Late(OmsError): ...\nclass Order: ...",
    ),
    ("error-tree", "oms/order.py", "class Order: ...\nclass Book(Struct): ..."),
    ("error-tree", "oms/order.py", "class _Stop(Exception): ...\nclass Order: ..."),
    ("assertion", "oms/order.py", "assert quantity > 0, quantity"),
    ("assertion", "daemon/cli.py", "ok = __debug__"),
]


def found(path: str, code: str) -> list[Finding]:
    return rules.findings(Source.of(path, code))


@pytest.mark.parametrize(("rule", "path", "code"), REFUSED)
def test_what_breaks_a_rule_is_found_on_its_line(rule: str, path: str, code: str) -> None:
    line = next(n for n, text_line in enumerate(code.splitlines(), start=1) if "bad" in text_line)

    assert (line, rule) in {(finding.line, finding.rule) for finding in found(path, code)}


@pytest.mark.parametrize(("rule", "path", "code"), LET_PASS)
def test_what_keeps_a_rule_passes(rule: str, path: str, code: str) -> None:
    assert [finding for finding in found(path, code) if finding.rule == rule] == []


def test_every_rule_has_a_snippet_that_breaks_it_and_one_that_does_not() -> None:
    sized = {"function-length", "file-length"}

    assert {rule for rule, _, _ in REFUSED} | sized == set(rules.NAMES)
    assert {rule for rule, _, _ in LET_PASS} | sized == set(rules.NAMES)


@pytest.mark.parametrize(("lines", "breaks"), [(shape.FUNCTION_LINES_MAX, False), (shape.FUNCTION_LINES_MAX + 1, True)])
def test_a_function_may_fill_a_screen_and_no_more(lines: int, breaks: bool) -> None:
    code = "def f() -> None:\n" + "    g()\n" * (lines - 1)

    assert [f.rule for f in found("oms/order.py", code)] == (["function-length"] if breaks else [])
    assert found("tests/oms/test_order.py", code) == []


@pytest.mark.parametrize(("lines", "breaks"), [(shape.FILE_LINES_MAX, False), (shape.FILE_LINES_MAX + 1, True)])
def test_a_file_may_have_so_many_lines_and_no_more(lines: int, breaks: bool) -> None:
    assert [f.rule for f in found("oms/order.py", "x = 1\n" * lines)] == (["file-length"] if breaks else [])


@pytest.mark.parametrize(
    "code",
    [
        "print('x')  # tidy: allow impure-call because a test says so",
        "# tidy: allow impure-call because a test says so\nprint('x')",
    ],
)
def test_a_marker_with_a_reason_excuses_its_line(code: str) -> None:
    assert excuse(code, found("core/book.py", code), rules.NAMES) == []


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("print('x')  # tidy: allow impure-call", "say why"),
        ("print('x')  # tidy: allow purity because I like it", "no rule is called 'purity'"),
        ("print('x')  # tidy: allow set-order because I like it", "nothing here breaks set-order"),
    ],
)
def test_a_marker_without_reason_rule_or_effect_excuses_nothing(code: str, says: str) -> None:
    kept = excuse(code, found("core/book.py", code), rules.NAMES)

    assert [finding.rule for finding in kept] == ["impure-call", "marker"]
    assert says in kept[1].message


@pytest.mark.parametrize(
    "path", ["/wo" + "rk/main/x", "in /tm" + "p/w/v/bin", "'/ro" + "ot/.pyenv'", "/ho" + "me/me/x"]
)
def test_a_path_of_one_machine_is_found(path: str) -> None:
    assert [(f.line, f.rule) for f in text.machine_paths(f"first\n{path}\n")] == [(2, "machine-path")]


@pytest.mark.parametrize("path", ["https://x.org/home/page", "/tmp/x", "a/work/b", "/etc/tickerd.toml", "~/work/x"])
def test_a_path_that_any_machine_may_have_passes(path: str) -> None:
    assert list(text.machine_paths(path)) == []


def test_a_dependency_without_a_reason_is_found() -> None:
    pyproject = dedent("""\
        [project]
        classifiers = [
          "Typing :: Typed",
        ]
        dependencies = [
          "msgspec>=0.22",  # typed frames
          # a reason above
          "numpy>=2",
          "left-pad>=1",
        ]
        [project.optional-dependencies]
        dev = [
          "pytest",
        ]
    """)

    assert [finding.line for finding in text.dependency_reasons(pyproject)] == [9, 13]


@pytest.mark.parametrize(
    ("line", "ok"),
    [
        ("numpy==2.4.6 \\", True),
        ("numpy==2.4.6", False),
        ("numpy>=2.4 \\", False),
        ("numpy @ https://example.org/numpy.whl \\", False),
        ("--index-url https://example.org/simple", False),
        ("-e .", False),
    ],
)
def test_the_lock_holds_exact_hashed_versions_and_nothing_else(line: str, ok: bool) -> None:
    lock = f"{line}\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{'1' * 64}\n"

    assert (list(text.lock_lines(lock)) == []) is ok


def test_a_locked_version_without_a_hash_is_found() -> None:
    lock = f"a==1 \\\nb==2 \\\n    --hash=sha256:{'0' * 64}\n"

    assert [finding.line for finding in text.lock_lines(lock)] == [1]
