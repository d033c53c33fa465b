"""What must be true when everything is at rest, whoever was killed before."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

import msgspec

from domain.shared.ids import IdPrefix, decode_id
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.soak.crash.requests import Again, Told, read
from tests.soak.crash.stage import Stage
from tests.soak.crash.told_checks import check_told

CREATED: Final = (200, 201, 202)
# What operators change in a tenant's books has its key there, hashed so that it meets no partner's.
OF_OPERATORS: Final = "operator/"
KEYS: Final = f"""
SELECT key, resource_id FROM aksum.idempotency_keys
WHERE key LIKE 'soak-%' OR key LIKE '{OF_OPERATORS}%'
"""
# Things that were made without a request that asked for them: each is there twice, or nobody's.
MADE: Final = (
    "quotes",
    "orders",
    "transfers",
    "deposits",
    "customers",
    "transfer_batches",
    "webhook_endpoints",
)
NOBODYS: Final = """
SELECT count(*) FROM aksum.{table} t WHERE NOT EXISTS (
  SELECT FROM aksum.idempotency_keys k WHERE k.tenant_id = t.tenant_id AND k.resource_id = t.id)
"""
IN_BATCHES: Final = """
AND NOT EXISTS (SELECT FROM aksum.transfer_batch_items i
                WHERE i.tenant_id = t.tenant_id AND i.transfer_id = t.id)
"""
# One posting for each cause, in the tenant's books and mirrored in the house's. What the house
# books by itself may have one reference for several assets.
TWICE: Final = f"""
SELECT count(*) FROM (
  SELECT FROM aksum.ledger_transactions
  WHERE tenant_id <> '{HOUSE_TENANT_ID}' OR mirror_of IS NOT NULL
  GROUP BY tenant_id, template, reference, reverses, mirror_of HAVING count(*) > 1) twice
"""
POSTED: Final = """
SELECT count(*) FROM aksum.{table} m WHERE (
  SELECT count(*) FROM aksum.ledger_transactions t
  WHERE t.tenant_id = m.tenant_id AND t.id = m.transaction_id) <> 1
"""
FILLED: Final = """
SELECT count(*) FROM aksum.orders o WHERE (o.status = 'filled') <> (
  SELECT count(*) = 1 FROM aksum.fills f WHERE f.tenant_id = o.tenant_id AND f.order_id = o.id)
"""
AT_LPS: Final = """
SELECT q.lp_quote_id FROM aksum.orders o
JOIN aksum.quotes q ON q.tenant_id = o.tenant_id AND q.order_id = o.id
WHERE o.status = 'filled'
"""


class Findings(msgspec.Struct):
    """How many effects were lost, how many there were more than once, and what else is wrong."""

    lost: int = 0
    duplicates: int = 0
    notes: list[str] = []

    @property
    def clean(self) -> bool:
        return not (self.lost or self.duplicates or self.notes)

    def add(self, what: str, *, lost: int = 0, duplicates: int = 0) -> None:
        if lost or duplicates:
            self.lost += lost
            self.duplicates += duplicates
            self.notes.append(f"{what}: {lost} lost, {duplicates} twice")


async def check(stage: Stage) -> Findings:
    """Expects everything at rest."""
    findings = Findings()
    await _check_answers(stage, findings)
    await _check_effects(stage, findings)
    await _check_vendors(stage, findings)
    await check_told(stage, findings.add)
    await _check_books(stage, findings)
    return findings


async def _check_answers(stage: Stage, findings: Findings) -> None:
    """Whatever was acknowledged is there, under its key; what was refused is not."""
    told: dict[str, Told] = {}
    repeated: list[Told] = []
    asked = set()
    for line in read(stage.notebook.file):
        match line:
            case Told():
                told[line.key] = line
            case Again(again):
                repeated.append(again)
            case _:
                asked.add(line.key)
    findings.add("requests without an answer", lost=len(asked - told.keys()))
    other = sum(_made(again) != _made(told[again.key]) for again in repeated)
    findings.add("other answers to a key than the first", duplicates=other)
    stored = {row["key"]: row["resource_id"] for row in await stage.admin.fetch(KEYS)}
    # A resolution of a break makes nothing: its key names the break, as its answer does.
    lost = sum(
        _made(each) not in (None, stored.get(key), stored.get(_hashed(key)))
        for key, each in told.items()
    )
    findings.add("acknowledged and not stored", lost=lost)
    unasked = sum(
        told[key].status not in CREATED
        for key, made in stored.items()
        if made is not None and key in told
    )
    findings.add("stored although refused", duplicates=unasked)


def _hashed(key: str) -> str:
    return OF_OPERATORS + hashlib.sha256(key.encode()).hexdigest()


def _made(told: Told) -> UUID | None:
    if told.status not in CREATED or told.id is None:
        return None
    return decode_id(IdPrefix(told.id.partition("_")[0]), told.id)


async def _check_effects(stage: Stage, findings: Findings) -> None:
    async def count(query: str) -> int:
        return int(await stage.admin.fetchval(query))

    for table in MADE:
        query = NOBODYS.format(table=table) + (IN_BATCHES if table == "transfers" else "")
        findings.add(f"{table} of no request", duplicates=await count(query))
    findings.add("postings of one cause", duplicates=await count(TWICE))
    for table in ("transfers", "deposits"):
        findings.add(f"{table} without posting", lost=await count(POSTED.format(table=table)))
    findings.add("orders against fills", lost=await count(FILLED))


async def _check_vendors(stage: Stage, findings: Findings) -> None:
    """What LPs executed is what orders were filled with, each once."""
    filled = Counter(row["lp_quote_id"] for row in await stage.admin.fetch(AT_LPS))
    executed = Counter(each["quote_id"] for each in await stage.sandbox.executions())
    findings.add(
        "orders against executions",
        lost=(executed - filled).total(),
        duplicates=(filled - executed).total(),
    )
    findings.add("executions", duplicates=_twice(executed.values()))


def _twice(counts: Iterable[int]) -> int:
    return sum(count - 1 for count in counts)


async def _check_books(stage: Stage, findings: Findings) -> None:
    code, output = await stage.sandbox.aksum("ledger", "verify", "--full", "--json")
    try:
        verified: dict[str, Any] = json.loads(output)
    except json.JSONDecodeError:
        findings.notes.append(f"ledger verify ended with {code}: {output}")
        return
    if not verified["passed"] or verified["open_mirrors"]:
        shown = json.dumps(verified["findings"][:3])
        findings.notes.append(f"ledger verify: {verified['open_mirrors']} open mirrors, {shown}")
    seals = verified["seals"]
    if {seals["signatures"], seals["anchor"]} != {"checked"}:
        findings.notes.append(f"seals are not checked: {seals}")
