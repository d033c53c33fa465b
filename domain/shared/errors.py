"""Refusals are `DomainError`s that callers branch on by type and `code`; bugs are not.

`DomainError` derives from `ValueError` because msgspec turns only `ValueError` and `TypeError`
raised while decoding into a `ValidationError`; anything else would escape the decoder.
"""

from typing import ClassVar


class DomainError(ValueError):
    """A refusal with a stable `code`, a `detail` for people and `context` for machines."""

    code: ClassVar[str] = "domain_error"

    def __init__(self, detail: str, **context: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.context: dict[str, object] = context


class RuleViolation(DomainError):
    """The request is understood and a rule forbids it."""

    code = "rule_violation"


class NotFound(DomainError):
    """Nothing of that name exists for this caller."""

    code = "not_found"


class Conflict(DomainError):
    """The thing exists, in a state that excludes what was asked."""

    code = "conflict"


class Forbidden(DomainError):
    """The caller may not do this, whatever the state."""

    code = "forbidden"


class InvariantViolation(AssertionError):
    """A bug in this code base, never a caller's mistake. Not a `DomainError`, on purpose."""


def invariant(condition: bool, message: str, /) -> None:
    """Unlike `assert`, it survives `python -O`. Raises `InvariantViolation`."""
    if not condition:
        raise InvariantViolation(message)
