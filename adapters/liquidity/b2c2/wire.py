"""Requests as B2C2 wants them: JSON, a token in a header, a slash at the end of every path."""

from typing import Final

from yarl import URL

from adapters.http_client.exchange import Patience
from adapters.liquidity.b2c2.config import B2c2Settings
from adapters.liquidity.b2c2.replies import Reply, read_reply
from adapters.liquidity.channel import LOOKUP_ATTEMPTS, Channel

_JSON: Final = {"Content-Type": "application/json"}


def authorization(token: str) -> dict[str, str]:
    """Nothing is signed: the vendor relies on the token and on the address we come from."""
    return {"Authorization": f"Token {token}"}


class Wire:
    def __init__(self, settings: B2c2Settings, *, channel: Channel) -> None:
        self._base = settings.base_url
        self._channel = channel
        self._headers = authorization(settings.api_secret)

    async def post(
        self, path: str, body: bytes, *, patience: Patience, scenario: str | None
    ) -> Reply:
        """Once, whatever happens."""
        exchange = await self._channel.post(
            URL(self._base + path, encoded=True),
            body,
            patience=patience,
            headers={**_JSON, **self._headers},
            scenario=scenario,
        )
        return read_reply(exchange)

    async def get(self, path: str, query: str = "", *, read_ms: int | None = None) -> Reply:
        """With `read_ms`, the time that is left, it is asked once."""
        url = URL(f"{self._base}{path}{'?' if query else ''}{query}", encoded=True)
        exchange = await self._channel.get(
            lambda: url,
            read_ms=read_ms,
            attempts=LOOKUP_ATTEMPTS if read_ms is None else 1,
            headers=lambda: self._headers,
        )
        return read_reply(exchange)
