"""Why a figure of a portfolio cannot be computed."""


class PortfolioError(ValueError):
    """The root: the data do not carry the figure that was asked for. The message says what is missing."""


class TooFewObservations(PortfolioError):
    """Fewer bars than the figure needs."""


class NotComparable(PortfolioError):
    """Shapes or names that do not fit each other."""


class NotPriced(PortfolioError):
    """An option's figure that no model value gives, as a volatility for a price below what it is worth today."""
