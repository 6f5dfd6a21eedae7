"""Every documented error has a meaning, and only documented certainty is called certain."""

import pytest

from connectors.binance.settings import Market
from connectors.binance.trading.codes import Meaning, classify

# All codes of binance-spot-api-docs/errors.md that a request of ours may be answered with.
SPOT_CODES = [
    -1000, -1001, -1002, -1003, -1006, -1007, -1008, -1013, -1014, -1015, -1016, -1020, -1021, -1022, -1033, -1034,
    -1035, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1108, -1111, -1112, -1114, -1115, -1116, -1117, -1118,
    -1119, -1120, -1121, -1122, -1125, -1127, -1128, -1130, -1134, -1135, -1139, -1145, -1151, -1152, -1153, -1155,
    -1158, -1160, -1161, -1165, -1166, -1168, -1194, -1196, -1197, -1198, -1199, -1210, -1211, -1220, -1221, -1222,
    -1223, -1224, -1225, -2010, -2011, -2013, -2014, -2015, -2016, -2021, -2022, -2026, -2035, -2036, -2038, -2039,
    -2042, -2043,
]  # fmt: skip
UNCERTAIN_ON_SPOT = {-1000, -1001, -1006, -1007, -1016, -2021}
# "2xxx - Processing Issues", "40xx - Filters and other Issues", "50xx - Order Execution Issues" of USDⓈ-M.
USDM_CODES = [-2010, -2011, -2013, -2014, -2015, *range(-2028, -2017), *range(-4067, -3999), -4082, -4109, -4120,
              -4131, -4135, -4136, -4161, -4164, -5021, -5022, -5024, -5025, -5026, -5027, -5028,
              *range(-5041, -5036)]  # fmt: skip


@pytest.mark.parametrize("code", SPOT_CODES)
def test_every_documented_code_of_spot_has_a_meaning(code):
    meaning = classify(Market.SPOT, 400, code, "words").meaning
    assert meaning.is_certain == (code not in UNCERTAIN_ON_SPOT)


@pytest.mark.parametrize("code", USDM_CODES)
def test_every_documented_code_of_usdm_is_certain(code):
    assert classify(Market.USDM, 400, code, "words").meaning.is_certain


@pytest.mark.parametrize("market", list(Market))
@pytest.mark.parametrize(
    ("status", "code", "message", "meaning"),
    [
        (400, -1006, "Execution status unknown.", Meaning.UNKNOWN),
        (504, -1007, "Timeout waiting for response from backend server.", Meaning.UNKNOWN),
        (400, -1021, "Timestamp for this request is outside of the recvWindow.", Meaning.CLOCK),
        (400, -2010, "Account has insufficient balance for requested action.", Meaning.REJECTED),
        (400, -2010, "Duplicate order sent.", Meaning.UNKNOWN),  # ours may be the one that is there
        (400, -2011, "Unknown order sent.", Meaning.GONE),
        (400, -2013, "Order does not exist.", Meaning.ABSENT),
        (429, -1003, "Too much request weight used", Meaning.BUSY),
        (418, -1003, "IP banned until 1", Meaning.BUSY),
        (429, 0, "", Meaning.BUSY),
        (403, 0, "", Meaning.KEY),
        (503, 0, "", Meaning.DOWN),
        (503, -1008, "Request throttled by system-level protection.", Meaning.BUSY),
        (500, 0, "", Meaning.UNKNOWN),
        (502, 0, "", Meaning.UNKNOWN),
        (400, 0, "", Meaning.UNKNOWN),
        (500, -2010, "Account has insufficient balance", Meaning.UNKNOWN),  # "5xx: execution status is unknown"
        (400, -98765, "never heard of", Meaning.UNKNOWN),
    ],
)  # fmt: skip
def test_what_an_error_means(market, status, code, message, meaning):
    assert classify(market, status, code, message).meaning is meaning


def test_the_two_markets_mean_different_things_by_one_code():
    assert classify(Market.SPOT, 409, -2021, "Order cancel-replace partially failed.").meaning is Meaning.UNKNOWN
    assert classify(Market.USDM, 400, -2021, "Order would immediately trigger.").meaning is Meaning.REJECTED
    assert classify(Market.USDM, 400, -4116, "ClientOrderId is duplicated.").meaning is Meaning.UNKNOWN
