"""What is joined here is what PostgreSQL reads: every text, and nothing where nothing is."""

from datetime import date
from uuid import UUID

import asyncpg
import pytest

from adapters.postgres import array_text
from tests.fixtures.postgres_servers import Database

ONE = UUID(int=1)
TEXTS = ["", "plain", "NULL", "a,b", "{}", 'say "so"', "back\\slash", '","', "\\", " padded ", "ñ"]


@pytest.mark.parametrize(
    ("text", "kind", "meant"),
    [
        (array_text.texts(TEXTS), "text", TEXTS),
        (array_text.texts([]), "text", []),
        (array_text.texts(['"']), "text", ['"']),
        (array_text.ids([ONE, UUID(int=2**128 - 1)]), "uuid", [ONE, UUID(int=2**128 - 1)]),
        (array_text.numbers([-(2**62), 0, 7]), "bigint", [-(2**62), 0, 7]),
        (array_text.dates([date(2026, 3, 2)]), "date", [date(2026, 3, 2)]),
        (array_text.optional_ids([None, ONE]), "uuid", [None, ONE]),
        (array_text.optional_ids([None, None]), "uuid", None),
        (array_text.optional_numbers([None, 0]), "bigint", [None, 0]),
        (array_text.optional_numbers([None]), "bigint", None),
    ],
)
async def test_joined_text_is_read_as_what_was_meant(
    text: str | None, kind: str, meant: object, module_database_18: Database
) -> None:
    connection = await asyncpg.connect(module_database_18.api_url)
    try:
        assert await connection.fetchval(f"SELECT $1::text::{kind}[]", text) == meant
    finally:
        await connection.close()


async def test_number_beyond_64_bits_arrives_exactly(module_database_18: Database) -> None:
    text = array_text.numbers([10**37 + 1])
    connection = await asyncpg.connect(module_database_18.api_url)
    try:
        read = await connection.fetchval("SELECT ($1::text::numeric[])[1]::text", text)
    finally:
        await connection.close()
    assert int(read) == 10**37 + 1
