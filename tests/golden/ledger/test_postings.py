"""What each business fact posts is a promise, kept here as text and shown in docs/ledger.

`UPDATE_GOLDEN=1` rewrites both. On a page only what stands between `<!-- posting: name -->` and
`<!-- end -->` is generated; the words around it are written by hand.
"""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from domain.ledger.chart import BookSide
from tests.golden.ledger import facts, stories
from tests.golden.ledger.facts import HOLD, ONE
from tests.golden.ledger.render import chart, clearing, posting, refusals

HERE = Path(__file__).parent
PAGES = HERE.parents[2] / "docs" / "ledger"
TEMPLATES = HERE.parents[2] / "domain" / "ledger" / "templates"
TEMPLATE_NAME = re.compile(r'journal\(\s*header,\s*"(\w+)"|template="(\w+)"')
BLOCK = re.compile(r"(<!-- posting: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

BUY = facts.filled(facts.on_grid())
BUY_MIRROR = facts.mirrored(facts.on_grid(), ONE // 2, 25_000 * ONE)
BUY_MIRROR_IMPROVED = facts.mirrored(facts.on_grid(), ONE // 2, 24_999_50000000)
SELL = facts.filled(facts.off_grid())
SELL_MIRROR = facts.mirrored(
    facts.off_grid(), facts.off_grid().lp_base_units, facts.off_grid().lp_quote_units
)

# One of every template: what is posted without being here has no page.
FACTS = (
    BUY,
    BUY_MIRROR,
    facts.deposited(),
    facts.deposit_mirrored(),
    facts.sent(),
    facts.sent_mirrored(),
    facts.network_fee(),
    facts.returned(),
    facts.return_mirrored(),
    facts.transferred(),
    facts.charged(),
    facts.reversed_transfer(),
    facts.reversed_deposit_mirrored(),
    facts.capital(),
    facts.settled(facts.PAID, facts.USDT),
    facts.settled(facts.RECEIVED, facts.BTC),
    facts.placed(facts.PREFUNDED),
    facts.placed(facts.WITHDRAWN),
)

BLOCKS: Mapping[str, Callable[[], str]] = {
    "chart_tenant": lambda: chart(BookSide.TENANT),
    "chart_house": lambda: chart(BookSide.HOUSE),
    "refusals": refusals,
    "trade_buy": lambda: posting(BUY),
    "trade_buy_mirror": lambda: posting(BUY_MIRROR),
    "trade_buy_clearing": lambda: clearing(BUY, BUY_MIRROR),
    "trade_buy_mirror_improved": lambda: posting(BUY_MIRROR_IMPROVED),
    "trade_sell": lambda: posting(SELL),
    "trade_sell_mirror": lambda: posting(SELL_MIRROR),
    "trade_sell_clearing": lambda: clearing(SELL, SELL_MIRROR),
    "deposit": lambda: posting(facts.deposited()),
    "deposit_mirror": lambda: posting(facts.deposit_mirrored()),
    "deposit_clearing": lambda: clearing(facts.deposited(), facts.deposit_mirrored()),
    "withdrawal": lambda: posting(facts.sent()),
    "withdrawal_mirror": lambda: posting(facts.sent_mirrored()),
    "withdrawal_clearing": lambda: clearing(facts.sent(), facts.sent_mirrored()),
    "withdrawal_sent_story": stories.withdrawal_sent,
    "withdrawal_failed_story": stories.withdrawal_failed,
    "withdrawal_returned": lambda: posting(facts.returned()),
    "withdrawal_return_mirror": lambda: posting(facts.return_mirrored()),
    "withdrawal_return_clearing": lambda: clearing(facts.returned(), facts.return_mirrored()),
    "network_fee": lambda: posting(facts.network_fee()),
    "capital": lambda: posting(facts.capital()),
    "trade_buy_mirror_on_credit": lambda: posting(facts.mirrored_on_credit(facts.on_grid())),
    "lp_settlement_paid": lambda: posting(facts.settled(facts.PAID, facts.USDT)),
    "lp_settlement_received": lambda: posting(facts.settled(facts.RECEIVED, facts.BTC)),
    "lp_prefunded": lambda: posting(facts.placed(facts.PREFUNDED)),
    "lp_withdrawn": lambda: posting(facts.placed(facts.WITHDRAWN)),
    "reconciliation_adjustment": lambda: posting(facts.reconciled(20, written_off=False)),
    "reconciliation_write_off": lambda: posting(facts.reconciled(-3, written_off=True)),
    "transfer": lambda: posting(facts.transferred()),
    "transfer_from_hold": lambda: posting(facts.transferred(hold_id=HOLD)),
    "transfer_reversed": lambda: posting(facts.reversed_transfer()),
    "deposit_reversed": lambda: posting(facts.reversed_deposit()),
    "deposit_reversed_mirror": lambda: posting(facts.reversed_deposit_mirrored()),
    "deposit_reversed_clearing": lambda: clearing(
        facts.reversed_deposit(), facts.reversed_deposit_mirrored()
    ),
    "reversed_too_late": stories.reversed_too_late,
    "fee": lambda: posting(facts.charged()),
    "hold_captured": stories.captured_in_parts,
    "hold_released": stories.released,
    "hold_expired": stories.expired,
    "hold_behind_an_order": stories.behind_an_order,
}


@pytest.mark.parametrize("name", BLOCKS)
def test_posting_is_as_promised(name: str) -> None:
    agree(HERE / f"{name}.txt", f"{BLOCKS[name]()}\n")


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_page_shows_what_is_posted(page: Path) -> None:
    agree(page, BLOCK.sub(lambda found: f"{found[1]}{BLOCKS[found[2]]()}\n{found[3]}", text(page)))


def test_every_posting_is_on_a_page_and_every_text_is_a_posting() -> None:
    shown = {found[2] for page in PAGES.glob("*.md") for found in BLOCK.finditer(text(page))}
    assert shown == set(BLOCKS)
    assert {path.stem for path in HERE.glob("*.txt")} == set(BLOCKS)


def test_every_template_has_its_fact_and_is_named_on_a_page() -> None:
    declared = {
        name
        for path in TEMPLATES.glob("*.py")
        for found in TEMPLATE_NAME.findall(text(path))
        for name in found
        if name
    }
    assert declared == {fact.template for fact in FACTS}
    words = "".join(text(page) for page in PAGES.glob("*.md") if page.stem != "README")
    assert [name for name in declared if f"`{name}`" not in words] == []


def test_index_names_every_page() -> None:
    index = text(PAGES / "README.md")
    pages = {page.name for page in PAGES.glob("*.md")} - {"README.md"}
    assert [page for page in sorted(pages) if f"({page})" not in index] == []


def agree(path: Path, expected: str) -> None:
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(expected, encoding="utf-8")
    assert text(path) == expected, f"{path.name} differs: look, then UPDATE_GOLDEN=1"


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
