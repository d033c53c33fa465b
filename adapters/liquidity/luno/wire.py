"""Requests as Luno wants them: HTTP Basic, a query for GET, a form for POST."""

from collections.abc import Mapping
from typing import Final

from yarl import URL

from adapters.http_client.exchange import Exchange
from adapters.liquidity.channel import LOOKUP_ATTEMPTS, Channel
from adapters.liquidity.luno.config import LunoSettings
from adapters.liquidity.luno.signing import basic
from adapters.liquidity.luno.ticket import Ticket
from adapters.liquidity.times import to_ms
from application.ports.clock import Clock
from domain.liquidity.outcome import LpExecute

MARKETS: Final = "/api/exchange/1/markets"
TOP_OF_BOOK: Final = "/api/1/orderbook_top"
FEE_INFO: Final = "/api/1/fee_info"
POST_ORDER: Final = "/api/1/postorder"
ORDER: Final = "/api/exchange/3/order"
LIST_ORDERS: Final = "/api/exchange/2/listorders"
BALANCE: Final = "/api/1/balance"
_FORM: Final = "application/x-www-form-urlencoded"


class Wire:
    def __init__(self, settings: LunoSettings, *, channel: Channel, clock: Clock) -> None:
        self._settings = settings
        self._channel = channel
        self._clock = clock
        self._headers = {"Authorization": basic(settings.api_key, settings.api_secret)}

    async def post_order(self, ticket: Ticket, request: LpExecute) -> Exchange:
        """Once, whatever happens."""
        url = URL(self._settings.base_url + POST_ORDER, encoded=True)
        body = order_form(ticket, request.client_ref, sent_ms=to_ms(self._clock.now()))
        return await self._channel.post(
            url,
            body,
            patience=self._channel.execution_patience(request),
            headers={**self._headers, "Content-Type": _FORM},
            scenario=request.scenario,
        )

    async def get(
        self,
        path: str,
        query: str,
        *,
        read_ms: int | None = None,
        attempts: int = LOOKUP_ATTEMPTS,
        scenario: str | None = None,
        weight: int | None = None,
    ) -> Exchange:
        """`NotSent` while the vendor wants no requests."""
        url = URL(f"{self._settings.base_url}{path}?{query}", encoded=True)

        def headers() -> Mapping[str, str]:
            return {**self._headers, **self._channel.naming(scenario)}

        return await self._channel.get(
            lambda: url, read_ms=read_ms, attempts=attempts, headers=headers, weight=weight
        )


def order_form(ticket: Ticket, client_ref: str, *, sent_ms: int) -> bytes:
    """The vendor refuses it once `timestamp` plus `ttl` has passed on its own clock."""
    return (
        f"pair={ticket.pair}&type={ticket.order_type}&price={ticket.price}"
        f"&volume={ticket.volume}&time_in_force=FOK&client_order_id={client_ref}"
        f"&timestamp={sent_ms}&ttl={ticket.expires_ms - sent_ms}"
    ).encode()
