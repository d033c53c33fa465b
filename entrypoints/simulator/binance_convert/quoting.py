"""exchangeInfo, assetInfo and getQuote: what can be converted, and at what price right now."""

from decimal import Decimal

import msgspec
from aiohttp import web

from entrypoints.simulator.binance_convert import errors
from entrypoints.simulator.binance_convert.catalog import ASSETS, DIRECTIONS, VALID_MS, WALLETS
from entrypoints.simulator.binance_convert.errors import VendorError, ok
from entrypoints.simulator.binance_convert.guard import Call
from entrypoints.simulator.binance_convert.params import amount, required
from entrypoints.simulator.binance_convert.schemas import AssetInfo, PairInfo, QuoteAnswer
from entrypoints.simulator.conversions import (
    QuoteBook,
    Side,
    Terms,
    book_for,
    moved_limits,
    price_terms,
)
from entrypoints.simulator.decimals import plain
from entrypoints.simulator.market import Book
from entrypoints.simulator.vendor import Vendor

GET_QUOTE_PARAMS = frozenset(
    ("fromAsset", "toAsset", "fromAmount", "toAmount", "walletType", "validTime")
)


class Quoting:
    def __init__(self, vendor: Vendor, quotes: QuoteBook) -> None:
        self._vendor = vendor
        self._quotes = quotes

    async def exchange_info(self, call: Call) -> web.Response:
        source, target = call.params.get("fromAsset"), call.params.get("toAsset")
        chosen = [
            pair_info(a, b)
            for a, b in DIRECTIONS
            if source in {None, "", a} and target in {None, "", b}
        ]
        if not chosen:
            raise VendorError(errors.INVALID_PAIR)
        return ok(chosen)

    async def asset_info(self, _call: Call) -> web.Response:
        return ok([AssetInfo(asset, rule.fraction) for asset, rule in ASSETS.items()])

    async def get_quote(self, call: Call) -> web.Response:
        valid_ms = self._valid_ms(call)
        terms = self._terms(call)
        answer = QuoteAnswer(
            ratio=plain(terms.ratio),
            inverse_ratio=plain(terms.inverse_ratio),
            valid_timestamp=call.now_ms + valid_ms,
            to_amount=plain(terms.to_amount),
            from_amount=plain(terms.from_amount),
        )
        affordable = self._vendor.account.available(terms.from_asset) >= terms.from_amount
        if not affordable or "quote_insufficient_funds_no_id" in call.faults:
            return ok(answer)
        state = self._quotes.issue(
            self._vendor, terms, valid_until_ms=answer.valid_timestamp, asked=call.asked
        )
        return ok(msgspec.structs.replace(answer, quote_id=state.quote.quote_id))

    def _valid_ms(self, call: Call) -> int:
        valid_ms = VALID_MS.get(call.params.get("validTime") or "10s")
        if valid_ms is None:
            raise VendorError(errors.INVALID_PARAMETER, param="validTime")
        if (call.params.get("walletType") or "SPOT") not in WALLETS:
            raise VendorError(errors.INVALID_PARAMETER, param="walletType")
        return valid_ms

    def _terms(self, call: Call) -> Terms:
        source, target = self._side(call, "from"), self._side(call, "to")
        if (source.asset, target.asset) not in DIRECTIONS:
            raise VendorError(errors.INVALID_PAIR)
        if source.amount is None and target.amount is None:
            raise VendorError(errors.PARAMETER_MISSING, param="fromAmount")
        if source.amount is not None and target.amount is not None:
            raise VendorError(errors.OPTIONAL_PARAMETERS)
        self._check_limits(call, source if source.amount is not None else target)
        book, sells_base = self._book(call, source.asset, target.asset)
        return price_terms(source, target, book, sells_base=sells_base)

    def _side(self, call: Call, name: str) -> Side:
        asset = required(call.params, f"{name}Asset")
        rule = ASSETS.get(asset)
        if rule is None:
            raise VendorError(errors.INVALID_PAIR)
        given = amount(call.params, f"{name}Amount", fraction=rule.fraction)
        return Side(asset, rule.fraction, given)

    def _check_limits(self, call: Call, side: Side) -> None:
        """The amount asked for, against the limits of the side it is stated on."""
        rule, asked = ASSETS[side.asset], side.amount or Decimal(0)
        minimum, maximum = moved_limits(call.faults, asked, rule.minimum, rule.maximum)
        if asked < minimum:
            raise VendorError(errors.AMOUNT_TOO_SMALL, asset=side.asset, limit=plain(minimum))
        if asked > maximum:
            raise VendorError(errors.AMOUNT_TOO_LARGE, asset=side.asset, limit=plain(maximum))

    def _book(self, call: Call, source: str, target: str) -> tuple[Book, bool]:
        found = book_for(self._vendor, call.faults, source, target)
        if found is None:
            raise VendorError(errors.INVALID_PAIR)
        return found


def pair_info(source: str, target: str) -> PairInfo:
    return PairInfo(
        from_asset=source,
        to_asset=target,
        from_asset_min_amount=plain(ASSETS[source].minimum),
        from_asset_max_amount=plain(ASSETS[source].maximum),
        to_asset_min_amount=plain(ASSETS[target].minimum),
        to_asset_max_amount=plain(ASSETS[target].maximum),
    )
