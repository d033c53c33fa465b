"""The OpenAPI document, made from the operations: what is declared is what is served."""

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import msgspec

from entrypoints.http.operation import AnyOperation, Nothing
from entrypoints.http.problems import KINDS, WAITING
from entrypoints.http.schemas.service import Problem
from entrypoints.http.schemas.values import END

Json = dict[str, Any]

VERSION: Final = "1.0"
REF: Final = "#/components/schemas/{name}"
PROBLEM_TYPE: Final = "application/problem+json"
DESCRIPTION: Final = """\
Amounts are decimal strings. Ids are prefixed text. Times are RFC 3339 in UTC.
What a tenant makes has `id`, `created_at`, `updated_at` and `version`. Unknown members of an answer
are to be ignored, unknown members of a request are refused. Lists answer `data`, `next_cursor` and
`has_more`. Errors are problems (RFC 9457) with a stable `code`.
"""

_ALWAYS: Final = ("validation_failed", "internal_error")
_AUTHENTICATED: Final = ("unauthenticated", "insufficient_scope", "rate_limited", "overloaded")
_IDEMPOTENT: Final = (
    "idempotency_key_required",
    "idempotency_in_progress",
    "idempotency_key_reused",
)
_WITH_BODY: Final = ("body_too_large", "unsupported_media_type")
_HEADERS: Final[Json] = {
    "X-Request-Id": {"description": "To be named in questions.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "Location": {"description": "Where it is found.", "schema": {"type": "string"}},
    "Idempotent-Replayed": {
        "description": "`true` when an earlier request with this key had the effect.",
        "schema": {"type": "string"},
    },
}
_ANSWERS: Final[Mapping[int, str]] = {
    200: "Done",
    201: "Created, or created before",
    202: "Under way: funds stay held, do not submit again, read it at `Location`",
    503: "Not ready",
}


def build_document(operations: Sequence[AnyOperation]) -> Json:
    schemas = _Schemas(operations)
    by_path = sorted(operations, key=lambda each: (each.path, each.method))
    paths = {
        path: {each.method.lower(): _operation(each, schemas) for each in group}
        for path, group in groupby(by_path, key=lambda each: each.path)
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Aksum", "version": VERSION, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in sorted({each.tag for each in operations})],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "headers": _HEADERS,
            "responses": {
                "Problem": _problem(schemas, "X-Request-Id"),
                "RetryLater": _problem(schemas, "X-Request-Id", "Retry-After"),
            },
            "securitySchemes": {
                "apiKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, `ak_test_…` or `ak_live_…`, with the scope named.",
                }
            },
        },
    }


def refusals(operation: AnyOperation) -> tuple[str, ...]:
    """Every code the operation can answer with, by status and then by name."""
    codes = {*_ALWAYS, *operation.refusals}
    if operation.scope is not None:
        codes.update(_AUTHENTICATED)
    if operation.idempotent:
        codes.update(_IDEMPOTENT)
    if operation.takes_body:
        codes.update(_WITH_BODY)
    if operation.item_name is not None:
        codes.add("not_found")
    if operation.conditional:
        codes.add("version_conflict")
    return tuple(sorted(codes, key=lambda code: (KINDS[code].status, code)))


class _Schemas:
    """Schemas of all bodies, under the names that are shown."""

    def __init__(self, operations: Iterable[AnyOperation]) -> None:
        types: dict[object, None] = {Problem: None}
        for each in operations:
            types[each.takes] = None
            types.update(dict.fromkeys(each.answers.values()))
        bodies = [each for each in types if not isinstance(each, str)]
        found, components = msgspec.json.schema_components(bodies, ref_template=REF)
        self._shown = dict(zip(bodies, found, strict=True))
        self._all = {name: _public(schema) for name, schema in components.items()}
        self._inputs = {each.takes.__name__ for each in operations if not each.takes_body}

    @property
    def components(self) -> Json:
        return {
            _name(name): schema
            for name, schema in sorted(self._all.items(), key=lambda each: _name(each[0]))
            if name not in self._inputs
        }

    def ref(self, body: object) -> Json:
        return dict(_public(self._shown[body]))

    def query(self, kind: type[msgspec.Struct]) -> Json:
        """Parameters come one by one and not as an object."""
        return dict(self._all[kind.__name__])


def _operation(operation: AnyOperation, schemas: _Schemas) -> Json:
    policy = inspect.getdoc(operation.policy) if operation.policy else None
    described: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "security": [] if operation.scope is None else [{"apiKey": [operation.scope.value]}],
    }
    if policy:
        described["description"] = policy
    if operation.sandbox_only:
        described["x-sandbox-only"] = True
    if parameters := _parameters(operation, schemas):
        described["parameters"] = parameters
    if operation.takes_body:
        described["requestBody"] = {
            "required": not operation.body_optional,
            "content": {"application/json": {"schema": schemas.ref(operation.takes)}},
        }
    described["responses"] = _responses(operation, schemas)
    return described


def _parameters(operation: AnyOperation, schemas: _Schemas) -> list[Json]:
    found: list[Json] = []
    if operation.item is not None:
        pattern = f"^{operation.item}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"
        found.append(_parameter("path", str(operation.item_name), {"pattern": pattern}, True))
    if operation.named is not None:
        found.append(
            _parameter("path", str(operation.item_name), {"pattern": operation.named}, True)
        )
    if not operation.takes_body and operation.takes is not Nothing:
        query = schemas.query(operation.takes)
        found += [
            _parameter("query", name, _present(schema), name in query.get("required", ()))
            for name, schema in query["properties"].items()
        ]
    if operation.idempotent:
        schema = {
            "pattern": "^[A-Za-z0-9_-]{1,255}$",
            "description": "The same key and body have their effect once, whatever is repeated.",
        }
        found.append(_parameter("header", "Idempotency-Key", schema, True))
    if operation.conditional:
        schema = {"description": "The version last read, in quotes, as in the ETag."}
        found.append(_parameter("header", "If-Match", schema, False))
    if operation.simulates:
        schema = {"description": "A fault to simulate; in the sandbox only, ignored elsewhere."}
        found.append(_parameter("header", "X-Aksum-Scenario", schema, False))
    return found


def _parameter(place: str, name: str, schema: Json, required: bool) -> Json:
    plain = (
        {"type": "string", **schema} if not {"type", "anyOf", "$ref"} & schema.keys() else schema
    )
    described = {key: value for key, value in plain.items() if key != "description"}
    parameter: Json = {"name": name, "in": place, "required": required, "schema": described}
    if "description" in plain:
        parameter["description"] = plain["description"]
    return parameter


def _problem(schemas: _Schemas, *headers: str) -> Json:
    return {
        "description": "Refused, and why",
        "headers": {name: _ref("headers", name) for name in headers},
        "content": {PROBLEM_TYPE: {"schema": schemas.ref(Problem)}},
    }


def _ref(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def _present(schema: Json) -> Json:
    """What a parameter is when it is there: absence is how a URL says null."""
    kinds = schema.get("anyOf", ())
    if {"type": "null"} not in kinds:
        return schema
    (kind,) = (each for each in kinds if each != {"type": "null"})
    return dict(kind)


def _responses(operation: AnyOperation, schemas: _Schemas) -> Json:
    responses: Json = {}
    for status, body in operation.answers.items():
        media_type = body if isinstance(body, str) else "application/json"
        schema = _raw(body) if isinstance(body, str) else schemas.ref(body)
        headers = ["X-Request-Id"]
        if operation.idempotent:
            headers += ["Location", "Idempotent-Replayed"]
        if status == 202:
            headers.append("Retry-After")
        responses[str(status)] = {
            "description": _ANSWERS.get(status, "Done"),
            "headers": {name: _ref("headers", name) for name in headers},
            "content": {media_type: {"schema": schema}},
        }
    if operation.also is not None:
        responses["200"]["content"][operation.also] = {"schema": _raw(operation.also)}
    for status, codes in groupby(refusals(operation), key=lambda code: KINDS[code].status):
        named = list(codes)
        shared = "RetryLater" if WAITING.intersection(named) else "Problem"
        refused = _ref("responses", shared)
        refused["description"] = ", ".join(f"`{code}`" for code in named)
        # A probe answers 503 in its own words.
        responses.setdefault(str(status), refused)
    return responses


def _raw(media_type: str) -> Json:
    return {"type": "object" if media_type == "application/json" else "string"}


def _name(name: str) -> str:
    """`QuoteBody` is shown as `Quote`, a page of them as `QuotePage`."""
    page = re.fullmatch(r"Page_(\w+?)_?", name)
    return f"{_name(page[1])}Page" if page else name.removesuffix("Body")


def _public(schema: Any) -> Any:  # noqa: ANN401 - a JSON document, walked as one
    if isinstance(schema, list):
        return [_public(each) for each in schema]
    if not isinstance(schema, dict):
        return schema.replace(END, "$") if isinstance(schema, str) else schema
    shown = {key: _public(value) for key, value in schema.items()}
    if isinstance(shown.get("$ref"), str):
        prefix, _, name = shown["$ref"].rpartition("/")
        shown["$ref"] = f"{prefix}/{_name(name)}"
    if isinstance(shown.get("description"), str):
        shown["description"] = inspect.cleandoc(shown["description"])
    if isinstance(shown.get("title"), str):
        # The name again, as the code has it. A field of that name would be a schema and no text.
        del shown["title"]
    return shown
