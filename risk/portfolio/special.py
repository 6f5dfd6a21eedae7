"""The distributions that the figures need, from the standard library's functions: normal and chi-squared."""

import math
from statistics import NormalDist

_NORMAL = NormalDist()
_SQRT_2 = math.sqrt(2.0)
_PDF_SCALE = 1.0 / math.sqrt(2.0 * math.pi)
_STEPS_MAX = 10_000
_TINY = 1e-300
_PRECISION = 1e-16


def normal_pdf(x: float) -> float:
    """Return the standard normal density."""
    return _PDF_SCALE * math.exp(-0.5 * x * x)


def normal_cdf(x: float) -> float:
    """Return the standard normal distribution function, exact in both tails."""
    return 0.5 * math.erfc(-x / _SQRT_2)


def normal_quantile(probability: float) -> float:
    """Return the x below which a standard normal value lies with `probability`, which is within (0, 1)."""
    return _NORMAL.inv_cdf(probability)


def chi_squared_tail(x: float, degrees: float) -> float:
    """Return the chance that a chi-squared value of so many degrees of freedom is above `x`.

    The regularised incomplete gamma function by its series below the mean and by Lentz's continued fraction above it
    (Abramowitz and Stegun 6.5.29 and 6.5.31).
    """
    shape, z = degrees / 2.0, x / 2.0
    if z <= 0.0:
        return 1.0
    scale = math.exp(shape * math.log(z) - z - math.lgamma(shape))
    if z < shape + 1.0:
        return 1.0 - scale * _lower_series(shape, z)
    return scale * _upper_fraction(shape, z)


def _lower_series(shape: float, z: float) -> float:
    """Return the sum of z^k / (shape (shape+1) ... (shape+k)) over k."""
    term = total = 1.0 / shape
    for k in range(1, _STEPS_MAX):
        term *= z / (shape + k)
        total += term
        if term < total * _PRECISION:
            break
    return total


def _upper_fraction(shape: float, z: float) -> float:
    """Return the continued fraction of the upper incomplete gamma function, without its scale."""
    b = z + 1.0 - shape
    c, d = 1.0 / _TINY, 1.0 / b
    value = d
    for k in range(1, _STEPS_MAX):
        a = -k * (k - shape)
        b += 2.0
        d = 1.0 / _away_from_zero(a * d + b)
        c = _away_from_zero(b + a / c)
        value *= d * c
        if abs(d * c - 1.0) < _PRECISION:
            break
    return value


def _away_from_zero(value: float) -> float:
    """Return the value, or one as good as nought that can be divided by."""
    return value if abs(value) > _TINY else _TINY
