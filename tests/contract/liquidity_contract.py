"""What every liquidity provider owes the application, whatever is behind it.

A suite subclasses `LiquidityProviderContract` and supplies the `lab` fixture. `executions` is the
vendor's own count of what happened: in every test it is what it should be, and never two.
"""

from datetime import timedelta
from decimal import Decimal

import pytest

from domain.liquidity.outcome import (
    Filled,
    NotSeen,
    OutcomeKind,
    Pending,
    Rejected,
    Unknown,
)
from domain.liquidity.quote import QuoteRefusal
from domain.liquidity.resolution import AttemptState, AttemptStatus, KeepLooking, Settle, decide
from domain.shared.side import FixedSide, Side
from tests.contract.liquidity_lab import (
    IMPROVES_MAX,
    MARGIN,
    Lab,
    as_quoted,
    executed,
    filled_as,
    finished,
    let_absence_become_final,
    looked_up,
    quoted,
    ref_of,
    refusal,
    request_for,
)


class QuotesContract:
    @pytest.mark.parametrize("side", Side)
    @pytest.mark.parametrize("fixed", FixedSide)
    async def test_quote_keeps_the_fixed_amount_or_is_unsupported(
        self, lab: Lab, side: Side, fixed: FixedSide
    ) -> None:
        request = request_for(lab, side, fixed)
        if not lab.provider.capabilities.fixes(side, fixed):
            assert await refusal(lab, request) is QuoteRefusal.UNSUPPORTED
            return
        quote = await quoted(lab, side, fixed)
        assert (quote.lp, quote.side) == (lab.provider.name, side)
        kept = quote.base_units if fixed is FixedSide.BASE else quote.quote_units
        assert kept == request.units
        assert min(quote.base_units, quote.quote_units) > 0
        assert quote.expires_at > lab.now() == quote.received_at

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ("quote_5xx", QuoteRefusal.UNAVAILABLE),
            ("quote_429", QuoteRefusal.RATE_LIMITED),
            ("quote_insufficient_funds_no_id", QuoteRefusal.INSUFFICIENT_LP_BALANCE),
        ],
    )
    async def test_vendor_trouble_while_quoting_is_a_refusal(
        self, lab: Lab, fault: str, reason: QuoteRefusal
    ) -> None:
        if not lab.shows(fault):
            return
        await lab.arm(fault)
        assert await refusal(lab, request_for(lab)) is reason


class ExecutionContract:
    @pytest.mark.parametrize("side", Side)
    @pytest.mark.parametrize("fixed", FixedSide)
    async def test_open_quote_is_filled_as_quoted(
        self, lab: Lab, side: Side, fixed: FixedSide
    ) -> None:
        if not lab.provider.capabilities.fixes(side, fixed):
            return  # refused, by a test above
        quote = await quoted(lab, side, fixed)
        outcome = await finished(lab, quote)
        assert as_quoted(lab, outcome, quote)
        assert await looked_up(lab, quote) == outcome
        assert await lab.executions() == 1

    async def test_second_request_for_a_quote_finds_the_first_execution(self, lab: Lab) -> None:
        quote = await quoted(lab)
        outcome = await finished(lab, quote)
        assert isinstance(outcome, Filled)
        assert await executed(lab, quote) == outcome
        assert await lab.executions() == 1

    async def test_expired_quote_is_never_executed(self, lab: Lab) -> None:
        """Rejected as such, or unknown where the refusal has a second meaning."""
        quote = await quoted(lab)
        lab.advance(quote.expires_at - lab.now() + timedelta(milliseconds=1))
        outcome = await executed(lab, quote)
        if isinstance(outcome, Unknown):
            let_absence_become_final(lab, quote)
            seen = await looked_up(lab, quote)
            assert isinstance(seen, NotSeen)
            assert seen.authoritative
        else:
            assert isinstance(outcome, Rejected)
            assert outcome.reason == "quote_expired"
        assert await lab.executions() == 0

    async def test_nothing_is_sent_after_the_deadline(self, lab: Lab) -> None:
        quote = await quoted(lab)
        outcome = await executed(lab, quote, within=timedelta(0))
        assert isinstance(outcome, Rejected)
        assert outcome.reason == "deadline_passed"
        assert await lab.executions() == 0

    async def test_declined_at_the_last_look_is_rejected(self, lab: Lab) -> None:
        quote = await quoted(lab)
        await lab.arm("last_look_reject")
        assert isinstance(await executed(lab, quote), Rejected)
        # Some keep a record of what they declined.
        assert isinstance(await looked_up(lab, quote), Rejected | NotSeen)
        assert await lab.executions() == 0

    async def test_amounts_that_differ_from_the_quote_are_told_as_executed(self, lab: Lab) -> None:
        if not lab.shows("amounts_differ_from_quote"):
            return
        quote = await quoted(lab)
        await lab.arm("amounts_differ_from_quote", bps=10)
        outcome = await finished(lab, quote)
        assert isinstance(outcome, Filled)
        assert outcome.quote_units == quote.quote_units
        less = quote.base_units * 9_990 // 10_000
        improved = less // IMPROVES_MAX if lab.provider.capabilities.improves else 0
        # One more where the vendor tells more decimals than ours, and each was rounded down.
        assert less <= outcome.base_units <= less + improved + 1 < quote.base_units

    async def test_asynchronous_execution_is_pending_until_it_is_filled(self, lab: Lab) -> None:
        if not lab.shows("execute_async_pending"):
            return
        quote = await quoted(lab)
        await lab.arm("execute_async_pending", lookups=2)
        assert isinstance(await executed(lab, quote), Pending)
        assert isinstance(await looked_up(lab, quote), Pending)
        assert isinstance(await looked_up(lab, quote), Pending)
        assert as_quoted(lab, await looked_up(lab, quote), quote)
        assert await lab.executions() == 1

    async def test_asynchronous_execution_that_fails_is_rejected(self, lab: Lab) -> None:
        if not lab.shows("execute_async_pending"):
            return
        quote = await quoted(lab)
        await lab.arm("execute_async_pending", lookups=1, fails=1)
        assert isinstance(await executed(lab, quote), Pending)
        assert isinstance(await looked_up(lab, quote), Pending)
        assert isinstance(await looked_up(lab, quote), Rejected)
        assert await lab.executions() == 0

    async def test_status_nobody_documented_proves_nothing(self, lab: Lab) -> None:
        if not lab.shows("unknown_enum"):
            return
        quote = await quoted(lab)
        await lab.arm("unknown_enum", lookups=1)
        assert isinstance(await executed(lab, quote), Pending | Unknown)
        assert isinstance(await looked_up(lab, quote), Unknown)
        assert as_quoted(lab, await looked_up(lab, quote), quote)
        assert await lab.executions() == 1


class LostReplyContract:
    async def test_reply_lost_after_the_execution_is_unknown_until_found(self, lab: Lab) -> None:
        quote = await quoted(lab)
        await lab.arm("execute_timeout_after_commit")
        assert isinstance(await executed(lab, quote), Unknown)
        assert as_quoted(lab, await looked_up(lab, quote), quote)
        assert await lab.executions() == 1

    async def test_execution_that_appears_late_is_found(self, lab: Lab) -> None:
        """The acceptance test: lost reply, and a record that lags behind."""
        quote = await quoted(lab)
        await lab.arm("execute_timeout_after_commit")
        await lab.arm("lookup_404_then_found", lookups=2)
        assert isinstance(await executed(lab, quote), Unknown)
        for _ in range(2):
            seen = await looked_up(lab, quote)
            assert isinstance(seen, NotSeen)
            assert not seen.authoritative
        assert as_quoted(lab, await looked_up(lab, quote), quote)
        assert await lab.executions() == 1

    async def test_second_witness_finds_what_the_first_never_shows(self, lab: Lab) -> None:
        quote = await quoted(lab)
        await lab.arm("execute_timeout_after_commit")
        await lab.arm("lookup_404_forever")
        assert isinstance(await executed(lab, quote), Unknown)
        assert isinstance(await looked_up(lab, quote), NotSeen)
        let_absence_become_final(lab, quote)
        assert as_quoted(lab, await looked_up(lab, quote), quote)
        assert await lab.executions() == 1

    async def test_absence_is_final_in_the_end_where_it_can_be_proven(self, lab: Lab) -> None:
        quote = await quoted(lab)
        await lab.arm("execute_timeout_before_commit")
        assert isinstance(await executed(lab, quote), Unknown)
        early = await looked_up(lab, quote)
        assert isinstance(early, NotSeen)
        assert not early.authoritative
        let_absence_become_final(lab, quote)
        late = await looked_up(lab, quote)
        assert isinstance(late, NotSeen)
        assert late.authoritative == lab.provider.capabilities.proves_absence
        assert await lab.executions() == 0

    async def test_only_final_absence_settles_an_unknown_execution(self, lab: Lab) -> None:
        quote = await quoted(lab)
        await lab.arm("execute_timeout_before_commit")
        await executed(lab, quote)
        attempt = AttemptState(
            status=AttemptStatus.UNKNOWN,
            lp_expires_at=quote.expires_at,
            absence=lab.provider.capabilities.proofs.absence,
            looks=0,
        )
        early = decide(attempt, await looked_up(lab, quote), now=lab.now(), margin=MARGIN)
        assert isinstance(early, KeepLooking)
        let_absence_become_final(lab, quote)
        late = decide(attempt, await looked_up(lab, quote), now=lab.now(), margin=MARGIN)
        if not lab.provider.capabilities.proves_absence:
            assert isinstance(late, KeepLooking)
            assert late.needs_operator
            return
        assert isinstance(late, Settle)
        assert isinstance(late.outcome, Rejected)

    async def test_failed_lookup_is_unknown(self, lab: Lab) -> None:
        quote = await quoted(lab)
        assert isinstance(await finished(lab, quote), Filled)
        # As often as an adapter may ask again before it gives up.
        await lab.arm("lookup_5xx", count=lab.lookup_attempts)
        assert isinstance(await looked_up(lab, quote), Unknown)
        assert as_quoted(lab, await looked_up(lab, quote), quote)


class HistoryContract:
    async def test_list_shows_executions_oldest_first(self, lab: Lab) -> None:
        since = lab.now()
        quotes, ids = [], []
        for side in (Side.BUY, Side.SELL):
            quotes.append(await quoted(lab, side))
            ids.append(await filled_as(lab, quotes[-1]))
            lab.advance(timedelta(seconds=1))
        page = await lab.provider.list_executions(since=since, until=lab.now(), limit=10)
        assert page.complete
        assert [row.lp_execution_id for row in page.executions] == ids
        for row, quote in zip(page.executions, quotes, strict=True):
            assert row.lp_quote_id == quote.lp_quote_id or row.client_ref == ref_of(quote)
        assert {row.status for row in page.executions} == {OutcomeKind.FILLED}
        assert {(row.base.asset, row.quote.asset) for row in page.executions} == {
            (lab.instrument.base.code, lab.instrument.quote.code)
        }

    async def test_list_cut_by_its_limit_is_not_complete(self, lab: Lab) -> None:
        since = lab.now()
        first = await filled_as(lab, await quoted(lab))
        lab.advance(timedelta(seconds=1))
        await executed(lab, await quoted(lab))
        lab.advance(timedelta(seconds=1))
        page = await lab.provider.list_executions(since=since, until=lab.now(), limit=1)
        assert not page.complete
        assert [row.lp_execution_id for row in page.executions] == [first]

    async def test_list_ends_before_its_last_moment(self, lab: Lab) -> None:
        await executed(lab, await quoted(lab))
        now = lab.now()
        before = await lab.provider.list_executions(
            since=now - timedelta(hours=1), until=now, limit=10
        )
        assert (before.executions, before.complete) == ((), True)

    async def test_list_that_cannot_be_read_is_empty_and_not_complete(self, lab: Lab) -> None:
        since = lab.now()
        await executed(lab, await quoted(lab))
        lab.advance(timedelta(seconds=1))
        await lab.arm("lookup_5xx", count=lab.lookup_attempts)
        page = await lab.provider.list_executions(since=since, until=lab.now(), limit=10)
        assert (page.executions, page.complete) == ((), False)


class BalancesContract:
    async def test_balances_move_by_exactly_the_legs_that_the_list_shows(self, lab: Lab) -> None:
        if not lab.provider.capabilities.reports_balances:
            assert await lab.provider.balances() is None
            return
        before, since = await holdings(lab), lab.now()
        for side in (Side.BUY, Side.SELL):
            await executed(lab, await quoted(lab, side))
        lab.advance(timedelta(seconds=1))
        page = await lab.provider.list_executions(since=since, until=lab.now(), limit=10)
        assert len(page.executions) == 2
        for row in page.executions:
            sign = 1 if row.side is Side.BUY else -1
            before[row.base.asset] += sign * Decimal(row.base.amount)
            before[row.quote.asset] -= sign * Decimal(row.quote.amount)
        assert await holdings(lab) == before

    async def test_balances_that_cannot_be_read_are_none(self, lab: Lab) -> None:
        await lab.arm("lookup_5xx", count=lab.lookup_attempts)
        assert await lab.provider.balances() is None


async def holdings(lab: Lab) -> dict[str, Decimal]:
    held = await lab.provider.balances()
    assert held is not None
    return {each.asset: Decimal(each.amount) for each in held}


class LiquidityProviderContract(
    QuotesContract, ExecutionContract, LostReplyContract, HistoryContract, BalancesContract
):
    """All of it, for a provider that declares every capability in use so far."""
