import msgspec


class HealthBody(msgspec.Struct, frozen=True):
    status: str


class FieldError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where: `pointer` is a JSON pointer into the body, `parameter` a name in URL or headers."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457. Branch on `code`; new codes and members may appear.

    `retryable` means that the same request with the same key may succeed later.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    retryable: bool
    errors: list[FieldError] | None = None
