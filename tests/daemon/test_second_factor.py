"""F71: whoever reaches the socket may stop trading; to let it go on takes a code that changes every 30 seconds."""

import asyncio
import base64
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.secrets import Secret
from core.events import CommandReceived
from daemon.errors import UsageError
from daemon.operator.client import ask, request
from daemon.operator.codes import STEP_S, Codes, code_at
from daemon.operator.door import Door
from daemon.operator.operated import Operated

KEY = b"12345678901234567890"  # of RFC 6238, Appendix B
TEXT = base64.b32encode(KEY).decode()
NOW_S = 2_000_000_000.0
PAPER = """
[session]
root = "{folder}/sessions"
[operator]
second_factor = "operator-codes"
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]
[[strategies]]
id = "ema"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]
"""


def codes(text: str = TEXT) -> Codes:
    return Codes("operator-codes", Secret(text))


def code(steps_off: int = 0, now_s: float = NOW_S) -> str:
    return code_at(KEY, int(now_s) // STEP_S + steps_off)


@pytest.mark.parametrize(
    ("at_s", "of_eight_digits"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_the_rfc(at_s, of_eight_digits):
    assert code_at(KEY, at_s // STEP_S) == of_eight_digits[-6:]


@pytest.mark.parametrize(("steps_off", "passes"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_off_by_one_step_either_way(steps_off, passes):
    assert (codes().why_not(code(steps_off), NOW_S) == "") is passes


def test_a_code_counts_once_and_so_does_every_one_before_it():
    asked = codes()
    assert asked.why_not(code(), NOW_S) == ""
    assert "used already" in asked.why_not(code(), NOW_S)
    assert "used already" in asked.why_not(code(-1), NOW_S)
    assert asked.why_not(code(1), NOW_S) == ""


def test_who_guesses_has_to_wait_and_so_has_who_knows():
    asked = codes()
    for number in range(5):
        assert "wrong" in asked.why_not("000000", NOW_S + number)
    assert "5 wrong codes" in asked.why_not(code(), NOW_S + 5)
    assert "5 wrong codes" in asked.why_not(code(now_s=NOW_S + 59), NOW_S + 59)
    assert asked.why_not(code(now_s=NOW_S + 60), NOW_S + 60) == ""


def test_a_clock_that_was_set_back_locks_nobody_out():
    asked = codes()
    for _ in range(5):
        asked.why_not("000000", NOW_S)
    assert asked.why_not(code(now_s=NOW_S - 3600), NOW_S - 3600) == ""


def test_no_code_is_no_guess():
    asked = codes()
    for _ in range(9):
        assert "--code" in asked.why_not("", NOW_S)
    assert asked.why_not(code(), NOW_S) == ""


@given(st.text())
def test_nothing_but_a_code_of_now_passes(text):
    known = {code(steps_off) for steps_off in (-1, 0, 1)}
    assert (codes().why_not(text, NOW_S) == "") is (text in known)


@pytest.mark.parametrize("text", ["not Base32!", base64.b32encode(bytes(15)).decode(), ""])
def test_what_is_no_secret_is_refused_by_its_name_and_never_shown(text):
    with pytest.raises(UsageError, match="operator-codes") as refused:
        codes(text)
    assert not text or text not in str(refused.value)


def test_a_secret_is_read_as_people_write_it():
    assert codes(TEXT.lower()[:16] + " " + TEXT.lower()[16:]).why_not(code(), NOW_S) == ""


def test_at_the_socket_arm_and_approve_ask_for_it_kill_does_not_and_no_code_is_let_in(tmp_path):
    given_in: list[CommandReceived] = []
    refused: list[tuple[str, str]] = []
    asked = codes()

    def take(command: CommandReceived) -> list[str]:
        given_in.append(command)
        return []

    def why_not(text: str, source: str) -> str:
        if why := asked.why_not(text, NOW_S):
            refused.append((source, why))
        return why

    def visit(path):
        answers = [
            ask(path, request(word, scope="all", reason="books agree", **args))
            for word, args in (
                ("kill", {}),
                ("arm", {}),
                ("arm", {"code": "000000"}),
                ("arm", {"code": code()}),
                ("approve", {"code": code()}),
                ("approve", {"max_open_orders": "", "code": code(1)}),
            )
        ]
        return [(each.ok, each.error) for each in answers]

    async def main():
        door = Door(tmp_path / "run" / "s.sock", Operated(take, {}, None, why_not))
        await door.open()
        try:
            return await asyncio.wait_for(asyncio.to_thread(visit, door.path), 10.0)
        finally:
            await door.close()

    answers = asyncio.run(main())
    assert [ok for ok, _ in answers] == [True, False, False, True, False, True]
    assert "arm all: a code is wanted" in answers[1][1]
    assert [each.name for each in given_in] == ["kill", "arm", "approve"]
    assert [dict(each.args) for each in given_in] == [{}, {}, {"max_open_orders": ""}]
    whys = [why.split(":")[0] for _, why in refused]
    assert whys == ["a code is wanted", "the code is wrong", "the code was used already"]


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path, tickerd):
    file = tmp_path / "operator-codes"
    made = tickerd("second-factor", file)
    assert made.code == 0, made.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secret = file.read_text().strip()
    assert f"otpauth://totp/tickerd:operator-codes?secret={secret}&issuer=tickerd" in made.out
    assert len(base64.b32decode(secret)) == 20
    again = tickerd("second-factor", file)
    assert again.code == 2
    assert file.read_text().strip() == secret


@pytest.mark.parametrize("secret", [None, "too short"])
def test_nothing_begins_without_the_secret_that_the_settings_name(tmp_path, tickerd, monkeypatch, secret):
    settings = tmp_path / "paper.toml"
    settings.write_text(PAPER.format(folder=tmp_path), encoding="utf-8")
    if secret is not None:
        monkeypatch.setenv("TICKERD_SECRET_OPERATOR_CODES", secret)
    refused = tickerd("run", "-c", settings)
    assert refused.code == 2
    assert "operator-codes" in refused.err
    assert secret is None or secret not in refused.err
    assert not (tmp_path / "sessions").exists()
