from collections.abc import Mapping
from datetime import UTC, datetime

import click
from dishka import AsyncContainer

from application.ledger.reverse_transaction import Reversal, ReverseCommand, ReverseTransaction
from domain.ledger.account_name import book_name
from domain.ledger.reversible import OriginalNotFound
from domain.shared.ids import IdPrefix, TenantId, TransactionId, decode_id, encode_id
from entrypoints.cli.operator import TEXT, book_of, run
from entrypoints.cli.operator_key import operator_key_option, operator_with
from entrypoints.cli.output import json_option, print_object


@click.command()
@click.argument("transaction_id")
@click.option("--reason", required=True, help="Kept with it: a ticket, no names of customers.")
@click.option(
    "--effective-on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day it counts for, if not today; one that is open.",
)
@click.option(
    "--idempotency-key", type=TEXT, help="The same command again is answered with what was done."
)
@operator_key_option
@json_option
def reverse(
    transaction_id: str,
    reason: str,
    effective_on: datetime | None,
    idempotency_key: str | None,
    operator_key: str,
    as_json: bool,
) -> None:
    """Take a posting (txn_…) back, whole and once, by another one with every sign turned.

    When not to: docs/runbooks/correcting-a-posting.md.
    """
    wanted = TransactionId(decode_id(IdPrefix.TRANSACTION, transaction_id))
    day = None if effective_on is None else effective_on.replace(tzinfo=UTC).date()

    async def work(container: AsyncContainer) -> tuple[TenantId, Reversal]:
        by = await operator_with(container, operator_key)
        tenant_id = await book_of(container, lambda tx: tx.journal.transaction(wanted))
        if tenant_id is None:
            raise OriginalNotFound("no book has such a transaction")
        command = ReverseCommand(
            tenant_id=tenant_id,
            transaction_id=wanted,
            reason=reason,
            by=by,
            effective_on=day,
            key=idempotency_key,
        )
        return tenant_id, await (await container.get(ReverseTransaction)).execute(command)

    print_object(_shown(*run(work)), as_json=as_json)


def _shown(tenant_id: TenantId, done: Reversal) -> Mapping[str, object]:
    transaction = done.transaction
    reverses = transaction.reverses
    return {
        "id": encode_id(IdPrefix.TRANSACTION, transaction.id),
        "tenant": book_name(tenant_id),
        "type": transaction.template,
        "reference": transaction.reference,
        "reverses": None if reverses is None else encode_id(IdPrefix.TRANSACTION, reverses),
        "effective_on": transaction.effective_on,
        "house_follows": done.mirrored,
        "replayed": done.replayed,
    }
