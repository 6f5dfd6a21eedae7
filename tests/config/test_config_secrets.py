"""Secrets come from files, credentials or the environment, and nothing shows them."""

import copy
import logging
import pickle
import traceback

import msgspec
import pytest

from config.errors import SecretExposed, SecretMissing
from config.secrets import Secret, read_secret, read_secret_file

CANARY = "hunter2-canary"


def secret_file(folder, name="key", text=CANARY, mode=0o600):
    file = folder / name
    file.write_text(text)
    file.chmod(mode)
    return file


def test_a_secret_is_masked_however_it_is_printed(caplog):
    secret = Secret(CANARY)
    with caplog.at_level(logging.INFO):
        logging.getLogger("x").info("key %s %r", secret, secret)
    shown = [str(secret), repr(secret), f"{secret}", f"{secret:>30}", repr([secret]), caplog.text]
    assert all(CANARY not in text for text in shown)
    assert all("***" in text for text in shown)


def test_a_traceback_does_not_show_it():
    error = ValueError(Secret(CANARY))
    assert CANARY not in "".join(traceback.format_exception(error))


def test_it_cannot_be_written_down():
    secret = Secret(CANARY)
    for dump in (pickle.dumps, copy.deepcopy, msgspec.json.encode, msgspec.msgpack.encode):
        with pytest.raises(TypeError):
            dump(secret)
    assert not hasattr(secret, "__dict__")


def test_it_is_compared_but_never_hashed():
    assert Secret(CANARY) == Secret(CANARY)
    assert Secret(CANARY) != Secret("other")
    assert Secret(CANARY) != CANARY
    with pytest.raises(TypeError):
        hash(Secret(CANARY))


def test_revealing_is_explicit():
    assert Secret(CANARY).reveal() == CANARY
    assert not Secret("")


def test_a_systemd_credential_comes_before_a_file_and_a_file_before_the_environment(tmp_path):
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    secret_file(credentials, "binance-api-key", "from systemd\n", 0o400)
    environ = {
        "CREDENTIALS_DIRECTORY": str(credentials),
        "TICKERD_SECRET_BINANCE_API_KEY_FILE": str(secret_file(tmp_path, text="from a file\n")),
        "TICKERD_SECRET_BINANCE_API_KEY": "from the environment",
    }
    assert read_secret("binance-api-key", environ).reveal() == "from systemd"
    del environ["CREDENTIALS_DIRECTORY"]
    assert read_secret("binance-api-key", environ).reveal() == "from a file"
    del environ["TICKERD_SECRET_BINANCE_API_KEY_FILE"]
    assert read_secret("binance-api-key", environ).reveal() == "from the environment"


def test_a_missing_secret_names_every_place():
    with pytest.raises(SecretMissing) as caught:
        read_secret("binance-api-key", {})
    assert str(caught.value) == (
        "secrets: binance-api-key: expected a systemd credential binance-api-key, "
        "a file named by TICKERD_SECRET_BINANCE_API_KEY_FILE, or TICKERD_SECRET_BINANCE_API_KEY itself, "
        "found none of them"
    )


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o666, 0o602])
def test_a_file_that_others_can_reach_is_refused(tmp_path, mode):
    file = secret_file(tmp_path, mode=mode)
    with pytest.raises(SecretExposed) as caught:
        read_secret_file(file, "key")
    assert str(caught.value) == (
        f"{file}: key: expected a file that only its owner or group can read, found mode {mode:04o}; chmod 600 {file}"
    )


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440])
def test_a_file_of_the_owner_or_group_is_read(tmp_path, mode):
    assert read_secret_file(secret_file(tmp_path, mode=mode), "key").reveal() == CANARY


def test_an_unreadable_or_empty_file_says_so_without_its_bytes(tmp_path):
    with pytest.raises(SecretMissing, match="No such file"):
        read_secret_file(tmp_path / "none", "key")
    with pytest.raises(SecretMissing, match="an empty file"):
        read_secret_file(secret_file(tmp_path, text="\n"), "key")
    file = secret_file(tmp_path)
    file.write_bytes(CANARY.encode() + b"\xff")
    with pytest.raises(SecretMissing) as caught:
        read_secret_file(file, "key")
    assert CANARY not in "".join(traceback.format_exception(caught.value))
