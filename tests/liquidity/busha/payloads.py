"""Answers as a copy of the vendor's documents shows them, typed anew."""

from typing import Final

QUOTE: Final[dict[str, object]] = {
    "id": "QUO_uNiw1CDqGrdIlK15N0bu1",
    "source_currency": "BTC",
    "target_currency": "NGN",
    "source_amount": "0.00007051",
    "target_amount": "10050.58",
    "rate": {"product": "BTCNGN", "rate": "142541279.55", "side": "sell", "type": "FIXED"},
    "fees": [],
    "status": "pending",
    "expires_at": "2025-02-20T06:57:05.059512+01:00",
}

TRANSFER: Final[dict[str, object]] = {
    "id": "TRF_BaAUvCTlZCt3hu3OO4u8P",
    "quote_id": "QUO_uNiw1CDqGrdIlK15N0bu1",
    "source_currency": "BTC",
    "target_currency": "NGN",
    "source_amount": "0.00007051",
    "target_amount": "10050.58",
    "status": "completed",
}


def error(name: str) -> bytes:
    return f'{{"status": "error", "error": {{"name": "{name}", "message": "words"}}}}'.encode()
