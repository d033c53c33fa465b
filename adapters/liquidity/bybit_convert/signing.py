import hmac


def signed_headers(
    key: str, secret: str, payload: bytes, *, timestamp_ms: int, window_ms: int
) -> dict[str, str]:
    """`payload` is the query string or the body, exactly as it is sent.

    The signature is the lower-case hexadecimal HMAC-SHA256 over time, key, window and payload.
    """
    covered = f"{timestamp_ms}{key}{window_ms}".encode() + payload
    return {
        "X-BAPI-API-KEY": key,
        "X-BAPI-TIMESTAMP": str(timestamp_ms),
        "X-BAPI-RECV-WINDOW": str(window_ms),
        "X-BAPI-SIGN": hmac.digest(secret.encode(), covered, "sha256").hex(),
    }
