"""Which addresses may be connected to: public unicast ones, and no others.

After IANA's registries of special-purpose addresses, written out here and not taken from
`ipaddress.is_global`, whose meaning has changed between versions of Python.
"""

from collections.abc import Collection, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network
from types import MappingProxyType
from typing import Final

Network = IPv4Network | IPv6Network

NOT_AN_ADDRESS: Final = "not_an_address"
LOOPBACK: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

_V4: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        # Two clouds answer with secrets on public-looking addresses.
        "metadata": ("169.254.169.254/32", "168.63.129.16/32", "100.100.100.200/32"),
        "this_network": ("0.0.0.0/8",),
        "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        "shared": ("100.64.0.0/10",),
        "loopback": ("127.0.0.0/8",),
        "link_local": ("169.254.0.0/16",),
        "special": ("192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.175.48.0/24"),
        "documentation": ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"),
        "6to4": ("192.88.99.0/24",),
        "benchmarking": ("198.18.0.0/15",),
        "multicast": ("224.0.0.0/4",),
        "reserved": ("240.0.0.0/4",),
    }
)
# Addresses that carry an IPv4 address in them lead to wherever that one leads.
_V6: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "loopback": ("::1/128",),
        "metadata": ("fd00:ec2::254/128", "fd20:ce::254/128"),
        "ipv4_mapped": ("::ffff:0:0/96", "::ffff:0:0:0/96"),
        "ipv4_compatible": ("::/96",),
        "nat64": ("64:ff9b::/96", "64:ff9b:1::/48"),
        "6to4": ("2002::/16",),
        "teredo": ("2001::/32",),
        "special": ("2001::/23", "2620:4f:8000::/48", "5f00::/16"),
        "documentation": ("2001:db8::/32", "3fff::/20"),
        "private": ("fc00::/7",),
        "link_local": ("fe80::/10",),
        "site_local": ("fec0::/10",),
        "multicast": ("ff00::/8",),
    }
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
# Routers that speak ISATAP forward by the IPv4 address in the last half.
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})


def _table(rows: Mapping[str, tuple[str, ...]]) -> tuple[tuple[Network, str], ...]:
    return tuple((ip_network(text), reason) for reason, texts in rows.items() for text in texts)


_SPECIAL: Final = (*_table(_V4), *_table(_V6))


def refusal_of(text: str, *, allowed: Collection[Network] = ()) -> str | None:
    """Why nothing is sent to the address `text`, in one word. None when it may be.

    `allowed` are networks of a development machine, which are looked at first.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return NOT_AN_ADDRESS
    if "%" in text:
        return "link_local"  # a zone is a way out of this machine and no part of an address
    if any(address in network for network in allowed):
        return None
    for network, reason in _SPECIAL:
        if address in network:
            return reason
    if isinstance(address, IPv4Address):
        return None
    if address not in _GLOBAL_UNICAST:
        return "reserved"
    return "isatap" if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP else None
