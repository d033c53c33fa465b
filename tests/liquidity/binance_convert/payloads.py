"""What the vendor's documents show, typed again, and what their tables of fields allow besides."""

from typing import Final

EXCHANGE_INFO: Final = b"""[{"fromAsset": "BTC", "toAsset": "USDT",
    "fromAssetMinAmount": "0.0004", "fromAssetMaxAmount": "50",
    "toAssetMinAmount": "20", "toAssetMaxAmount": "2500000"}]"""

ASSET_INFO: Final = b'[{"asset": "BTC", "fraction": 8}, {"asset": "SHIB", "fraction": 2}]'

# Valid until 10 seconds after the request of the sample.
QUOTED_MS: Final = 1_623_319_451_670
QUOTE: Final = b"""{"quoteId": "12415572564", "ratio": "38163.7", "inverseRatio": "0.0000262",
    "validTimestamp": 1623319461670, "toAmount": "3816.37", "fromAmount": "0.1"}"""
QUOTE_INSUFFICIENT: Final = b"""{"ratio": "38163.7", "inverseRatio": "0.0000262",
    "validTimestamp": 1623319461670, "toAmount": "3816.37", "fromAmount": "0.1"}"""

ACCEPTED: Final = (
    b'{"orderId": "933256278426274426", "createTime": 1623381330472, "orderStatus": "%b"}'
)

ORDER: Final = b"""{"orderId": 933256278426274426, "orderStatus": "SUCCESS",
    "fromAsset": "BTC", "fromAmount": "0.00054414", "toAsset": "USDT", "toAmount": "20",
    "ratio": "36755", "inverseRatio": "0.00002721", "createTime": 1623381330472}"""

TRADE_FLOW: Final = b"""{"list": [{"quoteId": "f3b91c525b2644c7bc1e1cd31b6e1aa6",
    "orderId": 940708407462087195, "orderStatus": "SUCCESS",
    "fromAsset": "USDT", "fromAmount": "20", "toAsset": "BNB", "toAmount": "0.06154036",
    "ratio": "0.00307702", "inverseRatio": "324.99", "createTime": 1624248872184}],
    "startTime": 1623824139000, "endTime": 1626416139000, "limit": 100, "moreData": false}"""


def error(code: int | str, msg: str = "as documented") -> bytes:
    text = f'"{code}"' if isinstance(code, str) else str(code)
    return f'{{"code": {text}, "msg": "{msg}"}}'.encode()
