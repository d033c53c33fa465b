"""What the vendor's documents show, typed again."""

from typing import Final

# The request of the sample was answered 14.948 seconds before this quote expires.
QUOTED_MS: Final = 1_720_071_077_265
QUOTE: Final = b"""{"retCode": 0, "retMsg": "ok", "result": {
    "quoteTxId": "10100108106409340067234418688", "exchangeRate": "0.053517914861880000",
    "fromCoin": "ETH", "fromCoinType": "crypto", "toCoin": "BTC", "toCoinType": "crypto",
    "fromAmount": "0.1", "toAmount": "0.005351791486188000", "expiredTime": "1720071092225",
    "requestId": "test-00002", "extTaxAndFee": []}, "retExtInfo": {}, "time": 1720071077265}"""

QUOTE_ID: Final = "10100108106409343501030232064"
EXECUTED: Final = b"""{"retCode": 0, "retMsg": "ok", "result": {"exchangeStatus": "%b",
    "quoteTxId": "10100108106409343501030232064"}, "retExtInfo": {}, "time": 1720071900529}"""

RESULT: Final = b"""{"retCode": 0, "retMsg": "ok", "result": {"result": {
    "accountType": "eb_convert_funding", "exchangeTxId": "10100108106409343501030232064",
    "userId": "20250921", "fromCoin": "ETH", "fromCoinType": "crypto", "fromAmount": "0.1",
    "toCoin": "BTC", "toCoinType": "crypto", "toAmount": "0.00534882723991",
    "exchangeStatus": "success", "extInfo": {}, "convertRate": "0.0534882723991",
    "createdAt": "1720071899995"}}, "retExtInfo": {}, "time": 1720073660696}"""


def refusal(code: int, msg: str = "as documented") -> bytes:
    return b'{"retCode": %d, "retMsg": "%b", "result": {}}' % (code, msg.encode())
