"""What clients' sources show of the vendor's answers, typed again. `%b` is the id of our order."""

from typing import Final

INSTRUMENTS: Final = b"""[{"name": "BTCUSD.SPOT", "underlier": "BTCUSD", "is_tradable": true,
    "quantity_precision": "0.0001", "max_quantity_per_trade": "50",
    "min_quantity_per_trade": "0.001", "price_significant_digits": 7}]"""

RFQ_ID: Final = "149dc3e7-4e30-4e1a-bb9c-9c30bd8f5ec7"
RFQ: Final = b"""{"valid_until": "2017-01-01T19:45:22.025464Z",
    "rfq_id": "d4e41399-e7a1-4576-9b46-349420040e1a",
    "client_rfq_id": "149dc3e7-4e30-4e1a-bb9c-9c30bd8f5ec7", "quantity": "1.0000000000",
    "side": "buy", "instrument": "BTCUSD.SPOT", "price": "700.00000000"}"""

FILLED: Final = b"""{"order_id": "d4e41399-e7a1-4576-9b46-349420040e1a",
    "client_order_id": "%b", "quantity": "3.0000000000", "side": "buy",
    "instrument": "BTCUSD.SPOT", "price": "11000.00000000",
    "executed_price": "10457.651100000", "executing_unit": "ord_1",
    "trades": [{"instrument": "BTCUSD.SPOT", "trade_id": "b2c50b72-92d4-499f-b0a3-dee6b37378be",
        "origin": "rest", "rfq_id": null, "created": "2018-02-26T14:27:53.675962Z",
        "price": "10457.65110000", "quantity": "3.0000000000",
        "order": "d4e41399-e7a1-4576-9b46-349420040e1a", "side": "buy",
        "executing_unit": "ord_1"}],
    "created": "2018-02-06T16:07:50.122206Z"}"""

KILLED: Final = b"""{"order_id": "e5f52400-0000-4000-8000-000000000000",
    "client_order_id": "%b", "quantity": "3.0000000000", "side": "buy",
    "instrument": "BTCUSD.SPOT", "price": "11000.00000000", "executed_price": null,
    "trades": [], "created": "2018-02-06T16:07:50.122206Z"}"""


def refusal(*codes: int) -> bytes:
    rows = b", ".join(b'{"code": %d, "message": "as told"}' % code for code in codes)
    return b'{"errors": [%b]}' % rows
