import hmac


def sign(secret: bytes, payload: bytes) -> bytes:
    """Lower-case hexadecimal HMAC-SHA256 over the exact bytes that are sent."""
    return hmac.digest(secret, payload, "sha256").hex().encode()


def signed(secret: bytes, payload: bytes) -> bytes:
    """The payload with its signature, which Binance wants last."""
    return payload + b"&signature=" + sign(secret, payload)
