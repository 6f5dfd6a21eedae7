"""Every error that `config` raises.

ConfigError                 a mistake in the settings: where, which key, what was expected, what was found
├── FileProblem             a settings file that is missing or cannot be read
├── SyntaxMistake           a file that is not TOML
├── UnknownKey              a key that no setting has
├── MissingKey              a key that must be given
├── WrongType               a string where a number belongs, and the like
├── WrongValue              the right type, but out of range, malformed or contradicting another key
├── Duplicate               a name given twice that must be unique
├── UnknownName             a name (an instrument, a strategy) that nothing in the settings defines
├── LiveUnready             live trading with settings that do not allow it, or have not settled
├── SecretInSettings        a key, token or password written where it does not belong
├── SecretMissing           a secret that none of its places holds
├── SecretExposed           a secret's file that others can read
├── NotARule                a function of [risk.rules] that is none, or that may not be one
└── StrategyProblem         a strategy that cannot be loaded
    ├── StrategyNotFound    no such file, class, built-in or entry point
    ├── NotAStrategy        the name leads to something else than a subclass of `strategies.Strategy`
    └── StrategyBroken      its module raises while it is imported
"""

import difflib
from collections.abc import Iterable


class ConfigError(Exception):
    """One mistake in the settings; its text is `WHERE: KEY: expected X, found Y; HINT`.

    `file` is the settings file, or the environment variable that overrode the key. `line` is 0 where it is not known.
    A file with several mistakes raises the first, which carries the rest in `others`.
    """

    def __init__(self, *, file: str, key: str, expected: str, found: str, hint: str = "", line: int = 0) -> None:
        """Keep the facts; the text is made from them alone."""
        super().__init__(file, key, expected, found, hint, line)
        self.file = file
        self.key = key
        self.expected = expected
        self.found = found
        self.hint = hint
        self.line = line
        self.others: tuple[ConfigError, ...] = ()

    def __str__(self) -> str:
        """Say where, which key, what was expected, what was found and what to do."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        parts = [where, self.key] if self.key else [where]
        text = f"{': '.join(parts)}: expected {self.expected}, found {self.found}"
        return f"{text}; {self.hint}" if self.hint else text

    @property
    def all(self) -> tuple["ConfigError", ...]:
        """This mistake and the others found with it, in the order of the settings."""
        return (self, *self.others)


class FileProblem(ConfigError):
    """A settings file that is missing or cannot be read."""


class SyntaxMistake(ConfigError):
    """A settings file that is not TOML."""


class UnknownKey(ConfigError):
    """A key that no setting has."""


class MissingKey(ConfigError):
    """A key without a default that is not given."""


class WrongType(ConfigError):
    """A value of another type than the key's."""


class WrongValue(ConfigError):
    """A value of the right type that is out of range, malformed, or contradicts another key."""


class Duplicate(ConfigError):
    """A name given twice that must be unique."""


class UnknownName(ConfigError):
    """A name that nothing in the settings defines."""


class LiveUnready(ConfigError):
    """Live trading with settings that do not allow it, or that nobody can say later what they were."""


class SecretInSettings(ConfigError):
    """A secret in a settings file or an override; its value is never shown."""


class SecretMissing(ConfigError):
    """A secret that none of its places holds."""


class SecretExposed(ConfigError):
    """A secret's file that other users can read."""


class NotARule(ConfigError):
    """A function of `[risk.rules]` that is none, or that may not be one."""


class StrategyProblem(ConfigError):
    """A strategy that cannot be loaded."""


class StrategyNotFound(StrategyProblem):
    """No such file, class, built-in or entry point."""


class NotAStrategy(StrategyProblem):
    """The name leads to something else than a subclass of `strategies.Strategy`."""


class StrategyBroken(StrategyProblem):
    """The strategy's module raises while it is imported."""


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Return the candidate that was probably meant, "" where none is near."""
    folded = {candidate.casefold(): candidate for candidate in sorted(candidates, reverse=True)}
    found = difflib.get_close_matches(name.casefold(), sorted(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else ""


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return a hint: the nearest candidate, else the candidates themselves."""
    known = sorted(candidates)
    near = nearest(name, known)
    if near:
        return f"did you mean {near}?"
    return f"known: {', '.join(known)}" if known else ""
