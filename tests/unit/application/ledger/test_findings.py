"""Whatever else is found, the gravest is shown, and something of every check that failed."""

from uuid import UUID

from application.ledger.findings import COUNTED_MAX, SHOWN_MAX, are_all, shown
from application.ports.verification import Finding
from domain.shared.ids import TenantId

TENANT = TenantId(UUID(int=1))


def finding(check: str, number: int = 0) -> Finding:
    return Finding(check=check, tenant_id=TENANT, subject=str(number), detail="")


def many(check: str, count: int) -> list[Finding]:
    return [finding(check, number) for number in range(count)]


def test_gravest_check_is_first_whatever_was_found_before() -> None:
    found = shown([*many("balance_equals_entries", 30), finding("asset_sums_to_zero")])
    assert found.findings[0].check == "asset_sums_to_zero"
    assert len(found.findings) == SHOWN_MAX
    assert [(each.check, each.findings) for each in found.counts] == [
        ("asset_sums_to_zero", 1),
        ("balance_equals_entries", 30),
    ]
    assert found.hidden == 31 - SHOWN_MAX


def test_every_check_that_failed_is_shown() -> None:
    checks = [f"check_{number}" for number in range(2 * SHOWN_MAX)]
    found = shown([each for check in checks for each in many(check, 3)])
    assert [each.check for each in found.findings] == checks
    assert [each.subject for each in found.findings] == ["0"] * len(checks)
    assert found.hidden == 2 * len(checks)


def test_few_findings_are_shown_whole() -> None:
    found = shown(many("day_equals_entries", 3))
    assert (len(found.findings), found.hidden) == (3, 0)
    assert shown([]).findings == ()


def test_check_that_was_not_counted_to_its_end_may_have_more() -> None:
    assert are_all(many("x", COUNTED_MAX - 1))
    assert not are_all(many("x", COUNTED_MAX))
