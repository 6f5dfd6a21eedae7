"""All rules over Python files, by name; each yields the findings of one file."""

from collections.abc import Callable, Iterator

from tests.architecture import purity, shape
from tests.architecture.source import Finding, Source

Rule = Callable[[Source], Iterator[Finding]]

# A marker may excuse any of these, with a reason.
NAMES = (
    "approval",
    "assertion",
    "await-outside-transport",
    "error-tree",
    "file-length",
    "function-length",
    "impure-call",
    "package-docstring",
    "set-order",
    "swallowed-error",
)

RULES: tuple[Rule, ...] = (
    purity.impure_calls,
    purity.set_iteration,
    shape.package_docstring,
    shape.sizes,
    shape.awaiting,
    shape.approval,
    shape.swallowed_errors,
    shape.error_trees,
    shape.assertions,
)


def findings(source: Source) -> list[Finding]:
    """Return all that the rules find in one file, in line order."""
    return sorted(finding for rule in RULES for finding in rule(source))
