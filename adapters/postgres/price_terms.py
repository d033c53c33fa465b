"""Price terms as rows. The terms are one JSON document, its decimals and durations text."""

import json
from typing import Final

import asyncpg
import msgspec

from adapters.postgres.connection import Connection, Row
from application.errors import ChangeDecided
from application.ports.catalog import GuardTerms
from application.ports.change_requests import ChangeState
from application.ports.price_terms import PriceTerms, Terms
from domain.liquidity.guard_limits import GuardLimits
from domain.liquidity.reference import RateSheet
from domain.shared.errors import NotFound
from domain.shared.ids import ChangeRequestId, OperatorId
from domain.tenants.operator import Operator, SecondOperatorRequired

FOUR_EYES: Final = "price_terms_four_eyes"
KINDS: Final[dict[str, type[Terms]]] = {"rate_sheet": RateSheet, "guard_limits": GuardLimits}
COLUMNS: Final = """id, kind, instrument, terms, reason, state, proposed_by, proposed_by_name,
  proposed_at, decided_by, decided_by_name, decided_at"""
PROPOSE: Final = f"""
INSERT INTO price_terms (id, kind, instrument, terms, reason, proposed_by, proposed_by_name)
SELECT $1, $2, symbol, $4, $5, $6, $7 FROM instruments WHERE symbol = $3
RETURNING {COLUMNS}
"""
DECIDE: Final = f"""
UPDATE price_terms
SET state = $2, decided_by = $3, decided_by_name = $4, decided_at = clock_timestamp()
WHERE id = $1 AND state = 'proposed' RETURNING {COLUMNS}
"""
PAGE: Final = f"""
SELECT {COLUMNS} FROM price_terms
WHERE ($1::text IS NULL OR instrument = $1) AND ($2::text IS NULL OR state = $2)
ORDER BY id DESC LIMIT $3
"""
IN_FORCE: Final = """
SELECT i.symbol, k.kind, p.terms, p.decided_at
FROM instruments i
CROSS JOIN (VALUES ('rate_sheet'), ('guard_limits')) k (kind)
CROSS JOIN LATERAL (
  SELECT terms, decided_at FROM price_terms t
  WHERE t.instrument = i.symbol AND t.kind = k.kind AND t.state = 'applied'
  ORDER BY decided_at DESC, id DESC LIMIT 1) p
"""


class PostgresPriceTermsBook:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def propose(
        self,
        terms_id: ChangeRequestId,
        *,
        instrument: str,
        terms: Terms,
        reason: str,
        by: Operator,
    ) -> PriceTerms:
        row = await self._pool.fetchrow(
            PROPOSE, terms_id, _kind(terms), instrument, _encoded(terms), reason, by.id, by.name
        )
        if row is None:
            raise NotFound("no such instrument", instrument=instrument)
        return _terms(row)

    async def decide(
        self, terms_id: ChangeRequestId, state: ChangeState, *, by: Operator
    ) -> PriceTerms:
        try:
            row = await self._pool.fetchrow(DECIDE, terms_id, state.value, by.id, by.name)
        except asyncpg.CheckViolationError as error:
            if error.constraint_name != FOUR_EYES:
                raise
            raise SecondOperatorRequired("another operator has to approve it") from error
        if row is not None:
            return _terms(row)
        if await self._pool.fetchval("SELECT 1 FROM price_terms WHERE id = $1", terms_id) is None:
            raise NotFound("no such proposal")
        raise ChangeDecided("it was decided before")

    async def page(
        self, *, instrument: str | None = None, state: ChangeState | None = None, limit: int
    ) -> tuple[PriceTerms, ...]:
        wanted = None if state is None else state.value
        rows = await self._pool.fetch(PAGE, instrument, wanted, limit)
        return tuple(_terms(row) for row in rows)


async def read_guard_terms(connection: Connection) -> GuardTerms:
    limits: dict[str, GuardLimits] = {}
    sheets = {}
    for row in await connection.fetch(IN_FORCE):
        terms = _decoded(row["kind"], row["terms"])
        if isinstance(terms, GuardLimits):
            limits[row["symbol"]] = terms
        else:
            sheets[row["symbol"]] = terms.reference(row["decided_at"])
    return GuardTerms(limits, sheets)


def _kind(terms: Terms) -> str:
    return next(kind for kind, each in KINDS.items() if isinstance(terms, each))


def _encoded(terms: Terms) -> bytes:
    """By the standard library: units may be beyond the 64 bits that msgspec's JSON ends at."""
    return json.dumps(msgspec.to_builtins(terms)).encode()


def _decoded(kind: str, document: bytes) -> Terms:
    return msgspec.convert(json.loads(document), KINDS[kind])


def _terms(row: Row) -> PriceTerms:
    decided_by = row["decided_by"]
    return PriceTerms(
        id=ChangeRequestId(row["id"]),
        instrument=row["instrument"],
        terms=_decoded(row["kind"], row["terms"]),
        reason=row["reason"],
        state=ChangeState(row["state"]),
        proposed_by=Operator(OperatorId(row["proposed_by"]), row["proposed_by_name"]),
        proposed_at=row["proposed_at"],
        decided_by=None
        if decided_by is None
        else Operator(OperatorId(decided_by), row["decided_by_name"]),
        decided_at=row["decided_at"],
    )
