"""Tidy rules for pure code, for what import-linter cannot see: built-ins, clocks and the order of sets.

Set iteration is judged by what the file itself shows: literals, calls, annotations and assignments. Strings
hash differently in every process, so a loop over a set of them may replay differently.
"""

import ast
from collections.abc import Iterator

from tests.architecture.source import Finding, Source

_CALLS = {
    "open": "files belong to journal/, config/ and daemon/: take the content as an argument",
    "print": "return a value or an effect; daemon/ shows it",
    "input": "operator input arrives as an event",
    "breakpoint": "remove it",
    "hash": "string hashes change per process: use zlib.crc32 or hashlib on bytes",
    "id": "addresses change per process: compare with `is`, or number the things",
    "eval": "decode data with msgspec",
    "exec": "decode data with msgspec",
    "compile": "strategies from files are loaded in config/",
    "__import__": "import at the top of the file, where import-linter sees it",
    "vars": "name the fields",
    "globals": "name the value",
}
_CLOCKS = {
    "now",
    "utcnow",
    "today",
    "time",
    "time_ns",
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "perf_counter_ns",
}
_CLOCK_OWNERS = {"time", "date", "datetime", "dt"}
_SET_NAMES = {"set", "frozenset", "Set", "AbstractSet", "FrozenSet", "MutableSet"}
_SET_METHODS = {"union", "intersection", "difference", "symmetric_difference"}
# What takes an iterable and gives the same answer in any order: not `sum`, which rounds floats as they come.
_ORDER_FREE = {"sorted", "set", "frozenset", "len", "any", "all", "min", "max"}
# What takes an iterable and shows its order.
_ORDER_SHOWN = {
    "list",
    "tuple",
    "iter",
    "enumerate",
    "zip",
    "map",
    "filter",
    "reversed",
    "deque",
    "array",
    "dict",
    "sum",
}
_ORDER_SHOWN_METHODS = {"join", "extend", "fromkeys", "extendleft", "writelines"}


def impure_calls(source: Source) -> Iterator[Finding]:
    """Refuse built-ins that reach outside or differ per process, clocks, and seconds as floats."""
    if not source.is_pure:
        return
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id=name) if name in _CALLS:
                yield Finding(node.lineno, "impure-call", f"{name}() in pure code; {_CALLS[name]}")
            case ast.Attribute(attr=name, value=owner) if name in _CLOCKS and _last_name(owner) in _CLOCK_OWNERS:
                yield Finding(node.lineno, "impure-call", f".{name}() reads a clock; time is a field of the event (ns)")
            case ast.Attribute(attr="timestamp"):
                yield Finding(node.lineno, "impure-call", ".timestamp() is a float of seconds; keep time in whole ns")


def set_iteration(source: Source) -> Iterator[Finding]:
    """Refuse to loop over a set, or to turn one into something with an order, unless sorted."""
    if not source.is_pure:
        return
    sets = _known_sets(source.tree)
    order_free = set(_arguments_of_order_free_calls(source.tree))
    for node in ast.walk(source.tree):
        for iterated in _iterated(node, order_free):
            if _is_set(iterated, sets):
                yield Finding(
                    iterated.lineno,
                    "set-order",
                    f"the order of the set `{ast.unparse(iterated)}` changes per process; use sorted(...), "
                    "or keep a dict or a tuple",
                )


def _arguments_of_order_free_calls(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if _order_free(name, keywords):
                yield from args


def _order_free(name: str, keywords: list[ast.keyword]) -> bool:
    """Whether a call hides the order of what it is given; `max(s, key=...)` picks the first of equals."""
    return name in _ORDER_FREE and (not keywords or name == "sorted")


def _iterated(node: ast.AST, order_free: set[ast.expr]) -> Iterator[ast.expr]:
    """Yield the expressions whose order `node` makes visible."""
    match node:
        case ast.For(iter=iterated) | ast.YieldFrom(value=iterated):
            yield iterated
        case ast.ListComp(generators=generators) | ast.GeneratorExp(generators=generators) if node not in order_free:
            yield from (generator.iter for generator in generators)
        case ast.DictComp(generators=generators):
            yield from (generator.iter for generator in generators)
        case ast.Starred(value=iterated) if isinstance(node.ctx, ast.Load) and node not in order_free:
            yield iterated
        case ast.Assign(targets=[ast.Tuple() | ast.List()], value=iterated):
            yield iterated
        case ast.Call(func=ast.Name(id=name), args=args) if name in _ORDER_SHOWN:
            yield from args
        case ast.Call(func=ast.Name(id="min" | "max"), args=args, keywords=[_, *_]):
            yield from args
        case ast.Call(func=ast.Attribute(attr=name), args=args) if name in _ORDER_SHOWN_METHODS:
            yield from args
        case ast.Call(func=ast.Attribute(attr="pop", value=owner), args=[], keywords=[]):
            yield owner


def _known_sets(tree: ast.Module) -> frozenset[str]:
    """Return the names and attributes (by their last part) that the file annotates or assigns as sets."""
    annotated: dict[str, bool] = {}
    assigned: dict[str, bool] = {}
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(target=target, annotation=annotation):
                name = _last_name(target)
                annotated[name] = annotated.get(name, False) or _is_set_type(annotation)
            case ast.arg(arg=name, annotation=annotation) if annotation is not None:
                annotated[name] = annotated.get(name, False) or _is_set_type(annotation)
            case ast.Assign(targets=targets, value=value):
                for name in map(_last_name, targets):
                    assigned[name] = assigned.get(name, True) and _is_set(value, frozenset())
    return frozenset(name for name, is_set in (assigned | annotated).items() if is_set and name)


def _is_set(node: ast.expr, known: frozenset[str]) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in known
        case ast.Call(func=ast.Name(id=name)):
            return name in {"set", "frozenset"}
        case ast.Call(func=ast.Attribute(attr=name, value=owner)):
            return name in _SET_METHODS or (name == "copy" and _is_set(owner, known))
        case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr() | ast.BitXor() | ast.Sub(), right=right):
            return _is_set(left, known) or _is_set(right, known)
        case ast.IfExp(body=body, orelse=orelse):
            return _is_set(body, known) or _is_set(orelse, known)
    return False


def _is_set_type(annotation: ast.expr) -> bool:
    match annotation:
        case ast.Subscript(value=value):
            return _last_name(value) in _SET_NAMES
        case ast.BinOp(left=left, right=right):
            return _is_set_type(left) or _is_set_type(right)
        case ast.Name() | ast.Attribute():
            return _last_name(annotation) in _SET_NAMES
    return False


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
