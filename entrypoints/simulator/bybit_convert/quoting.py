"""query-coin-list and quote-apply. The amount asked for is always that of the coin we give."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from aiohttp import web

from entrypoints.simulator.bybit_convert import errors
from entrypoints.simulator.bybit_convert.catalog import (
    ACCOUNT_TYPES,
    COINS,
    DIRECTIONS,
    RATE_PLACES,
    TOLD_PLACES,
    VALID_MS,
)
from entrypoints.simulator.bybit_convert.errors import VendorError, ok
from entrypoints.simulator.bybit_convert.schemas import Coin, CoinList, QuoteResult
from entrypoints.simulator.conversions import QuoteBook, Terms, book_for, moved_limits
from entrypoints.simulator.decimals import over, parse_plain, places_of, plain, rounded, times
from entrypoints.simulator.guarding import Call, Fields
from entrypoints.simulator.vendor import Vendor

REQUEST_ID_LENGTH_MAX = 36
ONE = Decimal(1)


class Quoting:
    def __init__(self, vendor: Vendor, quotes: QuoteBook) -> None:
        self._vendor = vendor
        self._quotes = quotes

    async def coins(self, call: Call) -> web.Response:
        account_type(call.fields)
        if call.fields.get("side", "0") not in {"0", "1"}:
            raise VendorError(errors.PARAMETER, param="side")
        coins = [
            Coin(
                coin=name,
                full_name=name,
                accuracy_length=rule.accuracy,
                balance=plain(self._vendor.account.available(name)),
                single_from_min_limit=plain(rule.minimum),
                single_from_max_limit=plain(rule.maximum),
            )
            for name, rule in COINS.items()
        ]
        return ok(CoinList(coins), call.now_ms)

    async def apply(self, call: Call) -> web.Response:
        fields = call.fields
        account_type(fields)
        source, target = required(fields, "fromCoin"), required(fields, "toCoin")
        if len(fields.get("requestId", "")) > REQUEST_ID_LENGTH_MAX:
            raise VendorError(errors.PARAMETER, param="requestId")
        if required(fields, "requestCoin") != source:
            raise VendorError(errors.PARAMETER, param="requestCoin")
        if (source, target) not in DIRECTIONS:
            raise VendorError(errors.NO_DEALER)
        given = self._amount(call, source)
        unaffordable = self._vendor.account.available(source) < given
        if unaffordable or "quote_insufficient_funds_no_id" in call.faults:
            raise VendorError(errors.BALANCE)
        terms = self._terms(call, source, target, given)
        expires_ms = call.now_ms + VALID_MS
        state = self._quotes.issue(self._vendor, terms, valid_until_ms=expires_ms, asked=call.asked)
        result = QuoteResult(
            quote_tx_id=state.quote.quote_id,
            exchange_rate=f"{terms.ratio:f}",
            from_coin=source,
            to_coin=target,
            from_amount=plain(given),
            to_amount=f"{terms.to_amount:f}",
            expired_time=str(expires_ms),
            request_id=fields.get("requestId", ""),
        )
        return ok(result, call.now_ms)

    def _amount(self, call: Call, source: str) -> Decimal:
        rule = COINS[source]
        given = parse_plain(required(call.fields, "requestAmount"))
        if not given or places_of(given) > rule.accuracy:
            raise VendorError(errors.PARAMETER, param="requestAmount")
        minimum, maximum = moved_limits(call.faults, given, rule.minimum, rule.maximum)
        if given < minimum:
            raise VendorError(errors.BELOW_MINIMUM, limit=plain(minimum))
        if given > maximum:
            raise VendorError(errors.ABOVE_MAXIMUM, limit=plain(maximum))
        return given

    def _terms(self, call: Call, source: str, target: str, given: Decimal) -> Terms:
        found = book_for(self._vendor, call.faults, source, target)
        if found is None:
            raise VendorError(errors.NO_DEALER)
        book, sells_base = found
        if sells_base:
            taken = rounded(times(given, book.bid), places=TOLD_PLACES, rounding=ROUND_DOWN)
            rate = rounded(book.bid, places=RATE_PLACES, rounding=ROUND_DOWN)
        else:
            taken = over(given, book.ask, places=TOLD_PLACES, rounding=ROUND_DOWN)
            rate = over(ONE, book.ask, places=RATE_PLACES, rounding=ROUND_HALF_UP)
        return Terms(
            from_asset=source,
            to_asset=target,
            from_amount=given,
            to_amount=taken,
            ratio=rate,
            inverse_ratio=ONE,
        )


def account_type(fields: Fields) -> str:
    value = required(fields, "accountType")
    if value not in ACCOUNT_TYPES:
        raise VendorError(errors.PARAMETER, param="accountType")
    return value


def required(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not value:
        raise VendorError(errors.PARAMETER, param=name)
    return value
