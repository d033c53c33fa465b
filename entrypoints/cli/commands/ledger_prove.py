from pathlib import Path

import click
import msgspec
from dishka import AsyncContainer

from application.ledger.books import all_books
from application.ledger.prove_transaction import Proof, ProveTransaction
from application.ports.unit_of_work import UnitOfWork
from domain.shared.errors import NotFound
from domain.shared.ids import IdPrefix, TransactionId, decode_id
from entrypoints.cli.operator import run
from entrypoints.cli.output import json_option, print_json, print_object


def TRANSACTION(text: str) -> TransactionId:  # noqa: N802 - its name is what --help shows
    return TransactionId(decode_id(IdPrefix.TRANSACTION, text))


@click.command()
@click.argument("transaction", type=TRANSACTION)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file."
)
@json_option
def prove(transaction: TransactionId, output: Path | None, as_json: bool) -> None:
    """Prove that a transaction (txn_…) is sealed, as JSON that can be checked offline.

    docs/examples/verify_proof.py checks it with nothing but a public key. Exits 1 when the
    transaction is not sealed yet, or is not as it was sealed.
    """

    async def work(container: AsyncContainer) -> Proof:
        uow: UnitOfWork = await container.get(UnitOfWork)
        prover = await container.get(ProveTransaction)
        for tenant_id in await all_books(uow):
            try:
                return await prover.execute(tenant_id, transaction)
            except NotFound:
                continue
        raise NotFound("no book has such a transaction")

    proof = run(work)
    if output is None:
        print_json(proof)
        return
    output.write_bytes(msgspec.json.format(msgspec.json.encode(proof), indent=2) + b"\n")
    print_object({"file": str(output)}, as_json=as_json)
