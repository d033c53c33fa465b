import base64


def basic(key_id: str, secret: str) -> str:
    """The value of the Authorization header: HTTP Basic, RFC 7617."""
    return "Basic " + base64.b64encode(f"{key_id}:{secret}".encode()).decode()
