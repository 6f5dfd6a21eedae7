"""Random numbers that compiled and plain code draw alike: integer arithmetic inside 64 bits, then IEEE operations.

MRG32k3a: P. L'Ecuyer, "Good Parameters and Implementations for Combined Multiple Recursive Random Number Generators",
Operations Research 47 (1999): six integers of state, a period of 2^191, every product below 2^53.
"""

import math
from dataclasses import dataclass

_M1 = 4_294_967_087
_M2 = 4_294_944_443
_NORM = 1.0 / (_M1 + 1.0)
_LN_2 = 0.6931471805599453
_HALF_ROOT = 0.7071067811865476


@dataclass(slots=True)
class Generator:
    """The last three numbers of each of the two sequences; not all 0 in either."""

    s10: int = 12345
    s11: int = 12345
    s12: int = 12345
    s20: int = 12345
    s21: int = 12345
    s22: int = 12345


def next_uniform(generator: Generator) -> float:
    """Return the next float strictly between 0 and 1."""
    one = (1_403_580 * generator.s11 - 810_728 * generator.s10) % _M1
    generator.s10 = generator.s11
    generator.s11 = generator.s12
    generator.s12 = one
    two = (527_612 * generator.s22 - 1_370_589 * generator.s20) % _M2
    generator.s20 = generator.s21
    generator.s21 = generator.s22
    generator.s22 = two
    difference = one - two
    if difference <= 0:
        difference += _M1
    return difference * _NORM


def log_of(value: float) -> float:
    """Return the natural logarithm of a positive float by plain arithmetic: C libraries differ in the last bit.

    `log(m) = 2 atanh((m - 1) / (m + 1))` with m between sqrt(1/2) and sqrt(2); relative error below 4e-16.
    """
    halvings = 0
    while value < _HALF_ROOT:
        value *= 2.0
        halvings += 1
    while value > 2.0 * _HALF_ROOT:
        value *= 0.5
        halvings -= 1
    ratio = (value - 1.0) / (value + 1.0)
    square = ratio * ratio
    total = 0.0
    for odd in range(25, 0, -2):
        total = total * square + 1.0 / odd
    return 2.0 * ratio * total - halvings * _LN_2


def exp_of(value: float) -> float:
    """Return e to the power of `value` by plain arithmetic; `value` within 700 of 0."""
    doublings = math.floor(value / _LN_2 + 0.5)
    rest = value - doublings * _LN_2
    total = 1.0
    for order in range(18, 0, -1):
        total = 1.0 + total * rest / order
    for _ in range(abs(doublings)):
        total = total * 2.0 if doublings > 0 else total * 0.5
    return total


def tail_quantile(near_end: float) -> float:
    """Return how far out the normal distribution leaves `near_end` (at most 0.075): the tail branches of AS241."""
    r = math.sqrt(-log_of(near_end))
    if r <= 5.0:
        r -= 1.6
        top = 7.7454501427834140764e-4
        top = ((top * r + 2.27238449892691845833e-2) * r + 2.41780725177450611770e-1) * r + 1.27045825245236838258
        top = ((top * r + 3.64784832476320460504) * r + 5.76949722146069140550) * r + 4.63033784615654529590
        top = top * r + 1.42343711074968357734
        low = 1.05075007164441684324e-9
        low = ((low * r + 5.47593808499534494600e-4) * r + 1.51986665636164571966e-2) * r + 1.48103976427480074590e-1
        low = ((low * r + 6.89767334985100004550e-1) * r + 1.67638483018380384940) * r + 2.05319162663775882187
        return top / (low * r + 1.0)
    r -= 5.0
    top = 2.01033439929228813265e-7
    top = ((top * r + 2.71155556874348757815e-5) * r + 1.24266094738807843860e-3) * r + 2.65321895265761230930e-2
    top = ((top * r + 2.96560571828504891230e-1) * r + 1.78482653991729133580) * r + 5.46378491116411436990
    top = top * r + 6.65790464350110377720
    low = 2.04426310338993978564e-15
    low = ((low * r + 1.42151175831644588870e-7) * r + 1.84631831751005468180e-5) * r + 7.86869131145613259100e-4
    low = ((low * r + 1.48753612908506148525e-2) * r + 1.36929880922735805310e-1) * r + 5.99832206555887937690e-1
    return top / (low * r + 1.0)


def normal_quantile(probability: float) -> float:
    """Return the standard normal quantile of a probability strictly between 0 and 1, to 1e-15 relative.

    M. J. Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied Statistics 37 (1988),
    routine PPND16.
    """
    centred = probability - 0.5
    if abs(centred) > 0.425:
        if centred < 0.0:
            return -tail_quantile(probability)
        return tail_quantile(1.0 - probability)
    r = 0.180625 - centred * centred
    top = 2.5090809287301226727e3
    top = ((top * r + 3.3430575583588128105e4) * r + 6.7265770927008700853e4) * r + 4.5921953931549871457e4
    top = ((top * r + 1.3731693765509461125e4) * r + 1.9715909503065514427e3) * r + 1.3314166789178437745e2
    top = top * r + 3.3871328727963666080
    low = 5.2264952788528545610e3
    low = ((low * r + 2.8729085735721942674e4) * r + 3.9307895800092710610e4) * r + 2.1213794301586595867e4
    low = ((low * r + 5.3941960214247511077e3) * r + 6.8718700749205790830e2) * r + 4.2313330701600911252e1
    return centred * top / (low * r + 1.0)


HOT = (next_uniform, log_of, exp_of, tail_quantile, normal_quantile)


def generator_of(seed: int, stream: int) -> Generator:
    """Return a generator of its own for each seed and stream: SplitMix64 (G. Steele et al., 2014) spreads the seed."""
    state = (seed * 0x9E3779B97F4A7C15 + stream * 0xD1B54A32D192ED03) & 0xFFFFFFFFFFFFFFFF
    numbers = []
    for modulus in (_M1, _M1, _M1, _M2, _M2, _M2):
        state = (state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        numbers.append((mixed ^ (mixed >> 31)) % (modulus - 1) + 1)
    generator = Generator(*numbers)
    for _ in range(10):
        next_uniform(generator)
    return generator
