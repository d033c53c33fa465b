"""What we promise over HTTP: the document and the errors. `UPDATE_GOLDEN=1` rewrites both."""

import json
import os
from pathlib import Path
from typing import Any, Final

import pytest
from openapi_spec_validator import validate

from entrypoints.http.app import all_operations
from entrypoints.http.metrics import Metrics
from entrypoints.http.openapi import build_document, refusals
from entrypoints.http.problems import KINDS

FOLDER: Final = Path(__file__).parent
DOCS: Final = FOLDER.parents[1] / "docs"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    return build_document(all_operations(Metrics(), sandbox=True))


def test_document_is_as_promised(document: Json) -> None:
    compare("openapi.json", document)


def test_errors_are_as_promised() -> None:
    compare(
        "errors.json",
        {
            code: {"status": kind.status, "title": kind.title, "retryable": kind.retryable}
            for code, kind in sorted(KINDS.items())
        },
    )


def test_document_is_valid_openapi(document: Json) -> None:
    validate(document)


def test_only_the_sandbox_documents_what_only_it_has(document: Json) -> None:
    elsewhere = build_document(all_operations(Metrics(), sandbox=False))
    missing = document["paths"].keys() - elsewhere["paths"].keys()
    marked = {
        path
        for path, methods in document["paths"].items()
        if any("x-sandbox-only" in operation for operation in methods.values())
    }
    assert missing == marked == {"/v1/sandbox/deposits"}


def test_amounts_and_prices_are_text(document: Json) -> None:
    """A JSON number loses digits in most readers, so there is none with a fraction."""
    assert '"number"' not in json.dumps(document)


def test_every_error_is_explained_and_every_answer_has_a_row_in_the_retry_matrix() -> None:
    errors = (DOCS / "errors.md").read_text(encoding="utf-8")
    retries = (DOCS / "api" / "retries.md").read_text(encoding="utf-8")
    unexplained = [code for code in KINDS if f"| `{code}` |" not in errors]
    operations = all_operations(Metrics(), sandbox=True)
    unlisted = [
        code
        for code in {code for each in operations for code in refusals(each)}
        if f"`{code}`" not in retries
    ]
    writes = [
        each.template
        for each in operations
        if each.method != "GET" and f"`{each.template}`" not in retries
    ]
    assert (unexplained, unlisted, writes) == ([], [], [])


def compare(name: str, promised: Json) -> None:
    path = FOLDER / name
    text = json.dumps(promised, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(text, encoding="utf-8")
    kept = path.read_text(encoding="utf-8")
    assert kept == text, f"{name} differs: look, then UPDATE_GOLDEN=1"
