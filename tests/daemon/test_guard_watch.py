"""When the guard pulls, and that it neither misses a silent daemon nor blames one for its own sleep."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.guard.watch import GuardState, Watch

MS = 1_000_000
PATIENCE = 300 * MS
TICK = 10 * MS


def armed() -> Watch:
    watch = Watch(PATIENCE, TICK)
    watch.on_time(0)
    watch.beat("live-1", trades=True)
    return watch


def let_pass(watch: Watch, from_ns: int, ns: int, step_ns: int = TICK):
    """The first pull while time passes in steps."""
    for now_ns in range(from_ns + step_ns, from_ns + ns + 1, step_ns):
        if pull := watch.on_time(now_ns):
            return pull
    return None


def test_nobody_is_watched_before_a_daemon_trades():
    watch = Watch(PATIENCE, TICK)
    watch.beat("live-1", trades=False)
    assert let_pass(watch, 0, 10 * PATIENCE) is None
    assert watch.state is GuardState.IDLE


def test_silence_longer_than_patience_is_a_pull_and_only_one():
    watch = armed()
    assert let_pass(watch, 0, PATIENCE) is None
    pull = watch.on_time(PATIENCE + TICK)
    assert pull is not None
    assert "live-1 did not beat for 310 ms" in pull.reason
    assert let_pass(watch, PATIENCE + TICK, 10 * PATIENCE) is None
    assert watch.state is GuardState.CANCELLING


def test_time_in_which_the_guard_itself_did_not_run_is_no_silence():
    watch = armed()
    assert watch.on_time(60_000 * MS) is None
    assert watch.silent_ns == 2 * TICK


def test_a_silence_after_a_pull_that_nobody_latched_is_no_pull_of_its_own():
    watch = armed()
    pull = watch.told("socket", "mad", 5)
    assert let_pass(watch, 0, 10 * PATIENCE) is None
    assert watch.pull == pull


def test_a_guard_that_was_started_again_waits_longer_for_the_first_beat():
    watch = Watch(PATIENCE, TICK)
    watch.expect("live-1", PATIENCE)
    watch.on_time(0)
    assert let_pass(watch, 0, 2 * PATIENCE) is None
    assert watch.on_time(2 * PATIENCE + TICK) is not None


def test_a_farewell_with_nothing_working_disarms_and_one_with_orders_pulls():
    watch = armed()
    assert watch.farewell(0, 7) is None
    assert let_pass(watch, 0, 10 * PATIENCE) is None
    watch.beat("live-2", trades=True)
    pull = watch.farewell(3, 8)
    assert pull is not None
    assert pull.number == 8
    assert "3 orders" in pull.reason


def test_a_pull_lasts_until_it_is_cleared_and_latched_and_latching_clears_once_more():
    watch, states = armed(), []
    pull = watch.told("signal:SIGUSR1", "mad", 5)
    before = watch.wanted
    assert not watch.beat("live-1", trades=True)
    watch.cleared(before)
    states.append(watch.state)
    assert watch.beat("live-1", trades=True, latched=pull.number)
    states.append(watch.state)
    watch.cleared(before)  # one that began before the daemon had latched
    states.append(watch.state)
    watch.cleared(watch.wanted)
    states.append(watch.state)
    assert states == [GuardState.VERIFIED, GuardState.CANCELLING, GuardState.CANCELLING, GuardState.ARMED]


def test_pulls_are_numbered_upwards_whatever_the_clock_says():
    watch = armed()
    first = watch.told("socket", "a", 50)
    second = watch.told("socket", "b", 40)
    assert second.number > first.number
    assert not watch.beat("live-1", trades=True, latched=first.number)
    assert watch.pull == second


def test_a_pull_after_one_that_was_latched_is_a_new_one_though_the_clock_stepped_back():
    watch = armed()
    first = watch.told("socket", "a", 50)
    assert watch.beat("live-1", trades=True, latched=first.number)
    second = watch.told("socket", "b", 40)
    assert second.number > first.number
    assert not watch.beat("live-1", trades=True, latched=first.number)
    assert watch.pull == second


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("time"), st.integers(0, 2_000 * MS)),
        st.tuples(st.just("beat"), st.booleans()),
        st.tuples(st.just("latch"), st.booleans()),
        st.tuples(st.just("told"), st.just(0)),
        st.tuples(st.just("cleared"), st.integers(0, 3)),
        st.tuples(st.just("farewell"), st.integers(0, 2)),
    ),
    max_size=60,
)


@given(STEPS)
def test_whatever_happens_a_pull_is_only_forgotten_by_who_latched_it_and_verified_only_by_its_own_clearing(steps):
    watch, now_ns, latched = armed(), 0, 0
    numbers = [-1]
    for what, value in steps:
        held, wanted = watch.pull, watch.wanted
        pulled = None
        if what == "time":
            now_ns += value
            pulled = watch.on_time(now_ns)
            assert pulled is None or watch.silent_ns > PATIENCE
        elif what == "beat":
            watch.beat("live-1", trades=bool(value), latched=latched)
        elif what == "latch":
            latched = held.number if held is not None else latched
            watch.beat("live-1", trades=True, latched=latched)
            assert watch.pull is None
        elif what == "told":
            pulled = watch.told("socket", "why", now_ns)
        elif what == "cleared":
            watch.cleared(max(0, wanted - value))
            assert not watch.clearing or value
        else:
            pulled = watch.farewell(value, now_ns)
        if pulled is not None:
            assert pulled.number > numbers[-1]
            numbers.append(pulled.number)
            assert watch.state is GuardState.CANCELLING
        if held is not None and watch.pull is None:
            assert latched >= held.number
        assert watch.wanted >= wanted


@given(st.lists(st.integers(1, 20 * MS), min_size=1, max_size=200))
def test_a_daemon_that_stays_silent_is_pulled_as_soon_as_the_guard_has_run_for_its_patience(steps):
    watch, now_ns = armed(), 0
    for step in steps:
        now_ns += step
        pulled = watch.on_time(now_ns) is not None
        assert pulled == (now_ns > PATIENCE)
        if pulled:
            return
