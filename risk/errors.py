"""Every error that `risk` raises. A breach of a limit is no error but a `Refusal`.

RiskError
└── LimitsError    a limit that is no usable number; says which key, what was expected and what was found
"""


class RiskError(Exception):
    """Root of this package's errors."""


class LimitsError(RiskError, ValueError):
    """A setting under `[risk]` that cannot be a limit."""

    def __init__(self, key: str, expected: str, found: object, table: tuple[str | int, ...] = ()) -> None:
        """Keep the three facts for whoever reports the file and line; `table` leads to the key within its own table."""
        super().__init__(f"risk.{'.'.join(map(str, (*table, key)))}: expected {expected}, found {found!r}")
        self.key = key
        self.path = (*table, key)
        self.expected = expected
        self.found = found
