"""How long things travel: the feed to us, a request to the venue, an answer back. Each way has its own model.

Matching happens on our reception clock. An event that we receive now happened a feed delay ago at the venue, so a
request meets the market that we shall see a feed delay *and* an entry delay after it was sent; its answer has to come
back, but we have waited for the feed already, so it is due a response delay *less* a feed delay after the match, and
never before it. The default has no feed delay of its own: it is part of the constants.

- constant.
- uniform between two bounds.
- lognormal above a least delay, by its median and the deviation of its logarithm: the usual shape of network delays.
- recorded: rows of (time, delay), linear in between as hftbacktest's `IntpOrderLatency`, the end rows beyond the ends.
"""

from bisect import bisect_left
from dataclasses import dataclass, field

from connectors.sim.draws import Generator, exp_of, generator_of, next_uniform, normal_quantile
from connectors.sim.settings import PPM, RECORDED_MAX, LatencyModel, LatencySettings
from core.hot import Ints, growing

CONSTANT, UNIFORM, LOGNORMAL, RECORDED = 0, 1, 2, 3
_CODES = {
    LatencyModel.CONSTANT: CONSTANT,
    LatencyModel.UNIFORM: UNIFORM,
    LatencyModel.LOGNORMAL: LOGNORMAL,
    LatencyModel.RECORDED: RECORDED,
}
_DEVIATIONS_MAX = 20.0


@dataclass(slots=True)
class Delay:
    """One way's model. `least_ns` is the constant; `spread_ns` the uniform's width or the lognormal's median."""

    model: int = CONSTANT
    least_ns: int = 0
    spread_ns: int = 0
    deviation: float = 0.0
    generator: Generator = field(default_factory=Generator)
    count: int = 0
    times: Ints = growing(RECORDED_MAX)
    delays: Ints = growing(RECORDED_MAX)


def recorded_delay(delay: Delay, now_ns: int) -> int:
    """Return the recorded delay at a time; there is at least one row."""
    count = delay.count
    place = bisect_left(delay.times, now_ns, 0, count)
    if place == 0:
        return delay.delays[0]
    if place == count:
        return delay.delays[count - 1]
    before_ns = delay.times[place - 1]
    share = (now_ns - before_ns) / (delay.times[place] - before_ns)
    return delay.delays[place - 1] + int((delay.delays[place] - delay.delays[place - 1]) * share)


def next_delay(delay: Delay, now_ns: int) -> int:
    """Return how long what leaves now travels, in ns."""
    if delay.model == CONSTANT:
        return delay.least_ns
    if delay.model == RECORDED:
        return recorded_delay(delay, now_ns)
    uniform = next_uniform(delay.generator)
    if delay.model == UNIFORM:
        return delay.least_ns + int(uniform * (delay.spread_ns + 1))
    deviations = min(delay.deviation * normal_quantile(uniform), _DEVIATIONS_MAX)
    return delay.least_ns + int(delay.spread_ns * exp_of(deviations))


HOT = (recorded_delay, next_delay)


def delay_of(settings: LatencySettings, seed: int, stream: int) -> Delay:
    """Return the model that the settings describe; `stream` tells the ways of one seed apart."""
    return Delay(
        model=_CODES[settings.model],
        least_ns=settings.least_ns,
        spread_ns=settings.spread_ns,
        deviation=settings.deviation_ppm / PPM,
        generator=generator_of(seed, stream),
        count=len(settings.recorded),
        times=[time_ns for time_ns, _ in settings.recorded],
        delays=[delay_ns for _, delay_ns in settings.recorded],
    )


def delay_state(delay: Delay) -> list[int]:
    """Return what a digest covers: where the draws stand."""
    generator = delay.generator
    return [generator.s10, generator.s11, generator.s12, generator.s20, generator.s21, generator.s22]
