"""Statements and breaks as operators see them."""

from collections.abc import Mapping
from datetime import date

from application.ports.reconciliation import Statement
from application.reconciliation.report import BreakLine, Report, gates_passed
from domain.assets.catalog import Catalog
from domain.reconciliation.ageing import age_bucket
from domain.reconciliation.breaks import Break
from domain.reconciliation.gates import Position
from domain.shared.ids import IdPrefix, encode_id
from domain.shared.money import format_units

Shown = Mapping[str, object]


def shown_report(report: Report, assets: Catalog) -> Shown:
    return {
        **shown_statement(report.statement, assets),
        "clean": report.clean,
        "new_lines": report.new_lines,
        "matched": {rule.value: count for rule, count in report.matched.items()},
        "breaks_opened": report.opened,
        "breaks_closed": report.closed,
        "breaks": [shown_group(each, assets) for each in report.breaks],
        "suggestions": [
            {
                "asset": each.line.asset,
                "amount": _amount(assets, each.line.asset, each.line.units),
                "theirs": each.line.ref,
                "ours": list(each.item.refs),
            }
            for each in report.suggestions
        ],
    }


def shown_statement(statement: Statement, assets: Catalog) -> Shown:
    return {
        "source": statement.source,
        "statement": encode_id(IdPrefix.STATEMENT, statement.id),
        "since": statement.since,
        "until": statement.until,
        "assets": [_position(each, assets) for each in statement.positions],
    }


def _position(position: Position, assets: Catalog) -> Shown:
    amounts = {
        "opening": position.opening,
        "lines": position.lines,
        "other": position.other,
        "closing": position.closing,
        "pending": position.pending,
        "ledger": position.ledger,
        "breaks": position.breaks,
        "unexplained_by_lines": position.unexplained_by_lines,
        "unexplained_by_books": position.unexplained_by_books,
    }
    return {
        "asset": position.asset,
        **{name: _amount(assets, position.asset, units) for name, units in amounts.items()},
        "closing_by": "source" if position.reported else "our sum",
        "gates": "passed" if gates_passed(position) else "FAILED",
    }


def shown_group(group: BreakLine, assets: Catalog) -> Shown:
    return {
        "asset": group.asset,
        "type": group.type.value,
        "age": group.age.value,
        "count": group.count,
        "net": _amount(assets, group.asset, group.units),
        "gross": _amount(assets, group.asset, group.gross_units),
    }


def shown_break(found: Break, assets: Catalog, *, today: date) -> Shown:
    asked = found.proposal
    posted, match_id = found.transaction_id, found.match_id
    return {
        "id": encode_id(IdPrefix.BREAK, found.id),
        "source": found.source,
        "type": found.type.value,
        "asset": found.asset,
        "amount": _amount(assets, found.asset, found.units),
        "state": found.state.value,
        "age": age_bucket(found.value_on, today).value,
        "value_on": found.value_on,
        "owner": found.owner,
        "refs": list(found.refs),
        "detail": found.detail,
        "proposed_by": None if asked is None else asked.proposed_by,
        "reason": None if asked is None else asked.reason,
        "approved_by": None if asked is None else asked.approved_by,
        "resolution": None if found.resolution is None else found.resolution.value,
        "resolved_by": found.resolved_by,
        "transaction_id": None if posted is None else encode_id(IdPrefix.TRANSACTION, posted),
        "match_id": None if match_id is None else encode_id(IdPrefix.MATCH, match_id),
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "version": found.version,
    }


def _amount(assets: Catalog, asset: str, units: int) -> str:
    return format_units(units, scale=assets.asset(asset).scale)
