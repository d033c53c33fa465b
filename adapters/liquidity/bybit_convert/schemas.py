"""What Bybit sends. Amounts and moments are strings; unknown fields are ignored.

Every answer is an envelope with a `retCode`; what is inside is read once the code is known to be 0.
"""

from typing import Annotated

import msgspec

from adapters.liquidity.reading import Identifier, PlainText, reader

# Milliseconds as text, up to the end of the year 9999.
MillisText = Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]{0,13})\Z")]
Message = Annotated[str, msgspec.Meta(max_length=4_096)]


class Envelope(msgspec.Struct, frozen=True, rename="camel"):
    ret_code: int
    ret_msg: Message = ""
    result: msgspec.Raw = msgspec.Raw(b"null")


class QuoteResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    quote_tx_id: Identifier
    exchange_rate: PlainText
    from_coin: PlainText
    to_coin: PlainText
    from_amount: PlainText
    to_amount: PlainText
    expired_time: MillisText


class ExecuteResult(msgspec.Struct, frozen=True, rename="camel"):
    exchange_status: PlainText
    quote_tx_id: Identifier


class Conversion(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`exchange_tx_id` is the quote's id: the vendor has one for both."""

    exchange_tx_id: Identifier
    exchange_status: PlainText
    from_coin: PlainText
    from_amount: PlainText
    to_coin: PlainText
    to_amount: PlainText
    created_at: MillisText


class NestedConversion(msgspec.Struct, frozen=True):
    result: Conversion


class ConversionList(msgspec.Struct, frozen=True):
    rows: tuple[Conversion, ...] = msgspec.field(name="list")


class Coin(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    coin: PlainText
    accuracy_length: Annotated[int, msgspec.Meta(ge=0, le=30)]
    balance: PlainText
    single_from_min_limit: PlainText
    single_from_max_limit: PlainText
    disable_from: bool = False
    disable_to: bool = False


class CoinList(msgspec.Struct, frozen=True):
    coins: tuple[Coin, ...]


read_envelope = reader(Envelope)
read_quote_result = reader(QuoteResult)
read_execute_result = reader(ExecuteResult)
read_conversion = reader(NestedConversion)
read_conversions = reader(ConversionList)
read_coins = reader(CoinList)
