"""Which URLs may be registered. What any two programs might read differently is refused.

Names only: an address in whatever notation (dotted, short, decimal, octal, hexadecimal, IPv6) is no
name. So neither the resolver nor the HTTP client is ever asked to understand one.
"""

import re
from typing import Final

import msgspec

from ..shared.errors import RuleViolation

LENGTH_MAX: Final = 2_048
HOST_LENGTH_MAX: Final = 253
HTTPS_PORT: Final = 443
PORTS: Final = frozenset({HTTPS_PORT, 8443})
PORT_MAX: Final = 65_535
# What no public name ends in: special-use names (RFC 6761, 8375, 9476) and private habits.
INTERNAL_ENDINGS: Final = frozenset(
    {
        *("localhost", "localdomain", "local", "internal", "intranet", "private", "corp", "home"),
        *("lan", "arpa", "test", "example", "invalid", "onion", "alt", "svc", "cluster", "consul"),
    }
)
ADDRESS: Final = "write a host name, not an address"
LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "localhost"})

_SHAPE: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[^/?#:]*)(?::(?P<port>[0-9]*))?(?P<rest>.*)"
)
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# Beginning with a letter, it cannot be the last part of an IPv4 address in any base.
_TOP_LABEL: Final = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])")
# RFC 3986's characters of a path and a query, escapes whole.
_REST: Final = re.compile(
    r"(/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?"
    r"(\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
)


class WebhookUrlRefused(RuleViolation):
    """`reason` is a word that is stable."""

    code = "webhook_url_refused"


class WebhookUrl(msgspec.Struct, frozen=True, kw_only=True):
    """`host` is in lower case. `text` is what is sent to, with that host."""

    text: str
    scheme: str
    host: str
    port: int


def parse_url(text: str, *, loopback: bool) -> WebhookUrl:
    """Raises `WebhookUrlRefused`. `loopback` also allows plain HTTP to this machine (sandbox)."""
    if len(text) > LENGTH_MAX:
        raise refused("too_long", f"a URL has at most {LENGTH_MAX} characters")
    if not (text.isascii() and text.isprintable()) or " " in text or "\\" in text:
        raise refused("malformed", "write a URL in ASCII, a name in its xn-- form")
    authority = re.split(r"[/?#]", text.partition("://")[2], maxsplit=1)[0]
    if "@" in authority:
        raise refused("credentials", "a URL carries no user name or password")
    if "[" in authority:
        raise refused("address", ADDRESS)
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise refused("malformed", "a URL begins with https:// and a host name")
    scheme, rest = shape["scheme"], shape["rest"]
    host = shape["host"].lower()
    if _REST.fullmatch(rest) is None:
        raise refused("malformed", "the path or the query has a character that has to be escaped")
    port = _port(shape["port"], scheme)
    if loopback and host in LOOPBACK_HOSTS:
        return _url(scheme, host, port, rest)
    if scheme != "https":
        raise refused("not_https", "a URL begins with https://")
    if port not in PORTS:
        raise refused("port", "the port is 443 or 8443")
    _check_host(host)
    return _url(scheme, host, port, rest)


def refused(reason: str, detail: str) -> WebhookUrlRefused:
    return WebhookUrlRefused(detail, reason=reason)


def _url(scheme: str, host: str, port: int, rest: str) -> WebhookUrl:
    shown = "" if port == HTTPS_PORT and scheme == "https" else f":{port}"
    path = rest if rest.startswith("/") else f"/{rest}"
    return WebhookUrl(text=f"{scheme}://{host}{shown}{path}", scheme=scheme, host=host, port=port)


def _port(text: str | None, scheme: str) -> int:
    if text is None:
        return HTTPS_PORT if scheme == "https" else 80
    if not 1 <= len(text) <= len(str(PORT_MAX)) or not 1 <= int(text) <= PORT_MAX:
        raise refused("port", "the port is a number")
    return int(text)


def _check_host(host: str) -> None:
    labels = host.split(".")
    if not host or len(host) > HOST_LENGTH_MAX:
        raise refused("host", "a URL has a host name")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise refused("host", "that is no host name")
    if _TOP_LABEL.fullmatch(labels[-1]) is None:
        raise refused("address", ADDRESS)
    if len(labels) == 1 or labels[-1] in INTERNAL_ENDINGS:
        raise refused("internal", "that name is not a public one")
