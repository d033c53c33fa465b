"""Decision records are complete, listed, and name what would notice their being broken."""

import re
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, text_of, tracked_files

FOLDER = Path("docs/adr")
RECORDS = sorted(path.relative_to(ROOT) for path in (ROOT / FOLDER).glob("[0-9]*.md"))
STATUSES = r"(proposed|accepted|deprecated|superseded by ADR-\d{4})"
SECTIONS = (
    "## Context and Problem Statement",
    "## Considered Options",
    "## Decision Outcome",
    "### Consequences",
    "### Confirmation",
    "## Pros and Cons of the Options",
)


def test_records_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in RECORDS]
    assert numbers == list(range(1, len(RECORDS) + 1))


def test_index_lists_every_record_by_its_title() -> None:
    index = text_of(FOLDER / "README.md")
    rows = dict(re.findall(r"^\| \[\d{4}\]\((\S+)\) \| (.+) \|$", index, re.MULTILINE))
    titles = {
        path.name: next(line for line in text_of(path).splitlines() if line.startswith("# "))[2:]
        for path in RECORDS
    }
    assert rows == titles


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_record_has_every_section_in_order(record: Path) -> None:
    text = text_of(record)
    found = [line for line in text.splitlines() if line in SECTIONS]
    assert found == list(SECTIONS)
    assert re.match(rf"---\nstatus: {STATUSES}\ndate: \d{{4}}-\d\d-\d\d\n---\n# ", text)


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_record_names_what_confirms_it(record: Path) -> None:
    confirmation = text_of(record).split("### Confirmation", 1)[1].split("\n## ", 1)[0]
    assert re.search(r"`tests/|[Ii]mport contract", confirmation)


DOCUMENTS = sorted(
    path for path in tracked_files() if path.suffix == ".md" and path.name != "CHANGELOG.md"
)
# A path in the documentation: `tests/…`, `docs/…` and so on, as code. `<lp>` stands for a name.
PLACE = re.compile(
    r"`((?:domain|application|adapters|entrypoints|migrations|tests|docs)/[\w./-]+)`(?!\S*<)"
)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
# Agreed and not there yet, as the pages say that name them; and what only looks like a path.
TO_COME = frozenset({"adapters/rails", "adapters/custody", "tests/rails"})
MEDIA_TYPES = frozenset({"application/json"})


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_documents_name_only_what_there_is(document: Path) -> None:
    text = text_of(document)
    missing = [
        place
        for place in PLACE.findall(text)
        if place not in TO_COME | MEDIA_TYPES and not (ROOT / place).exists()
    ]
    broken = [link for link in LINK.findall(text) if not (ROOT / document.parent / link).exists()]
    assert (missing, broken) == ([], [])
