"""What must be true of a cell that is over, and of all the books when every cell is."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from adapters.liquidity.b2c2.names import order_id_for
from application.ledger.mirror_to_house import MirrorToHouse
from application.ledger.verify_ledger import VerifyLedger
from application.ports.intents import CLAIM_MAX, DueWork, IntentKind
from domain.shared.money import AssetCode
from entrypoints.cli.sandbox.samples import ASSETS
from entrypoints.wiring.registry import LPS
from tests.liquidity.trades import TRADES
from tests.soak.matrix.play import Played
from tests.soak.matrix.stage import Lane, Stage

PROVES_ABSENCE: Final = {plugin.dialect: plugin.capabilities.proves_absence for plugin in LPS}
ATTEMPTS: Final = "SELECT * FROM aksum.lp_attempts WHERE order_id = $1 ORDER BY attempt"
FACTS: Final = """
SELECT o.status, o.outcome,
  (SELECT count(*) FROM aksum.fills f
   WHERE f.tenant_id = o.tenant_id AND f.order_id = o.id) AS fills,
  (SELECT count(*) FROM aksum.ledger_holds h
   WHERE h.tenant_id = o.tenant_id AND h.id = o.id AND h.state = 'active') AS held,
  (SELECT count(*) FROM aksum.intents i WHERE i.tenant_id = o.tenant_id
   AND i.subject = o.id AND i.kind = 'settle_execution') AS intents
FROM aksum.orders o WHERE o.id = $1
"""
ACTIVE_HOLDS: Final = "SELECT count(*) FROM aksum.ledger_holds WHERE state = 'active'"
HELD_UNITS: Final = "SELECT count(*) FROM aksum.ledger_balances WHERE held <> 0"
MIRROR_ROUNDS_MAX: Final = 500
Execution = dict[str, Any]


async def findings(lane: Lane, played: Played) -> list[str]:
    """Everything that is not as it must be; empty when all is."""
    found = list(played.errors)
    if played.order_id is None:
        return found
    facts = await lane.admin.fetchrow(FACTS, played.order_id)
    attempts = await lane.admin.fetch(ATTEMPTS, played.order_id)
    executions = [
        execution
        for vendor in (lane.primary, lane.backup)
        for execution in await vendor.executions()
        if any(_is_of(execution, attempt) for attempt in attempts)
    ]
    if len(executions) > 1:
        found.append(f"{len(executions)} executions of one order")
    if lane.early:
        found.append(f"a backup was asked {lane.early} times before the primary had refused")
        lane.early = 0
    if facts["status"] == "pending":
        return found + _of_open(lane, facts, executions)
    if (facts["status"] == "filled") != (len(executions) == 1):
        found.append(f"{facts['status']}, with {len(executions)} executions")
    if facts["fills"] != (facts["status"] == "filled"):
        found.append(f"{facts['status']}, with {facts['fills']} fills")
    if facts["held"] or facts["intents"]:
        found.append(f"final, with {facts['held']} holds and {facts['intents']} intents left")
    return found + [
        difference
        for execution in executions
        for attempt in attempts
        if _is_of(execution, attempt)
        for difference in _differences(lane, attempt, execution)
    ]


def _of_open(lane: Lane, facts: Mapping[str, Any], executions: Sequence[Execution]) -> list[str]:
    """Open for good only where no absence can be proven, with nothing executed, its funds held."""
    if PROVES_ABSENCE[lane.dialect]:
        return [f"still open ({facts['outcome']}), with {len(executions)} executions"]
    found = []
    if executions:
        found.append("executed, and not found out")
    if facts["held"] != 1 or facts["intents"] != 1:
        found.append(f"open, with {facts['held']} holds and {facts['intents']} intents")
    return found


def _is_of(execution: Execution, attempt: Mapping[str, Any]) -> bool:
    """A vendor that trades on quotes names them; one that trades on orders, our reference."""
    if execution["quote_id"]:
        return bool(execution["quote_id"] == attempt["lp_quote_id"])
    return execution["client_ref"] in _refs(attempt)


def _refs(attempt: Mapping[str, Any]) -> tuple[str, str]:
    """Ours, and what B2C2 is told instead of it."""
    return attempt["client_ref"], order_id_for(attempt["client_ref"])


def _differences(lane: Lane, attempt: Mapping[str, Any], execution: Execution) -> list[str]:
    """Between what is booked with the LP and what moved there: less than a unit, where a vendor
    tells more decimals than the asset has.
    """
    base, _, quote = TRADES[lane.dialect].instrument.partition("-")
    moved = {leg["asset"]: abs(Decimal(leg["amount"])) for leg in execution["legs"]}
    found = []
    for asset, column in ((base, "reported_base_units"), (quote, "reported_quote_units")):
        exact = moved[asset].scaleb(ASSETS[AssetCode(asset)].scale)
        if attempt[column] is None or abs(Decimal(attempt[column]) - exact) >= 1:
            found.append(f"{column} is {attempt[column]}, and {exact} moved")
    return found


async def book_findings(stage: Stage, *, left_open: int) -> list[str]:
    """Every execution is of an order, every hold of an open one, every book at zero."""
    found = []
    attempts = await stage.admin.fetch("SELECT lp_quote_id, client_ref FROM aksum.lp_attempts")
    known = {each["lp_quote_id"] for each in attempts}
    refs = {
        ref for each in attempts for ref in (each["client_ref"], order_id_for(each["client_ref"]))
    }
    filled = await stage.admin.fetchval("SELECT count(*) FROM aksum.fills")
    executed = 0
    for lane in stage.lanes:
        for vendor in (lane.primary, lane.backup):
            for execution in await vendor.executions():
                executed += 1
                if execution["quote_id"] not in known and execution["client_ref"] not in refs:
                    found.append(f"an execution of nobody's: {execution}")
    if executed != filled:
        found.append(f"{executed} executions at the vendors, {filled} fills of ours")
    held = await stage.admin.fetchval(ACTIVE_HOLDS)
    if held != left_open:
        found.append(f"{held} holds, {left_open} orders left for an operator")
    await _mirror(stage)
    verify = await stage.ops.get(VerifyLedger)
    verified = await verify.execute(full=True)
    if verified.open_mirrors:
        found.append(f"{verified.open_mirrors} mirrors are open")
    return found + [str(finding) for finding in verified.findings]


async def _mirror(stage: Stage) -> None:
    mirror = await stage.worker.get(MirrorToHouse)
    due: DueWork = await stage.worker.get(DueWork)
    for _ in range(MIRROR_ROUNDS_MAX):
        intents = await due.due_intents(IntentKind.MIRROR, limit=CLAIM_MAX)
        if not intents:
            return
        await mirror.execute(intents)
