"""The vendor's published example, and what is signed when requests are put together unusually."""

import pytest

from entrypoints.simulator.binance_convert.signing import is_genuine, signature, take_signature
from tests.simulation.harness import CONVERT, CREDENTIALS, VendorClient

# The documentation key of the vendor's own signed-request example; it opens nothing.
SECRET = b"NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
PAYLOAD = (
    b"symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
    b"&recvWindow=5000&timestamp=1499827319559"
)
EXPECTED = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"


def test_published_vector_is_reproduced() -> None:
    assert signature(SECRET, PAYLOAD) == EXPECTED
    assert is_genuine(SECRET, PAYLOAD, EXPECTED.upper().encode())
    assert not is_genuine(SECRET, PAYLOAD + b"0", EXPECTED.encode())


@pytest.mark.parametrize(
    ("raw", "rest", "found"),
    [
        (b"a=1&b=2&signature=ff", b"a=1&b=2", b"ff"),
        (b"a=1&signature=ff&b=2", b"a=1&b=2", b"ff"),
        (b"signature=ff&a=1", b"a=1", b"ff"),
        (b"signature=ff", b"", b"ff"),
        (b"xsignature=ff&a=1", b"xsignature=ff&a=1", None),
        (b"a=1", b"a=1", None),
        (b"", b"", None),
    ],
)
def test_signature_is_taken_out_of_where_it_stands(
    raw: bytes, rest: bytes, found: bytes | None
) -> None:
    assert take_signature(raw) == (rest, found)


async def test_query_and_body_are_signed_joined_by_nothing(vendor: VendorClient) -> None:
    query = "fromAsset=BTC&toAsset=USDT"
    body = f"fromAmount=0.1&timestamp={vendor.clock.now_ms()}"
    signed = f"{body}&signature={vendor.sign(query + body)}"
    reply = await vendor.raw("POST", f"{CONVERT}/getQuote", query=query, body=signed)
    assert reply.status == 200, reply.body


async def test_query_string_wins_over_the_body(vendor: VendorClient) -> None:
    query = "fromAsset=BTC&toAsset=USDT&fromAmount=0.2"
    body = f"fromAmount=0.1&timestamp={vendor.clock.now_ms()}"
    signed = f"{body}&signature={vendor.sign(query + body)}"
    reply = await vendor.raw("POST", f"{CONVERT}/getQuote", query=query, body=signed)
    assert reply.json["fromAmount"] == "0.2"


async def test_bytes_are_signed_as_sent_and_not_as_decoded(vendor: VendorClient) -> None:
    sent = f"fromAsset=%42TC&toAsset=USDT&fromAmount=0.1&timestamp={vendor.clock.now_ms()}"
    for payload, status in ((sent, 200), (sent.replace("%42", "B"), 400)):
        body = f"{sent}&signature={vendor.sign(payload)}"
        assert (await vendor.raw("POST", f"{CONVERT}/getQuote", body=body)).status == status


async def test_signature_in_front_counts_as_at_the_end(vendor: VendorClient) -> None:
    rest = f"timestamp={vendor.clock.now_ms()}"
    query = f"signature={vendor.sign(rest)}&{rest}"
    assert (await vendor.raw("GET", f"{CONVERT}/assetInfo", query=query)).status == 200


async def test_json_body_is_not_read_as_parameters(vendor: VendorClient) -> None:
    body = '{"fromAsset":"BTC","toAsset":"USDT","fromAmount":"0.1"}'
    query = f"timestamp={vendor.clock.now_ms()}"
    signed = f"{query}&signature={vendor.sign(query + body)}"
    reply = await vendor.raw(
        "POST",
        f"{CONVERT}/getQuote",
        query=signed,
        body=body,
        headers={"Content-Type": "application/json"},
    )
    assert (reply.status, reply.code) == (400, -1104)


async def test_wrong_signature_is_refused_and_nothing_else_is_looked_at(
    vendor: VendorClient,
) -> None:
    query = f"timestamp={vendor.clock.now_ms()}&signature={'0' * 64}"
    reply = await vendor.raw("GET", f"{CONVERT}/assetInfo", query=query)
    assert (reply.status, reply.code) == (400, -1022)


@pytest.mark.parametrize(("key", "code"), [("", -2014), ("no such key!", -2014), ("other", -2015)])
async def test_wrong_key_is_refused(vendor: VendorClient, key: str, code: int) -> None:
    assert key != CREDENTIALS.api_key
    reply = await vendor.raw("GET", f"{CONVERT}/assetInfo", headers={"X-MBX-APIKEY": key})
    assert (reply.status, reply.code) == (401, code)


@pytest.mark.parametrize(
    ("query", "param"), [("", "timestamp"), ("timestamp=1", "signature")], ids=["both", "one"]
)
async def test_missing_part_of_a_signed_request_is_named(
    vendor: VendorClient, query: str, param: str
) -> None:
    reply = await vendor.raw("GET", f"{CONVERT}/assetInfo", query=query)
    assert (reply.status, reply.code) == (400, -1102)
    assert param in reply.text("msg")


@pytest.mark.parametrize(
    ("age_ms", "window", "code"),
    [
        (5_000, "", None),
        (5_001, "", -1021),
        (-1_000, "", None),
        (-1_001, "", -1021),
        (59_000, "60000", None),
        (0, "60001", -1131),
    ],
)
async def test_timestamp_is_held_against_the_window(
    vendor: VendorClient, age_ms: int, window: str, code: int | None
) -> None:
    sent = f"timestamp={vendor.clock.now_ms() - age_ms}"
    sent += f"&recvWindow={window}" if window else ""
    query = f"{sent}&signature={vendor.sign(sent)}"
    reply = await vendor.raw("GET", f"{CONVERT}/assetInfo", query=query)
    if code is None:
        assert reply.status == 200
    else:
        assert (reply.status, reply.code) == (400, code)
