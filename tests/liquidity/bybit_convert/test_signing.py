"""The signature over time, key, window and the exact bytes that are sent."""

from typing import Final

import pytest

from adapters.liquidity.bybit_convert.signing import signed_headers

BODY: Final = b'{"quoteTxId":"10100108106409343501030232064"}'


def test_golden_vector_is_signed_as_expected() -> None:
    headers = signed_headers(
        "test-key", "test-secret", BODY, timestamp_ms=1_720_071_899_789, window_ms=5_000
    )
    assert headers == {
        "X-BAPI-API-KEY": "test-key",
        "X-BAPI-TIMESTAMP": "1720071899789",
        "X-BAPI-RECV-WINDOW": "5000",
        "X-BAPI-SIGN": "8d04554acaeb8593326cfb117b364f012e425d6f000f69f2e15fb766d59b9da4",
    }


@pytest.mark.parametrize(
    ("key", "secret", "body", "at", "window"),
    [
        ("test-kez", "test-secret", BODY, 1_720_071_899_789, 5_000),
        ("test-key", "test-secres", BODY, 1_720_071_899_789, 5_000),
        ("test-key", "test-secret", BODY + b" ", 1_720_071_899_789, 5_000),
        ("test-key", "test-secret", BODY, 1_720_071_899_788, 5_000),
        ("test-key", "test-secret", BODY, 1_720_071_899_789, 5_001),
    ],
)
def test_every_part_is_covered_by_the_signature(
    key: str, secret: str, body: bytes, at: int, window: int
) -> None:
    golden = "8d04554acaeb8593326cfb117b364f012e425d6f000f69f2e15fb766d59b9da4"
    headers = signed_headers(key, secret, body, timestamp_ms=at, window_ms=window)
    assert headers["X-BAPI-SIGN"] != golden
