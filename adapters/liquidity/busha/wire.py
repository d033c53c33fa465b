"""Requests as Busha wants them: JSON, a bearer secret and a profile."""

from collections.abc import Mapping
from typing import Final

from yarl import URL

from adapters.http_client.exchange import Exchange, Patience
from adapters.liquidity.busha.config import BushaSettings
from adapters.liquidity.busha.signing import authorization
from adapters.liquidity.channel import LOOKUP_ATTEMPTS, Channel

PAIRS: Final = "/v1/pairs"
QUOTES: Final = "/v1/quotes"
TRANSFERS: Final = "/v1/transfers"


class Wire:
    def __init__(self, settings: BushaSettings, *, channel: Channel) -> None:
        self._settings = settings
        self._channel = channel
        self._headers = dict(authorization(settings.api_secret, settings.profile_id))

    async def post(
        self, path: str, body: bytes, *, patience: Patience, scenario: str | None
    ) -> Exchange:
        """Once, whatever happens."""
        return await self._channel.post(
            URL(self._settings.base_url + path, encoded=True),
            body,
            patience=patience,
            headers={**self._headers, "Content-Type": "application/json"},
            scenario=scenario,
        )

    async def get(
        self,
        path: str,
        query: str,
        *,
        read_ms: int | None = None,
        attempts: int = LOOKUP_ATTEMPTS,
    ) -> Exchange:
        """`NotSent` while the vendor wants no requests."""
        url = URL(f"{self._settings.base_url}{path}?{query}", encoded=True)

        def headers() -> Mapping[str, str]:
            return self._headers

        return await self._channel.get(
            lambda: url, read_ms=read_ms, attempts=attempts, headers=headers
        )
