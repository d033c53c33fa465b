"""What the partner's backend is told of all that, in the feed of its events."""

from typing import Final

from entrypoints.cli.demo.page import Page
from entrypoints.cli.demo.shapes import Event, Feed, Order
from entrypoints.cli.demo.stage import Customer

WAIT_SECONDS: Final = 10
READS_MAX: Final = 20
FILLED: Final = "order.filled.v1"
EXPECTED: Final = (
    "customer.created.v1",
    "deposit.confirmed.v1",
    "order.pending.v1",
    FILLED,
)


async def tell_events(page: Page, customer: Customer, order: Order) -> None:
    events = await _until_filled(customer, order)
    page.call("GET", "/v1/events?wait=10", 200, f"{len(events)} about {customer.name}")
    page.table(
        ("seq", "<event", "version", "<occurred at"),
        [
            (str(each.seq), each.type, str(each.resource_version), each.occurred_at)
            for each in events
        ],
    )
    page.claim(
        "each step told once, in its order", tuple(each.type for each in events) == EXPECTED, events
    )
    told = events[-1].data
    page.claim(
        "the last one says of the order what the order says",
        (told["id"], told["base_amount"], told["quote_amount"])
        == (order.id, order.base_amount, order.quote_amount),
        told,
    )
    page.space()


async def _until_filled(customer: Customer, order: Order) -> list[Event]:
    """Reads on where it was, as a consumer would, and waits for what is not there yet."""
    found: list[Event] = []
    after = 0
    for _ in range(READS_MAX):
        query = f"after={after}&customer_id={customer.id}&wait={WAIT_SECONDS}"
        feed = await customer.partner.get(f"/v1/events?{query}", Feed)
        found += feed.data
        after = feed.next
        if any(each.type == FILLED and each.data["id"] == order.id for each in feed.data):
            break
    return found
