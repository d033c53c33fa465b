"""The page prints what each dialect declares as proof. `UPDATE_GOLDEN=1` rewrites the table."""

import os
from pathlib import Path
from typing import Final

from entrypoints.wiring.registry import LPS

PAGE: Final = Path(__file__).parents[2] / "docs" / "liquidity.md"
BEGIN: Final = "<!-- proofs: generated -->\n"
END: Final = "<!-- end of proofs -->\n"


def test_page_prints_the_proofs_of_every_dialect() -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    kept, _, after = rest.partition(END)
    assert after, "the page has lost its marks"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        kept = table()
        PAGE.write_text(before + BEGIN + kept + END + after, encoding="utf-8")
    assert kept == table(), "docs/liquidity.md differs: look, then UPDATE_GOLDEN=1"


def table() -> str:
    rows = []
    for dialect in sorted(LPS, key=lambda each: each.dialect):
        proofs = dialect.capabilities.proofs
        absence = proofs.absence
        silence = (
            f"never: {proofs.why_not}"
            if absence is None
            else f"{' and '.join(absence.witnesses)}, after {absence.after}"
        )
        traded, refused = "; or ".join(proofs.traded), "; or ".join(proofs.refused)
        rows.append(f"| `{dialect.dialect}` | {traded} | {refused} | {silence} |\n")
    head = "\n| dialect | it traded | it never will | absence |\n|---|---|---|---|\n"
    return "".join((head, *rows, "\n"))
