"""Lists page by page."""

from tests.api.world import Caller, Json, Partner, problem


async def _pages(caller: Caller, path: str, limit: int, **filters: str) -> list[list[Json]]:
    pages: list[list[Json]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await caller.read(path, limit=limit, **filters, **cursor)
        pages.append(page["data"])
        assert page["has_more"] == (page["next_cursor"] is not None)
        if not page["has_more"]:
            return pages
        cursor = {"cursor": page["next_cursor"]}


async def test_pages_add_up_to_the_list(caller: Caller) -> None:
    for number in range(5):
        await caller.customer(f"n-{number}")

    pages = await _pages(caller, "/v1/customers", 3)

    names = [each["external_id"] for page in pages for each in page]
    assert names == ["n-4", "n-3", "n-2", "n-1", "n-0", "c-2", "c-1"]
    assert [len(page) for page in pages] == [3, 3, 1]


async def test_new_objects_do_not_shift_the_pages(caller: Caller) -> None:
    first = await caller.read("/v1/customers", limit=1)
    await caller.customer("in-between")
    second = await caller.read("/v1/customers", limit=1, cursor=first["next_cursor"])
    names = [page["data"][0]["external_id"] for page in (first, second)]
    assert names == ["c-2", "c-1"]


async def test_entries_page_too(caller: Caller, partner: Partner) -> None:
    for _ in range(4):
        await caller.deposit(partner.customer_id, "USDT", "1")
    accounts = (await caller.read("/v1/accounts", customer_id=partner.customer_id))["data"]
    usdt = next(each["id"] for each in accounts if each["asset"] == "USDT")

    pages = await _pages(caller, f"/v1/accounts/{usdt}/entries", 2)

    assert [each["seq"] for page in pages for each in page] == [5, 4, 3, 2, 1]


async def test_orders_filter_and_page(caller: Caller, partner: Partner) -> None:
    orders = []
    for number in range(3):
        quote = await caller.quote(partner.customer_id)
        body = {"quote_id": quote["id"], "client_order_id": f"o-{number}"}
        orders.append((await caller.make("/v1/orders", body))["id"])

    pages = await _pages(caller, "/v1/orders", 2, customer_id=partner.customer_id)
    one = await caller.read("/v1/orders", client_order_id="o-1")
    none = await caller.read("/v1/orders", status="pending")
    others = await caller.read("/v1/orders", customer_id=partner.other_customer_id)

    assert [each["id"] for page in pages for each in page] == orders[::-1]
    assert [each["id"] for each in one["data"]] == [orders[1]]
    assert none["data"] == others["data"] == []


async def test_cursor_of_another_list_is_refused(
    caller: Caller, stranger: Partner, operator: Caller
) -> None:
    cursor = (await caller.read("/v1/customers", limit=1))["next_cursor"]
    for path, extra in (
        ("/v1/customers", {"external_id": "c-1"}),
        ("/v1/orders", {}),
    ):
        response = await caller.get(path, cursor=cursor, **extra)
        problem(response, 400, "validation_failed")
    theirs = await caller.with_key(stranger.key).get("/v1/customers", cursor=cursor)
    problem(theirs, 400, "validation_failed")
    for broken in (cursor[:-2], cursor + "A", cursor.swapcase(), "", "*"):
        problem(await caller.get("/v1/customers", cursor=broken), 400, "validation_failed")


async def test_limit_is_set_to_the_nearest(caller: Caller) -> None:
    for number in range(3):
        await caller.customer(f"n-{number}")
    for limit, shown in ((0, 1), (-5, 1), (2, 2), (100_000, 5)):
        assert len((await caller.read("/v1/customers", limit=limit))["data"]) == shown
