"""Tidy rules for the shape of code: package docstrings, sizes, error trees, and who may do what where."""

import ast
import builtins
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from tests.architecture.source import Finding, Source

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 400

_APPROVED = {"ApprovedSubmit", "ApprovedCancel", "ApprovedReplace", "ApprovedGroup"}
_GATE = PurePosixPath("risk/gate.py")
_DOCSTRING_PARTS = ("For:", "May import:", "Refuses:")


def package_docstring(source: Source) -> Iterator[Finding]:
    """Want every product package to say what it is for, what it may import and what it refuses to do."""
    if not source.is_product or source.path.name != "__init__.py":
        return
    docstring = ast.get_docstring(source.tree) or ""
    missing = [part for part in _DOCSTRING_PARTS if part not in docstring]
    if missing:
        yield Finding(1, "package-docstring", f"the package docstring lacks {', '.join(missing)}; see core/__init__.py")


def sizes(source: Source) -> Iterator[Finding]:
    """Want functions that fit a screen and files with one subject."""
    if not source.is_product:
        return
    lines = len(source.text.splitlines())
    if lines > FILE_LINES_MAX:
        yield Finding(1, "file-length", f"{lines} lines, at most {FILE_LINES_MAX}; give each subject a file of its own")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield Finding(
                    node.lineno,
                    "function-length",
                    f"{node.name} has {length} lines, at most {FUNCTION_LINES_MAX}; keep the branching here "
                    "and move the leaves into functions",
                )


def awaiting(source: Source) -> Iterator[Finding]:
    """Within connectors, let only `transport.py` (and the embedded venue, a server) await."""
    parts = source.path.parts
    if parts[0] != "connectors" or parts[-1] == "transport.py" or parts[1] == "embedded":
        return
    declared = set(_protocol_methods(source.tree))
    for node in ast.walk(source.tree):
        if node not in declared and isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield Finding(
                node.lineno,
                "await-outside-transport",
                "only transport.py awaits; decide here from bytes and a time passed in, return what to do",
            )


def approval(source: Source) -> Iterator[Finding]:
    """Let only the gate make approved commands: connectors send nothing else, so this is the choke point."""
    if not source.is_product or source.path == _GATE:
        return
    advice = "only risk/gate.py makes approved commands; hand the gate an intent"
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _APPROVED:
                yield Finding(node.lineno, "approval", f"{name}(...) made here; {advice}")
            case ast.ClassDef(bases=bases):
                for base in map(_name, bases):
                    if base in _APPROVED:
                        yield Finding(node.lineno, "approval", f"{node.name} is a kind of {base}; {advice}")
            case ast.Assign(value=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _APPROVED:
                yield Finding(node.lineno, "approval", f"{name} under another name; {advice}")
            case ast.alias(name=name, asname=str(other)) if name in _APPROVED:
                yield Finding(node.lineno, "approval", f"{name} imported as {other}; {advice}")


def swallowed_errors(source: Source) -> Iterator[Finding]:
    """Refuse to catch everything and go on as if nothing had happened."""
    advice = "catch the error you expect, or make it an event, a value or a log line"
    for node in ast.walk(source.tree):
        match node:
            case ast.ExceptHandler(type=None):
                yield Finding(node.lineno, "swallowed-error", f"bare except; {advice}")
            case ast.ExceptHandler(type=ast.expr() as caught, body=body):
                if _catches_all(caught) and all(_does_nothing(statement) for statement in body):
                    yield Finding(node.lineno, "swallowed-error", f"{ast.unparse(caught)} swallowed; {advice}")
            case ast.Call(func=ast.Name(id="suppress") | ast.Attribute(attr="suppress"), args=args):
                if any(_catches_all(arg) for arg in args):
                    yield Finding(node.lineno, "swallowed-error", f"suppress() of everything; {advice}")


def error_trees(source: Source) -> Iterator[Finding]:
    """Want each package's errors at the top of one file, under a root that is called ...Error."""
    if not source.is_product:
        return
    errors = _error_classes(source.tree)
    for node in errors.values():
        roots = [base for base in map(_name, node.bases) if _is_builtin_error(base)]
        is_root = roots and len(roots) == len(node.bases)
        if is_root and not node.name.startswith("_") and not node.name.endswith("Error"):
            yield Finding(
                node.lineno,
                "error-tree",
                f"{node.name} is the root of an error tree: call it ...Error, or derive it from the root",
            )
    if source.path.name == "errors.py":
        return
    seen_other = False
    for statement in source.tree.body:
        is_error = isinstance(statement, ast.ClassDef) and statement.name in errors
        if is_error and seen_other:
            yield Finding(
                statement.lineno,
                "error-tree",
                "errors stand at the top of their file; move this one up, or into errors.py",
            )
        seen_other |= isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not is_error


def scattered_errors(sources: Iterable[Source]) -> Iterator[tuple[PurePosixPath, Finding]]:
    """Want the public errors of a folder in one file, where a reader finds all of them."""
    homes: dict[PurePosixPath, PurePosixPath] = {}
    for source in sorted(sources, key=lambda source: (source.path.name != "errors.py", source.path)):
        public = [node for name, node in _error_classes(source.tree).items() if not name.startswith("_")]
        if source.is_product and public:
            home = homes.setdefault(source.path.parent, source.path)
            if home != source.path:
                yield source.path, Finding(public[0].lineno, "error-tree", f"move it to the others, in {home}")


def assertions(source: Source) -> Iterator[Finding]:
    """Keep assertions true to themselves: no work done inside one, no code that hangs on their being on.

    The daemon refuses to start under `python -O`; that one check, in daemon/, reads the flag.
    """
    if not source.is_product:
        return
    for node in ast.walk(source.tree):
        match node:
            case ast.Assert(test=test):
                for part in ast.walk(test):
                    if isinstance(part, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom):
                        yield Finding(
                            node.lineno,
                            "assertion",
                            "an assertion only looks; do the work on the line before it",
                        )
            case ast.Name(id="__debug__") if source.package != "daemon":
                yield Finding(node.lineno, "assertion", "__debug__ makes two programs of one; only daemon/ asks")


def _protocol_methods(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield what protocols declare: a signature without a body awaits nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and "Protocol" in map(_name, node.bases):
            for method in node.body:
                if isinstance(method, ast.AsyncFunctionDef) and all(map(_does_nothing, method.body)):
                    yield method


def _error_classes(tree: ast.Module) -> dict[str, ast.ClassDef]:
    """Return the exception classes of a file: their bases are built-in, ...Error, or among themselves."""
    errors: dict[str, ast.ClassDef] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            bases = [_name(base) for base in node.bases]
            if any(base.endswith("Error") or _is_builtin_error(base) or base in errors for base in bases):
                errors[node.name] = node
    return errors


def _is_builtin_error(name: str) -> bool:
    thing = getattr(builtins, name, None)
    return isinstance(thing, type) and issubclass(thing, BaseException)


def _catches_all(caught: ast.expr) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(_catches_all(item) for item in caught.elts)
    return _name(caught) in {"Exception", "BaseException"}


def _does_nothing(statement: ast.stmt) -> bool:
    match statement:
        case ast.Pass() | ast.Continue() | ast.Expr(value=ast.Constant()):
            return True
    return False


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
