from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.webhooks.address import LOOPBACK, refusal_of
from tests.unit.domain.webhooks.hostile import HOSTILE_ADDRESSES, PUBLIC_ADDRESSES


def test_hostile_addresses_are_many() -> None:
    assert len({address for _, address in HOSTILE_ADDRESSES}) == len(HOSTILE_ADDRESSES) >= 60


@pytest.mark.parametrize(("reason", "address"), HOSTILE_ADDRESSES)
def test_hostile_address_is_refused_and_says_why(reason: str, address: str) -> None:
    assert refusal_of(address) == reason


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_public_address_is_taken(address: str) -> None:
    assert refusal_of(address) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_allowed_network_is_looked_at_first(address: str) -> None:
    assert refusal_of(address, allowed=LOOPBACK) is None


@pytest.mark.parametrize("address", ["::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254"])
def test_allowing_loopback_allows_nothing_else(address: str) -> None:
    assert refusal_of(address, allowed=LOOPBACK) is not None


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_what_the_standard_library_calls_special_is_refused(address: object) -> None:
    """Another table, made by others: where it says no, so do we."""
    found = ip_address(str(address))
    if not found.is_global or found.is_multicast or found.is_reserved:
        assert refusal_of(str(address)) is not None


@given(st.ip_addresses(v=4))
def test_no_address_inside_another_gets_through(inner: object) -> None:
    number = int(ip_address(str(inner)))
    for outer in (0, 0xFFFF << 32, 0x64FF9B << 96, 0x2002 << 112 | number << 80, 0x20010000 << 96):
        assert refusal_of(str(ip_address(max(outer | number, 2**32)))) is not None
