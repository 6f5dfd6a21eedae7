import io
import json
import logging
import threading
import time
import warnings
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import structlog
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.logs import BURST, WINDOW_NS, configure_logging
from daemon.repeats import KEYS_MAX, RepeatLimiter
from daemon.scrub import MASK, TEXT_MAX, Scrubber

NOON_NS = 1_795_262_400_000_000_001
CANARY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"


class Clock:
    """A clock that goes only when told."""

    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


@pytest.fixture
def out():
    return io.StringIO()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def start(out, clock):
    running = []

    def starting(**how):
        how = {"stream": out, "format": "json", "clock_ns": lambda: NOON_NS, "monotonic_ns": clock, **how}
        running.append(configure_logging(**how))
        return running[-1]

    yield starting
    for logs in running:
        logs.close()


def objects(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


# -- lines -------------------------------------------------------------------------------------------------------------


def test_a_json_line_is_one_object_with_time_level_logger_and_event_in_front(start, out):
    start()
    structlog.get_logger("tickerd").info("ready", port=9001)

    assert out.getvalue() == (
        '{"timestamp":"2026-11-21T12:00:00.000000001Z","level":"info","logger":"tickerd","event":"ready","port":9001}\n'
    )


def test_a_console_line_is_for_people_and_has_no_colours_without_a_terminal(start, out):
    start(format="console")
    structlog.get_logger("tickerd").warning("feed down", venue="binance")

    line = out.getvalue()
    assert line.startswith("2026-11-21T12:00:00.000000001Z [warning  ] feed down")
    assert "venue=binance" in line
    assert "\x1b" not in line


def test_auto_is_json_where_there_is_no_terminal(start, out):
    start(format="auto")
    structlog.get_logger("tickerd").info("ready")

    assert objects(out)[0]["event"] == "ready"


def test_auto_is_for_people_on_a_terminal(start):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    start(format="auto", stream=terminal)
    structlog.get_logger("tickerd").info("ready")

    assert "ready" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")


@pytest.mark.parametrize(("level", "seen"), [("debug", "diwe"), ("info", "iwe"), ("warning", "we"), ("error", "e")])
def test_lines_below_the_level_are_not_written(start, out, level, seen):
    start(level=level)
    log, foreign = structlog.get_logger("tickerd"), logging.getLogger("some.library")
    for logger in (log, foreign):
        for name in ("debug", "info", "warning", "error"):
            getattr(logger, name)(name[0])

    assert "".join(str(line["event"]) for line in objects(out)) == seen * 2


def test_the_libraries_lines_take_the_same_way(start, out):
    start()
    logging.getLogger("some.library").warning("%d of %s", 3, "these")

    assert objects(out) == [
        {
            "timestamp": "2026-11-21T12:00:00.000000001Z",
            "level": "warning",
            "logger": "some.library",
            "event": "3 of these",
        }
    ]


@pytest.mark.parametrize("name", ["aiohttp.client", "aiohttp.access", "websockets.client"])
def test_chatty_libraries_are_heard_from_warning_on(start, out, name):
    start(level="debug")
    logging.getLogger(name).info("GET /api?signature=...")
    logging.getLogger(name).warning("it broke")

    assert [line["event"] for line in objects(out)] == ["it broke"]


def test_a_quieter_level_is_not_made_louder_for_the_chatty(start, out):
    start(level="error")
    logging.getLogger("aiohttp").warning("it broke")

    assert out.getvalue() == ""


def test_python_warnings_are_logged(start, out):
    start()
    warnings.simplefilter("always")
    warnings.warn("careful", stacklevel=1)

    assert "careful" in str(objects(out)[0]["event"])
    assert objects(out)[0]["logger"] == "py.warnings"


def test_a_traceback_is_told_without_local_variables(start, out):
    start(format="console")
    local = "variable ".join("ab")
    try:
        local.index("z")
    except ValueError:
        structlog.get_logger("tickerd").exception("failed")

    assert 'local.index("z")' in out.getvalue()
    assert "ValueError: substring not found" in out.getvalue()
    assert "avariable b" not in out.getvalue()


def test_a_library_that_logs_wrongly_does_not_break_what_it_does(start, out, capsys):
    start()
    logging.getLogger("some.library").error("%d", "no number")

    assert out.getvalue() == ""
    assert "Logging error" in capsys.readouterr().err


def test_what_cannot_be_shown_is_told_instead_of_losing_the_line(start, out):
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no repr")

    start()
    structlog.get_logger("tickerd").info(
        "seen", thing=Broken(), big=1 << 80, nan=float("nan"), deep=[[[[[[[[[[1]]]]]]]]]]
    )

    line = objects(out)[0]
    assert line["thing"] == "<Broken whose repr raised RuntimeError>"
    assert line["big"] == str(1 << 80)


@given(st.text())
def test_on_a_console_no_text_begins_a_false_line_or_commands_the_terminal(text):
    out = io.StringIO()
    logs = configure_logging("info", "console", stream=out)
    try:
        structlog.get_logger("tickerd").info("before " + text, field=text)
        logging.getLogger("some.library").info("%s", "before " + text)
    finally:
        logs.close()

    assert out.getvalue().count("\n") == 2
    assert all(character.isprintable() for character in out.getvalue().replace("\n", ""))


# -- life --------------------------------------------------------------------------------------------------------------


def test_closing_leaves_logging_as_it_was_found(start, out):
    root = logging.getLogger()
    before = (list(root.handlers), root.level, structlog.get_config())
    logs = start()
    logs.close()
    logs.close()

    assert (list(root.handlers), root.level, structlog.get_config()) == before


def test_configuring_again_closes_what_was_there_and_counts_from_then_on(start, out, tmp_path):
    log = structlog.get_logger("tickerd")
    start(file=tmp_path / "a.log")
    log.info("first")
    start()
    log.info("second")

    assert [line["event"] for line in objects(out)] == ["second"]
    assert "second" not in (tmp_path / "a.log").read_text(encoding="utf-8")


# -- the file ----------------------------------------------------------------------------------------------------------


def test_a_file_takes_the_lines_instead_of_stderr_and_is_its_owners(start, out, tmp_path):
    start(file=tmp_path / "new" / "tickerd.log")
    structlog.get_logger("tickerd").info("ready", sign="µ")

    file = tmp_path / "new" / "tickerd.log"
    assert json.loads(file.read_text(encoding="utf-8"))["sign"] == "µ"
    assert file.stat().st_mode & 0o777 == 0o600
    assert out.getvalue() == ""


@pytest.mark.parametrize("keep", [0, 1, 3])
def test_a_file_rotates_and_old_ones_go(start, tmp_path, keep, clock):
    start(file=tmp_path / "tickerd.log", max_bytes=2_000, keep=keep)
    for number in range(200):
        clock.ns += WINDOW_NS
        structlog.get_logger("tickerd").info("a line of some length", number=number)

    files = sorted(file.name for file in tmp_path.iterdir())
    assert files == ["tickerd.log", *(f"tickerd.log.{n}" for n in range(1, max(1, keep) + 1))]
    assert all(file.stat().st_size <= 2_000 for file in tmp_path.iterdir())
    assert '"number":199' in (tmp_path / "tickerd.log").read_text(encoding="utf-8")


def test_a_file_is_continued_not_begun_anew(start, tmp_path):
    for number in range(2):
        start(file=tmp_path / "tickerd.log").close()
        start(file=tmp_path / "tickerd.log")
        structlog.get_logger("tickerd").info("run", number=number)

    assert len((tmp_path / "tickerd.log").read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
def test_a_full_disk_is_told_once_and_stops_nothing(start, capsys):
    logs = start(file=Path("/dev/full"))
    for number in range(5):
        structlog.get_logger("tickerd").info("line", number=number)

    told = capsys.readouterr().err
    assert told.count("cannot write the log /dev/full") == 1
    assert "the session goes on" in told
    assert logs._sink.lost == 5


# -- repeats -----------------------------------------------------------------------------------------------------------


def test_one_error_a_million_times_is_a_few_lines_and_a_count(start, out, clock):
    logs = start()
    log = structlog.get_logger("tickerd")
    for number in range(20_000):
        log.error("frame refused", number=number)
    log.error("something else")
    clock.ns += WINDOW_NS
    logs.tell_repeats()

    events = [line["event"] for line in objects(out)]
    assert events == ["frame refused"] * BURST + ["something else", "repeated 19,990 times: frame refused"]
    assert objects(out)[-1]["repeated"] == 20_000 - BURST
    assert objects(out)[-1]["level"] == "error"


def test_a_message_that_comes_again_after_its_window_brings_its_count(start, out, clock):
    start()
    log = structlog.get_logger("tickerd")
    for _ in range(BURST + 5):
        log.warning("slow")
    clock.ns += WINDOW_NS
    log.warning("slow")
    log.warning("slow")

    assert [line.get("repeated") for line in objects(out)] == [None] * BURST + [5, None]


def test_what_was_held_back_is_told_at_the_end(start, out):
    logs = start()
    for _ in range(BURST + 7):
        logging.getLogger("some.library").warning("frame %d", _)
    logs.close()

    assert [line["event"] for line in objects(out)][-1] == "repeated 7 times: frame %d"


def test_messages_of_different_words_or_level_are_counted_apart(start, out):
    start()
    log = structlog.get_logger("tickerd")
    for _ in range(BURST):
        log.warning("one")
        log.warning("two")
        log.error("one")
        logging.getLogger("py.warnings").warning("%s", "three")
        logging.getLogger("py.warnings").warning("%s", "four")

    assert len(objects(out)) == 5 * BURST


def test_the_memory_for_repeats_is_bounded_and_forgets_no_count():
    limiter = RepeatLimiter(1, WINDOW_NS, Clock())
    total = 3 * KEYS_MAX
    for number in range(total):
        for _ in range(2):
            try:
                limiter(None, "info", {"event": f"message {number}"})
            except structlog.DropEvent:
                continue

    assert len(limiter._windows) == KEYS_MAX
    assert sum(count for _, _, count in limiter.overdue(everything=True)) == total
    assert limiter.overdue(everything=True) == []


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, WINDOW_NS)), max_size=120))
def test_every_message_is_either_written_or_counted(messages):
    clock = Clock()
    limiter = RepeatLimiter(3, WINDOW_NS, clock)
    told = 0
    for words, step_ns in messages:
        clock.ns += step_ns // 40
        try:
            fields = limiter(None, "info", {"event": words})
        except structlog.DropEvent:
            continue
        told += 1 + fields.get("repeated", 0)

    assert told + sum(count for _, _, count in limiter.overdue(everything=True)) == len(messages)


def test_threads_may_log_at_once(start, out):
    logs = start()

    def flood(name: str) -> None:
        for number in range(500):
            structlog.get_logger(name).info(f"{name} {number % 7}")

    threads = [threading.Thread(target=flood, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    logs.close()

    assert sum(int(str(line.get("repeated", 1))) for line in objects(out)) == 4 * 500


# -- secrets -----------------------------------------------------------------------------------------------------------

TEMPLATES = [
    "GET https://api.venue.com/v3/order?symbol=BTCUSDT&signature={s}&recvWindow=5000 failed",
    "signature={s}",
    "wss://user:{s}@stream.venue.com/ws",
    "headers: X-MBX-APIKEY: {s}\r\nAccept: */*",
    "Authorization: Bearer {s}",
    "Authorization: TC2-HMAC-SHA256 Credential={s}, SignedHeaders=host",
    "Cookie: a=1; session={s}",
    '{{"api_key": "{s}", "type": "limit"}}',
    '{{"op":"login","args":[{{"apiKey":"{s}","passphrase":"{s}","sign":"x"}}]}}',
    "{{'OK-ACCESS-PASSPHRASE': '{s}', 'n': 1}}",
    "[(b'X-MBX-APIKEY', b'{s}'), (b'Host', b'venue')]",
    "<CIMultiDict('X-MBX-APIKEY': '{s}')>",
    "Account(name='main', secret='{s}', token={s})",
    "the listenKey = {s} expired",
    "password: {s}",
    "redirect=https%3A%2F%2Fx%3Ftoken%3D{s}",
    "-----BEGIN EC PRIVATE KEY-----\n{s}\n-----END EC PRIVATE KEY-----",
    '"{{\\"secret\\":\\"{s}\\"}}"',
]
secrets = st.text("ABCDEFabcdef0123456789", min_size=16, max_size=64).filter(lambda s: len(set(s)) > 4)
any_secrets = st.text(min_size=12, max_size=64).filter(lambda s: len(set(s[:8])) > 5 and s == s.strip())


@pytest.mark.parametrize("template", TEMPLATES)
@given(secret=secrets)
@example(secret=CANARY)
def test_a_secret_is_masked_by_its_place_though_nobody_registered_it(template, secret):
    text = Scrubber().text("before " + template.format(s=secret) + " after")

    assert secret[:8] not in text
    assert MASK in text
    assert text.startswith("before ")


NAMES = """
api_key apiKey X-MBX-APIKEY API-Key secret client_secret signature token access_token Authorization passphrase
OK-ACCESS-PASSPHRASE password private_key listenKey Set-Cookie credentials
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_a_field_of_a_secrets_name_is_masked_whatever_it_holds(name):
    for value in (CANARY, {"nested": CANARY}, [CANARY], 123456789, CANARY.encode()):
        assert Scrubber().fields({"a": {name: value}}) == {"a": {name: MASK}}


def test_what_is_no_secret_is_left_alone():
    fields = {"event": "order refused: position would be 0.55, the limit is 0.5", "n": 3, "ok": True, "none": None}
    fields |= {"price": "60123.45", "f": 0.5, "names": ["a", "b"], "key": "BTCUSDT", "sort_keys": "x=1&y=2"}

    assert Scrubber().fields(fields) == fields


class Holder:
    """Something whose text tells all, as libraries' objects do."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def __repr__(self) -> str:
        return f"<Holder {self.secret}>"


def failing(secret: str) -> None:
    try:
        {"name": "main"}[secret]
    except KeyError as error:
        raise RuntimeError(f"cannot sign with {secret!r}", {"k": secret}) from error


@given(any_secrets)
@example(CANARY)
@example('quo"te\\d\nsecret=\u00e9\u202e%2F')
def test_a_registered_secret_is_nowhere_in_what_is_written(secret):
    for style in ("json", "console"):
        out = io.StringIO()
        logs = configure_logging("debug", style, stream=out, secrets=[secret])
        try:
            log = structlog.get_logger("tickerd")
            log.info("plain %s text", secret, value=secret, raw=secret.encode(), holder=Holder(secret))
            log.info("nested", data={"list": [1, (secret, {secret: secret})]}, url=f"https://x/?q={quote(secret)}")
            log.info("forms", a=quote(secret, safe=""), b=quote_plus(secret), c=json.dumps(secret), d=repr([secret]))
            log.info("beginnings", eight=secret[:8], most=secret[:-1], glued=f"x{secret}{secret}y")
            log.info("deep", deep=[[[[[[[[[[[secret]]]]]]]]]]])
            logging.getLogger("some.library").warning("library says %s of %r", secret, Holder(secret))
            try:
                failing(secret)
            except RuntimeError:
                log.exception("failed", reason=secret)
                logging.getLogger("some.library").exception("failed too")
        finally:
            logs.close()

        written = out.getvalue()
        decoded = written + "".join(str(json.loads(line)) for line in written.splitlines() if style == "json")
        shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in secret)
        for form in {
            secret,
            shown,
            quote(secret),
            quote(secret, safe=""),
            quote_plus(secret),
            json.dumps(secret)[1:-1],
        }:
            assert form not in decoded
        assert secret[:8] not in decoded
        assert written.count(MASK) >= 15


def test_a_secret_may_be_registered_while_running(start, out):
    logs = start()
    structlog.get_logger("tickerd").info("a " + CANARY)
    logs.register_secret(CANARY)
    structlog.get_logger("tickerd").info("b " + CANARY)

    assert [line["event"] for line in objects(out)] == ["a " + CANARY, "b ***"]


def test_an_empty_secret_masks_nothing():
    scrubber = Scrubber()
    scrubber.register("")

    assert scrubber.text("all well") == "all well"


def test_a_long_text_is_cut_in_its_middle_and_leaves_no_half_of_a_secret():
    scrubber = Scrubber()
    scrubber.register(CANARY)
    for shift in range(-70, 71):
        text = "a" * (TEXT_MAX // 2 + shift) + CANARY + "b" * TEXT_MAX + " the end"
        assert CANARY[:8] not in scrubber.text(text)
        unregistered = "x " * (TEXT_MAX // 2 + shift) + f"token={CANARY * 300} the end"
        assert CANARY[-8:] not in scrubber.text(unregistered)
        assert scrubber.text(text).endswith(" the end")


@pytest.mark.parametrize(
    "text", ["a" * 10_000_000, "token" * 2_000_000, "token=" * 1_000_000, '"\\' * 5_000_000, "://" * 3_000_000]
)
def test_a_frame_of_ten_megabytes_is_scrubbed_at_once(text):
    scrubber = Scrubber()
    scrubber.register(CANARY)
    began = time.perf_counter()
    scrubbed = scrubber.text(text)

    assert time.perf_counter() - began < 2.0
    assert len(scrubbed) < 3 * TEXT_MAX
