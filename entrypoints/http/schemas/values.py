"""Parts that bodies share: amounts, ids, times, and pages."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from msgspec import Meta

from application.ports.transfer_batches import ITEM_KEY_LENGTH_MAX
from domain.assets.asset import Asset
from domain.shared.errors import invariant
from domain.shared.ids import IdPrefix
from domain.shared.money import TEXT_LENGTH_MAX, AmountInvalid, format_units, parse_units
from entrypoints.http.problems import invalid

T = TypeVar("T")

# `$` also matches before a final line break, in Python; this does not, there and elsewhere.
END: Final = r"(?![\s\S])"
_SUFFIX: Final = "[0-7][0-9a-hjkmnp-tv-z]{25}"
_NUMBER: Final = r"(0|[1-9][0-9]*)(\.[0-9]+)?"
_AMOUNT: Final = f"^{_NUMBER}{END}"
_ASSET: Final = f"^[A-Z][A-Z0-9]{{1,11}}{END}"
_INSTRUMENT: Final = f"^[A-Z][A-Z0-9]{{1,11}}-[A-Z][A-Z0-9]{{1,11}}{END}"
_CLIENT_TEXT: Final = rf"^[A-Za-z0-9._:@+/=|-]{{1,64}}{END}"
_ITEM_KEY: Final = f"^[A-Za-z0-9_-]{{1,{ITEM_KEY_LENGTH_MAX}}}{END}"
_LINE: Final = rf"^[^\x00-\x1f\x7f]{{1,100}}{END}"


def _id_pattern(prefix: IdPrefix) -> str:
    return f"^{prefix}_{_SUFFIX}{END}"


def _id(prefix: IdPrefix) -> Meta:
    return Meta(pattern=_id_pattern(prefix))


# What a caller is told when a text does not match: a pattern says nothing to most who read it.
IN_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        _AMOUNT: "an amount is a positive decimal in plain notation, such as 0.5:"
        " no sign, exponent, space or needless zero in front",
        _ASSET: "an asset is named in capitals, as in USDT",
        _INSTRUMENT: "an instrument is named in capitals, as in BTC-USDT",
        _CLIENT_TEXT: "expected 1 to 64 of A-Z a-z 0-9 . _ : @ + / = | -",
        _ITEM_KEY: f"a key is 1 to {ITEM_KEY_LENGTH_MAX} of A-Z a-z 0-9 _ -",
        _LINE: "expected 1 to 100 characters, none of them a control character",
    }
    | {
        _id_pattern(each): f"expected an id: {each}_ and 26 characters, as it was given"
        for each in IdPrefix
    }
)


TenantRef = Annotated[str, _id(IdPrefix.TENANT)]
CustomerRef = Annotated[str, _id(IdPrefix.CUSTOMER)]
QuoteRef = Annotated[str, _id(IdPrefix.QUOTE)]
OrderRef = Annotated[str, _id(IdPrefix.ORDER)]
FillRef = Annotated[str, _id(IdPrefix.FILL)]
AccountRef = Annotated[str, _id(IdPrefix.ACCOUNT)]
TransactionRef = Annotated[str, _id(IdPrefix.TRANSACTION)]
TransferRef = Annotated[str, _id(IdPrefix.TRANSFER)]
TransferBatchRef = Annotated[str, _id(IdPrefix.TRANSFER_BATCH)]
DepositRef = Annotated[str, _id(IdPrefix.DEPOSIT)]
StatementRef = Annotated[str, _id(IdPrefix.STATEMENT)]
MatchRef = Annotated[str, _id(IdPrefix.MATCH)]
BreakRef = Annotated[str, _id(IdPrefix.BREAK)]
EventRef = Annotated[str, _id(IdPrefix.EVENT)]
WebhookEndpointRef = Annotated[str, _id(IdPrefix.WEBHOOK_ENDPOINT)]
WebhookAttemptRef = Annotated[str, _id(IdPrefix.WEBHOOK_ATTEMPT)]
ChangeRequestRef = Annotated[str, _id(IdPrefix.CHANGE_REQUEST)]
OperatorRef = Annotated[str, _id(IdPrefix.OPERATOR)]
ApiKeyRef = Annotated[str, _id(IdPrefix.API_KEY)]

# Plain notation, as text: JSON numbers lose digits in most readers.
PositiveDecimal = Annotated[
    str,
    Meta(
        pattern=_AMOUNT,
        max_length=TEXT_LENGTH_MAX,
        description="Plain decimal notation, at most as many decimals as the asset's scale.",
        examples=["0.5"],
        extra_json_schema={"format": "decimal"},
    ),
]
DecimalText = Annotated[
    str,
    Meta(
        pattern=f"^-?{_NUMBER}{END}",
        max_length=TEXT_LENGTH_MAX,
        description="Plain decimal notation with every decimal the asset has.",
        examples=["0.50000000"],
        extra_json_schema={"format": "decimal"},
    ),
]
Timestamp = Annotated[
    str,
    Meta(
        description="RFC 3339, UTC, with microseconds.",
        examples=["2026-01-05T09:00:00.000000Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
Ppm = Annotated[int, Meta(ge=0, description="Parts per million.")]
AssetText = Annotated[str, Meta(pattern=_ASSET, examples=["USDT"])]
InstrumentText = Annotated[
    str,
    Meta(
        pattern=_INSTRUMENT,
        examples=["BTC-USDT"],
    ),
]
ClientText = Annotated[str, Meta(pattern=_CLIENT_TEXT)]
ItemKey = Annotated[str, Meta(pattern=_ITEM_KEY)]
# For people: anything that prints, nothing that does not.
Line = Annotated[str, Meta(pattern=_LINE)]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request carries. A misspelt field is an error and not a default."""


class Query(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters in the URL."""


class Money(msgspec.Struct, frozen=True):
    amount: DecimalText
    asset: AssetText


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """`next_cursor` continues with the same filters; null at the end."""

    data: list[T]
    next_cursor: str | None
    has_more: bool


def whole(data: list[T]) -> Page[T]:
    """A list that fits on one page."""
    return Page(data=data, next_cursor=None, has_more=False)


def decimal(units: int, asset: Asset) -> str:
    return format_units(units, scale=asset.scale)


def money(units: int, asset: Asset) -> Money:
    return Money(decimal(units, asset), asset.code)


def units_of(text: str, asset: Asset, *, field: str) -> int:
    """More than nothing. Raises `ApiError` with a pointer to the field."""
    try:
        units = parse_units(text, scale=asset.scale)
    except AmountInvalid as error:
        raise invalid(error.detail, pointer=f"/{field}") from None
    if units <= 0:
        raise invalid("the amount must be more than nothing", pointer=f"/{field}")
    return units


def maybe_timestamp(at: datetime | None) -> str | None:
    return None if at is None else timestamp(at)


def timestamp(at: datetime) -> str:
    invariant(at.tzinfo is not None, "a time without a zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
