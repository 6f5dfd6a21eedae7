"""One connection's subscriptions and the replies to its requests, as Binance documents them; no sockets."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.embedded.session import Session


def request(session: Session, **fields: object) -> object:
    return json.loads(session.receive(json.dumps(fields)))


def test_subscribing_adds_streams_in_order_and_answers_null() -> None:
    session = Session(["a@trade"], combined=False)

    assert request(session, method="SUBSCRIBE", params=["b@trade", "a@trade"], id=1) == {"result": None, "id": 1}
    assert session.streams == ("a@trade", "b@trade")


def test_unsubscribing_takes_streams_away_whether_or_not_they_were_there() -> None:
    session = Session(["a@trade", "b@trade"], combined=False)

    assert request(session, method="UNSUBSCRIBE", params=["a@trade", "c@trade"], id=312) == {"result": None, "id": 312}
    assert session.streams == ("b@trade",)


def test_subscriptions_are_listed() -> None:
    session = Session(["a@trade"], combined=True)

    assert request(session, method="LIST_SUBSCRIPTIONS", id="x-1") == {"result": ["a@trade"], "id": "x-1"}


def test_the_combined_property_is_read_and_set() -> None:
    session = Session([], combined=False)

    assert request(session, method="GET_PROPERTY", params=["combined"], id=2) == {"result": False, "id": 2}
    assert request(session, method="SET_PROPERTY", params=["combined", True], id=5) == {"result": None, "id": 5}
    assert session.combined


UNKNOWN_VARIANT = (
    "Invalid request: unknown variant `SUBSCRIPE`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, "
    "`LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY` at line 1 column"
)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ('{"method":"GET_PROPERTY","params":["nothing"],"id":1}', 0, "Unknown property"),
        ('{"method":"SET_PROPERTY","params":["combined",1],"id":1}', 1, "Invalid value type: expected Boolean"),
        ('{"method":"SET_PROPERTY","params":[1,true],"id":1}', 2, "Invalid request: property name must be a string"),
        ('{"method":"GET_PROPERTY","id":1}', 2, "Invalid request: property name must be a string"),
        ('{"method":"GET_PROPERTY","params":["combined",true],"id":1}', 2, "Invalid request: too many parameters"),
        (
            '{"method":"LIST_SUBSCRIPTIONS","id":1.5}',
            2,
            "Invalid request: request ID must be an unsigned integer",
        ),
        (
            '{"method":"SUBSCRIPE","params":[],"id":1}',
            2,
            UNKNOWN_VARIANT,
        ),
        ('{"params":[],"id":1}', 2, "Invalid request: missing field `method` at line 1 column 20"),
        ('{"method":}', 3, "Invalid JSON: expected value at line 1 column 11"),
        ("subscribe please", 3, "Invalid JSON: expected value at line 1 column 1"),
    ],
)
def test_a_wrong_request_gets_the_documented_error(text: str, code: int, message: str) -> None:
    reply = json.loads(Session([], combined=False).receive(text))

    assert (reply["code"], reply["error"]["code"]) == (code, code)
    assert reply["msg"].startswith(message)
    assert reply["error"]["msg"] == reply["msg"]


@given(st.one_of(st.binary(max_size=60), st.text(max_size=60)))
def test_whatever_a_client_sends_is_answered_and_changes_nothing_it_did_not_ask_for(text: str | bytes) -> None:
    session = Session(["a@trade"], combined=True)

    assert "error" in json.loads(session.receive(text))
    assert (session.streams, session.combined) == (("a@trade",), True)
