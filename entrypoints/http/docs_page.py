"""The API as one page that needs nothing else: no script, no font, no other server."""

import re
from collections.abc import Iterator, Sequence
from html import escape
from inspect import getdoc
from itertools import groupby
from typing import Final

from entrypoints.http.openapi import refusals
from entrypoints.http.operation import AnyOperation
from entrypoints.http.problems import KINDS

STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
h2{margin-top:2.5rem;border-bottom:1px solid #ccc}h3{margin-bottom:.2rem}
code{font:.9em ui-monospace,monospace;background:#f3f3f3;padding:.1em .3em;border-radius:3px}
table{border-collapse:collapse}td,th{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}
.note{color:#666}
"""


def render_page(operations: Sequence[AnyOperation]) -> bytes:
    by_tag = sorted(operations, key=lambda each: (each.tag == "service", each.tag))
    sections = [
        f"<h2>{escape(tag)}</h2>" + "".join(_operation(each) for each in group)
        for tag, group in groupby(by_tag, key=lambda each: each.tag)
    ]
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Aksum API</title>"
        f"<style>{STYLE}</style><h1>Aksum API</h1>"
        "<p>The machine's version is <a href=/openapi.json>/openapi.json</a>. Send your key as "
        "<code>Authorization: Bearer ak_…</code>. Amounts are decimal strings.</p>"
        f"{''.join(sections)}<h2>Errors</h2>{_errors()}</html>"
    ).encode()


def _operation(operation: AnyOperation) -> str:
    scope = "public" if operation.scope is None else f"scope <code>{operation.scope}</code>"
    notes = [scope]
    if operation.idempotent:
        notes.append("needs an <code>Idempotency-Key</code>")
    if operation.sandbox_only:
        notes.append("sandbox only")
    codes = ", ".join(f"<a href=#{code}><code>{code}</code></a>" for code in refusals(operation))
    return (
        f"<h3 id={operation.name}><code>{operation.method} {escape(operation.path)}</code></h3>"
        f"<p>{escape(operation.summary)}. <span class=note>{'; '.join(notes)}</span></p>"
        f"{_policy(operation)}<p class=note>Errors: {codes}</p>"
    )


def _policy(operation: AnyOperation) -> str:
    """The bullets of the use case's docstring, which is the policy itself."""
    text = getdoc(operation.policy) if operation.policy else None
    if not text:
        return ""
    bullets = (" ".join(part.split()) for part in re.split(r"(?m)^- ", text) if part.strip())
    return "<ul>" + "".join(f"<li>{escape(bullet)}</li>" for bullet in bullets) + "</ul>"


def _errors() -> str:
    return "<table><tr><th>code<th>status<th>meaning<th>retry" + "".join(_rows()) + "</table>"


def _rows() -> Iterator[str]:
    for code, kind in KINDS.items():
        retry = "same request, same key" if kind.retryable else "no"
        yield (
            f"<tr id={code}><td><code>{code}</code><td>{kind.status}<td>{escape(kind.title)}"
            f"<td>{retry}"
        )
