"""A connector that is wrong does not pass: each safeguard of the suite catches what it is for."""

import msgspec
import pytest

from core.events import OrderReport, ReportType
from core.orders import ApprovedCancel, ApprovedSubmit
from tests.conformance import cases_orders, floor
from tests.conformance.binance import spot


class Bent:
    """A venue whose connector is wrong in one way."""

    def __init__(self, venue, bend):
        self._venue = venue
        self._bend = bend

    def __getattr__(self, name):
        return getattr(self._venue, name)

    def connector(self, sink, **settings):
        return self._bend(self._venue, sink, settings)


def forged(report):
    if isinstance(report, OrderReport) and report.type is ReportType.FILLED:
        return msgspec.structs.replace(report, fee="1")
    return report


def forges_fees(venue, sink, settings):
    def bent(events):
        sink([(*event[:5], forged(event[5]), *event[6:]) for event in events])

    return venue.connector(bent, **settings)


def sends_twice(venue, sink, settings):
    connector = venue.connector(sink, **settings)
    send = connector.send

    def twice(command, now_ns):
        send(command, now_ns)
        if isinstance(command, ApprovedSubmit):
            again = msgspec.structs.replace(command.intent, client_order_id=command.intent.client_order_id[:-1] + "9")
            send(msgspec.structs.replace(command, intent=again), now_ns)

    connector.send = twice
    return connector


def swallows_cancels(venue, sink, settings):
    connector = venue.connector(sink, **settings)
    send = connector.send
    connector.send = lambda command, now_ns: None if isinstance(command, ApprovedCancel) else send(command, now_ns)
    return connector


@pytest.mark.parametrize(
    ("bend", "body", "caught"),
    [
        (forges_fees, cases_orders.fill_at_market, "I3"),
        (sends_twice, cases_orders.fill_at_market, "I1"),
        (swallows_cancels, cases_orders.rest_and_cancel, "open"),
    ],
)
async def test_a_connector_that_is_wrong_is_caught(bend, body, caught, monkeypatch):
    monkeypatch.setattr(floor, "SETTLED_S", 0.5)
    monkeypatch.setattr(floor, "WITHIN_S", 0.5)
    async with spot() as venue:
        with pytest.raises(AssertionError, match=caught):
            await body(Bent(venue, bend))
