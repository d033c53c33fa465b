from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Final

import click
from dishka import AsyncContainer

from application.liquidity.change_price_terms import ChangePriceTerms
from application.ports.catalog import Platform
from application.ports.change_requests import ChangeState
from application.ports.clock import Clock
from application.ports.price_terms import PriceTerms, PriceTermsBook, Terms
from domain.assets.instrument import Instrument
from domain.liquidity.guard_limits import DEFAULT_LIMITS, GuardBand, GuardLimits
from domain.liquidity.reference import RateSheet
from domain.shared.ids import ChangeRequestId, IdPrefix, decode_id, encode_id
from domain.shared.money import AmountInvalid, parse_units
from domain.shared.price import parse_price
from entrypoints.cli.operator import run
from entrypoints.cli.operator_key import operator_key_option, operator_with
from entrypoints.cli.output import json_option, print_object, print_rows
from entrypoints.cli.references import freshness

COLUMNS: Final = ("id", "instrument", "kind", "terms", "state", "proposed_by", "decided_by")
IN_FORCE_COLUMNS: Final = ("instrument", "limits", "rate_sheet", "age_s", "fresh")
REFERENCE_COLUMNS: Final = ("instrument", "source", "vendor", "bid", "ask", "age_ms", "counts")
LIMIT_MAX: Final = 1_000
REASON: Final = "Kept with it: a ticket, where the rate is from."


def TERMS(text: str) -> ChangeRequestId:  # noqa: N802 - its name is what --help shows
    return ChangeRequestId(decode_id(IdPrefix.CHANGE_REQUEST, text))


def RATE(text: str) -> Decimal:  # noqa: N802 - its name is what --help shows
    return parse_price(text).value


@click.group()
def rates() -> None:
    """What prices are judged by: one operator proposes, another approves. docs/liquidity.md."""


@rates.command()
@click.argument("instrument")
@click.option("--bid", required=True, type=RATE)
@click.option("--ask", required=True, type=RATE)
@click.option("--max-age", "seconds", required=True, type=int, help="Seconds from its approval.")
@click.option("--reason", required=True, help=REASON)
@operator_key_option
@json_option
def propose(
    instrument: str,
    *,
    bid: Decimal,
    ask: Decimal,
    seconds: int,
    reason: str,
    operator_key: str,
    as_json: bool,
) -> None:
    """Propose a rate sheet for an instrument, as in USDT-NGN."""
    sheet = RateSheet(bid=bid, ask=ask, age_max=timedelta(seconds=seconds))
    _propose(instrument, lambda _: sheet, reason, operator_key, as_json=as_json)


@rates.command()
@click.argument("instrument")
@click.option("--at-quote-ppm", required=True, type=int, help="How far a price may stray.")
@click.option("--at-execute-ppm", required=True, type=int)
@click.option(
    "--band",
    "bands",
    multiple=True,
    type=(str, int, int),
    help="AMOUNT AT_QUOTE_PPM AT_EXECUTE_PPM, for trades up to that quote amount. Ascending.",
)
@click.option("--max-age-ms", type=int, default=5_000, show_default=True)
@click.option("--references", type=int, default=2, show_default=True, help="Independent ones.")
@click.option("--apart-ppm", type=int, default=DEFAULT_LIMITS.apart_max_ppm, show_default=True)
@click.option("--spread-ppm", type=int, default=DEFAULT_LIMITS.spread_max_ppm, show_default=True)
@click.option("--jump-ppm", type=int, default=DEFAULT_LIMITS.jump_max_ppm, show_default=True)
@click.option("--jump-window-s", type=int, default=60, show_default=True)
@click.option("--sheet-suffices", is_flag=True, help="A rate sheet is enough by itself.")
@click.option("--reason", required=True, help=REASON)
@operator_key_option
@json_option
def limits(
    instrument: str,
    *,
    at_quote_ppm: int,
    at_execute_ppm: int,
    bands: tuple[tuple[str, int, int], ...],
    max_age_ms: int,
    references: int,
    apart_ppm: int,
    spread_ppm: int,
    jump_ppm: int,
    jump_window_s: int,
    sheet_suffices: bool,
    reason: str,
    operator_key: str,
    as_json: bool,
) -> None:
    """Propose how far prices of an instrument may stray."""

    def made(listed: Instrument) -> GuardLimits:
        last = GuardBand(at_quote_ppm=at_quote_ppm, at_execute_ppm=at_execute_ppm)
        return GuardLimits(
            bands=(*(_band(each, listed) for each in bands), last),
            age_max=timedelta(milliseconds=max_age_ms),
            references_min=references,
            apart_max_ppm=apart_ppm,
            spread_max_ppm=spread_ppm,
            jump_max_ppm=jump_ppm,
            jump_window=timedelta(seconds=jump_window_s),
            sheet_suffices=sheet_suffices,
        )

    _propose(instrument, made, reason, operator_key, as_json=as_json)


@rates.command()
@click.argument("terms_id", metavar="CHANGE", type=TERMS)
@operator_key_option
@json_option
def approve(terms_id: ChangeRequestId, operator_key: str, as_json: bool) -> None:
    """Put in force what another operator proposed."""
    _decide(terms_id, ChangeState.APPLIED, operator_key, as_json=as_json)


@rates.command()
@click.argument("terms_id", metavar="CHANGE", type=TERMS)
@operator_key_option
@json_option
def reject(terms_id: ChangeRequestId, operator_key: str, as_json: bool) -> None:
    """Say no to what was proposed, also by yourself."""
    _decide(terms_id, ChangeState.REJECTED, operator_key, as_json=as_json)


@rates.command()
@json_option
def show(as_json: bool) -> None:
    """What is in force for each instrument, and whether its rate sheet still counts."""

    async def work(container: AsyncContainer) -> list[Mapping[str, object]]:
        platform: Platform = await container.get(Platform)
        clock: Clock = await container.get(Clock)
        view, now = await platform.view(), clock.now()
        rows: list[Mapping[str, object]] = []
        for symbol in view.catalog.instruments:
            sheet = view.guard.sheets.get(symbol)
            age = None if sheet is None else now - sheet.observed_at
            rows.append(
                {
                    "instrument": symbol,
                    "limits": _words(view.guard.limits.get(symbol, DEFAULT_LIMITS)),
                    "rate_sheet": None if sheet is None else f"{sheet.bid:f} / {sheet.ask:f}",
                    "age_s": None if age is None else age // timedelta(seconds=1),
                    "fresh": sheet is not None
                    and sheet.age_max is not None
                    and age is not None
                    and age <= sheet.age_max,
                }
            )
        return rows

    print_rows(run(work), IN_FORCE_COLUMNS, as_json=as_json, nothing="no instruments")


@rates.command()
@json_option
def references(as_json: bool) -> None:
    """Ask every vendor for its public prices now, and show which of them would count."""
    print_rows(run(freshness), REFERENCE_COLUMNS, as_json=as_json, nothing="no references")


@rates.command(name="list")
@click.option("--instrument", help="Only this one's.")
@click.option(
    "--state", type=click.Choice([each.value for each in ChangeState]), help="[default: all]"
)
@click.option("--limit", type=click.IntRange(1, LIMIT_MAX), default=100, show_default=True)
@json_option
def list_terms(instrument: str | None, state: str | None, limit: int, as_json: bool) -> None:
    """Everything that was ever proposed, the newest first."""
    wanted = None if state is None else ChangeState(state)

    async def work(container: AsyncContainer) -> list[Mapping[str, object]]:
        book: PriceTermsBook = await container.get(PriceTermsBook)
        found = await book.page(instrument=instrument, state=wanted, limit=limit)
        return [_shown(each) for each in found]

    print_rows(run(work), COLUMNS, as_json=as_json, nothing="no such proposals")


def _propose(
    instrument: str,
    terms: Callable[[Instrument], Terms],
    reason: str,
    operator_key: str,
    *,
    as_json: bool,
) -> None:
    async def work(container: AsyncContainer) -> Mapping[str, object]:
        by = await operator_with(container, operator_key)
        platform: Platform = await container.get(Platform)
        listed = (await platform.view()).catalog.instrument(instrument)
        change = await container.get(ChangePriceTerms)
        return _shown(await change.propose(instrument, terms(listed), reason=reason, by=by))

    print_object(run(work), as_json=as_json)


def _decide(
    terms_id: ChangeRequestId, state: ChangeState, operator_key: str, *, as_json: bool
) -> None:
    async def work(container: AsyncContainer) -> Mapping[str, object]:
        by = await operator_with(container, operator_key)
        change = await container.get(ChangePriceTerms)
        decide = change.approve if state is ChangeState.APPLIED else change.reject
        return _shown(await decide(terms_id, by=by))

    print_object(run(work), as_json=as_json)


def _band(band: tuple[str, int, int], listed: Instrument) -> GuardBand:
    amount, at_quote_ppm, at_execute_ppm = band
    try:
        units = parse_units(amount, scale=listed.quote.scale)
    except AmountInvalid as error:
        raise click.BadParameter(error.detail, param_hint="--band") from None
    return GuardBand(
        quote_units_max=units, at_quote_ppm=at_quote_ppm, at_execute_ppm=at_execute_ppm
    )


def _shown(terms: PriceTerms) -> Mapping[str, object]:
    decided = terms.decided_by
    return {
        "id": encode_id(IdPrefix.CHANGE_REQUEST, terms.id),
        "instrument": terms.instrument,
        "kind": "rate_sheet" if isinstance(terms.terms, RateSheet) else "guard_limits",
        "terms": _words(terms.terms),
        "reason": terms.reason,
        "state": terms.state.value,
        "proposed_by": terms.proposed_by.name,
        "proposed_at": terms.proposed_at,
        "decided_by": None if decided is None else decided.name,
        "decided_at": terms.decided_at,
    }


def _words(terms: Terms) -> str:
    if isinstance(terms, RateSheet):
        return f"{terms.bid:f} / {terms.ask:f} for {terms.age_max}"
    bands = ", ".join(
        f"{'any' if band.quote_units_max is None else f'<= {band.quote_units_max} units'}: "
        f"{band.at_quote_ppm}/{band.at_execute_ppm} ppm"
        for band in terms.bands
    )
    enough = "or a sheet" if terms.sheet_suffices else ""
    return f"{bands}; {terms.references_min} references {enough}".strip()
