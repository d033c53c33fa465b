"""A request as it came: its parameters, and the exact bytes its signature was made over."""

import msgspec
from aiohttp import web

from entrypoints.simulator.binance_convert import errors, params, signing
from entrypoints.simulator.binance_convert.errors import VendorError

FORM = "application/x-www-form-urlencoded"
RECV_WINDOW_MS, RECV_WINDOW_MS_MAX, AHEAD_MS_MAX = 5_000, 60_000, 1_000


class Wire(msgspec.Struct, frozen=True):
    """`unread_bodies` is 1 for a body the vendor does not read as parameters, such as JSON."""

    params: dict[str, str]
    signed_bytes: bytes
    signature: bytes | None
    unread_bodies: int = 0


async def read_wire(request: web.Request) -> Wire:
    """The query string wins over the body. A body that is not a form is signed, but not read.

    Raises VendorError for parameters that are sent twice or cannot be read.
    """
    query = request.raw_path.partition("?")[2].encode("utf-8", "surrogateescape")
    query, in_query = signing.take_signature(query)
    if request.method == "GET" or not request.can_read_body:
        return _wire(Wire(params.parse(query), query, in_query))
    body = await request.read()
    if request.headers.get("Content-Type", FORM).partition(";")[0].strip().lower() != FORM:
        return _wire(Wire(params.parse(query), query + body, in_query, int(bool(body))))
    body, in_body = signing.take_signature(body)
    found = params.parse(body) | params.parse(query)
    return _wire(Wire(found, query + body, in_body if in_query is None else in_query))


def _wire(wire: Wire) -> Wire:
    if "signature" in wire.params:
        raise VendorError(errors.DUPLICATE_PARAMETER, param="signature")
    return wire


def check_signature(wire: Wire, secret: bytes) -> None:
    params.required(wire.params, "timestamp")
    if not wire.signature:
        raise VendorError(errors.PARAMETER_MISSING, param="signature")
    if not signing.is_genuine(secret, wire.signed_bytes, wire.signature):
        raise VendorError(errors.SIGNATURE_INVALID)


def check_time(wire: Wire, now_ms: int) -> None:
    """Not older than recvWindow, and not more than a second ahead of us."""
    sent_ms = params.required_int(wire.params, "timestamp")
    window_ms = params.optional_int(wire.params, "recvWindow", RECV_WINDOW_MS)
    if window_ms > RECV_WINDOW_MS_MAX:
        raise VendorError(errors.RECV_WINDOW)
    if sent_ms > now_ms + AHEAD_MS_MAX:
        raise VendorError(errors.TIMESTAMP_AHEAD)
    if now_ms - sent_ms > window_ms:
        raise VendorError(errors.TIMESTAMP_OUTSIDE)
