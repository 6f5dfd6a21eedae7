"""What holds at one simulated venue in place of what holds at all."""

import msgspec
import pytest

from connectors.sim import FeeTier, ImpactModel, ImpactSettings, LatencySettings, SimSettings
from connectors.sim.paper import PaperExecution
from connectors.sim.settings import SimOverrides
from core.events import InstrumentDefined, OrderReport, ReportType
from core.market import Market
from core.money import money
from core.orders import ApprovedSubmit
from core.records import Event, Kind
from tests.connectors.sim.world import PLAIN, order

ABROAD = SimOverrides(
    entry_latency_ns=50,
    taker_fee_ppm=20_000,
    impact=ImpactSettings(model=ImpactModel.TICKS, ticks=2),
)
SIM = SimSettings(entry_latency_ns=10, response_latency_ns=0, taker_fee_ppm=10_000, venues={"ABROAD": ABROAD})


def test_every_key_can_be_overridden_at_a_venue() -> None:
    wanted = {field.name: field.type for field in msgspec.structs.fields(SimSettings) if field.name != "venues"}
    got = {field.name: field.type for field in msgspec.structs.fields(SimOverrides)}
    assert list(got) == list(wanted)
    assert all(got[name] in {kind, kind | None} for name, kind in wanted.items())


def test_a_venue_has_its_own_keys_and_all_others_as_every_venue_has_them() -> None:
    here, abroad = SIM.at("HERE"), SIM.at("ABROAD")
    assert here == msgspec.structs.replace(SIM, venues={})
    assert (abroad.entry_latency_ns, abroad.taker_fee_ppm, abroad.impact.ticks) == (50, 20_000, 2)
    assert (abroad.response_latency_ns, abroad.maker_fee_ppm) == (0, 1_000)
    assert abroad.at("ABROAD") == abroad


def test_a_constant_given_to_a_venue_goes_before_a_model_for_all() -> None:
    sim = SimSettings(
        entry_latency=LatencySettings(least_ns=5),
        response_latency=LatencySettings(least_ns=7),
        fee_tiers=(FeeTier(volume=0, maker_fee_ppm=1, taker_fee_ppm=2),),
        venues={"ABROAD": SimOverrides(entry_latency_ns=9, maker_fee_ppm=3), "OTHER": SimOverrides(queue_shape=2)},
    )
    abroad, other = sim.at("ABROAD"), sim.at("OTHER")
    assert (abroad.entry_latency, abroad.fee_tiers) == (None, ())
    assert (abroad.response_latency, other.entry_latency) == (sim.response_latency, sim.entry_latency)
    assert other.fee_tiers == sim.fee_tiers


def test_what_does_not_go_together_at_one_venue_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match=r"^venues\.ABROAD\.minimum_fee is '0\.001': give a decimal of at most 2"):
        SimSettings(minimum_fee="0.001", venues={"ABROAD": SimOverrides(fee_decimals=2)})


def test_each_simulated_venue_fills_by_its_own_settings() -> None:
    markets: list[Market] = []
    paper = PaperExecution(SIM, markets)
    for index, venue in enumerate(("HERE", "ABROAD")):
        instrument = msgspec.structs.replace(PLAIN, venue=venue)
        markets.append(Market(index, instrument))
        paper.on_event((Kind.INSTRUMENT, 0, index, 1, 0, InstrumentDefined(instrument), 0, 0, 0, 0))
        market = markets[index]
        market.bid_price, market.bid_quantity, market.ask_price, market.ask_quantity = 999, 50, 1_000, 50
        market.quote_ns = 1
        quote: Event = (Kind.QUOTE, 0, index, 1, 0, 999, 50, 1_000, 50, 1)
        paper.on_event(quote)
    for index in (0, 1):
        bought = order(f"o{index}: buy 10", index)
        paper.send(ApprovedSubmit(intent=bought, reference_price=1_000, limits_version=1), 100)

    filled: dict[str, tuple[int, int, int]] = {}
    for now_ns in (110, 150):
        for event in paper.poll(now_ns):
            report = event[5]
            assert isinstance(report, OrderReport)
            if report.type is ReportType.FILLED:
                filled[report.client_order_id] = (now_ns, report.price, int(report.fee))

    assert filled == {"o0": (110, 1_000, money("100")), "o1": (150, 1_002, money("200.4"))}
