from typing import Final

from application.quotes.request_quote import RequestQuote, RequestQuoteCommand
from domain.assets.catalog import Catalog
from domain.assets.instrument import Instrument
from domain.quotes.limits import AmountAboveMaximum, AmountBelowMinimum
from domain.shared.ids import CustomerId, IdPrefix, QuoteId, decode_id
from domain.shared.side import FixedSide
from domain.tenants.permissions import Scope
from entrypoints.http.operation import AnyOperation, Call, Nothing, operation
from entrypoints.http.problems import ApiError
from entrypoints.http.reply import Reply, answer, created
from entrypoints.http.schemas.quotes import CreateQuoteBody, QuoteBody, quote_body
from entrypoints.http.schemas.values import decimal, units_of


@operation(
    "POST",
    "/v1/quotes",
    summary="Request a firm price",
    scope=Scope.TRADE,
    takes=CreateQuoteBody,
    answers={201: QuoteBody},
    idempotent=True,
    simulates=True,
    refusals=(
        "not_found",
        "tenant_suspended",
        "customer_suspended",
        "instrument_halted",
        "limit_exceeded",
        "amount_not_on_lot",
        "no_liquidity",
    ),
    policy=RequestQuote,
)
async def create_quote(call: Call[CreateQuoteBody]) -> Reply:
    services, body = call.services, call.input
    catalog = (await services.platform.view()).catalog
    instrument = catalog.instrument(body.instrument)
    fixed, units = _fixed(body, instrument)
    try:
        done = await services.request_quote.execute(
            RequestQuoteCommand(
                tenant_id=call.tenant_id,
                request=call.idempotency,
                customer_id=CustomerId(decode_id(IdPrefix.CUSTOMER, body.customer_id)),
                instrument=instrument.symbol,
                side=body.side,
                fixed=fixed,
                units=units,
                scenario=call.scenario,
            )
        )
    except (AmountBelowMinimum, AmountAboveMaximum) as error:
        raise _limit_exceeded(error, catalog) from None
    shown = quote_body(done.value, catalog, now=services.clock.now())
    return created(shown, location=f"/v1/quotes/{shown.id}", replayed=done.replayed)


@operation(
    "GET",
    "/v1/quotes/{quote_id}",
    summary="Get a quote",
    scope=Scope.READ,
    takes=Nothing,
    answers={200: QuoteBody},
    item=IdPrefix.QUOTE,
)
async def get_quote(call: Call[Nothing]) -> Reply:
    catalog = (await call.services.platform.view()).catalog
    async with call.services.uow.begin(call.tenant_id) as tx:
        stored = await tx.quotes.get(QuoteId(call.item_id))
    return answer(quote_body(stored.quote, catalog, now=call.services.clock.now()))


def _fixed(body: CreateQuoteBody, instrument: Instrument) -> tuple[FixedSide, int]:
    if body.base_amount is not None:
        return FixedSide.BASE, units_of(body.base_amount, instrument.base, field="base_amount")
    quote_amount = body.quote_amount or ""  # the body has exactly one of the two
    return FixedSide.QUOTE, units_of(quote_amount, instrument.quote, field="quote_amount")


def _limit_exceeded(error: AmountBelowMinimum | AmountAboveMaximum, catalog: Catalog) -> ApiError:
    """With the limit as an amount: callers do not know units."""
    name = "min" if isinstance(error, AmountBelowMinimum) else "max"
    asset = catalog.asset(str(error.context["asset"]))
    units = error.context[f"{name}_units"]
    limit = decimal(units, asset) if isinstance(units, int) else None
    return ApiError(
        "limit_exceeded",
        error.detail,
        context={"reason": error.code, "asset": asset.code, name: limit},
    )


OPERATIONS: Final[tuple[AnyOperation, ...]] = (create_quote, get_quote)
