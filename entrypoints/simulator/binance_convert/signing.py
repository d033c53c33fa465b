"""HMAC-SHA256 over the exact bytes of query string and body, without the signature itself.

The two are joined by nothing at all. A signature that is not the last parameter is taken out of
where it stands, and the rest counts as it was sent: no decoding, no sorting, no re-encoding.
"""

import hmac

_FIELD = b"signature="


def take_signature(raw: bytes) -> tuple[bytes, bytes | None]:
    """The raw parameters without the (first) signature, and its value."""
    if _FIELD not in raw:
        return raw, None
    head, found, tail = raw.rpartition(b"&" + _FIELD)
    if found and b"&" not in tail:  # the common case: it is the last one
        return head, tail
    parts = raw.split(b"&")
    for at, part in enumerate(parts):
        if part.startswith(_FIELD):
            return b"&".join(parts[:at] + parts[at + 1 :]), part[len(_FIELD) :]
    return raw, None


def signature(secret: bytes, payload: bytes) -> str:
    """Lower-case hexadecimal."""
    return hmac.digest(secret, payload, "sha256").hex()


def is_genuine(secret: bytes, payload: bytes, given: bytes) -> bool:
    """In constant time; the vendor takes upper case as well."""
    return hmac.compare_digest(signature(secret, payload).encode(), given.lower())
