import asyncio

import pytest

from domain.ledger.account import Account, AccountKey, AccountStatus, customer_owner
from domain.ledger.chart import AccountCode, AccountType
from domain.shared.errors import NotFound
from domain.shared.ids import AccountId, TenantId
from tests.contract.world import BTC, ENOUGH_BTC, ENOUGH_USDT, USDT, World


class AccountsContract:
    async def test_resolving_again_gives_the_same_ids(self, world: World) -> None:
        tenant_id, keys = await world.tenant(), some_keys(world)
        first = await resolve(world, tenant_id, *keys)
        assert await resolve(world, tenant_id, *reversed(keys)) == first
        assert set(first) == set(keys)
        assert len(set(first.values())) == len(keys)

    async def test_key_named_twice_is_one_account(self, world: World) -> None:
        tenant_id, (key, *_) = await world.tenant(), some_keys(world)
        assert len(await resolve(world, tenant_id, key, key)) == 1

    async def test_new_account_is_opened_as_the_chart_says(self, world: World) -> None:
        tenant_id, (customer, clearing) = await world.tenant(), some_keys(world)
        ids = await resolve(world, tenant_id, customer, clearing)
        strict = (await world.view(tenant_id, ids[customer])).account
        deferred = (await world.view(tenant_id, ids[clearing])).account
        assert described(strict) == (customer, AccountType.LIABILITY, 0, AccountStatus.OPEN)
        assert described(deferred) == (clearing, AccountType.ASSET, None, AccountStatus.OPEN)

    async def test_concurrent_resolves_open_one_account(self, world: World) -> None:
        tenant_id, keys = await world.tenant(), some_keys(world)
        results = await asyncio.gather(
            *(resolve(world, tenant_id, *order) for order in (keys, keys[::-1]) * 3)
        )
        assert all(result == results[0] for result in results)

    async def test_account_of_a_rolled_back_transaction_is_forgotten(self, world: World) -> None:
        """By caches too: an id that was never committed must not come back."""
        tenant_id, (key, *_) = await world.tenant(), some_keys(world)
        async with world.ports.uow.begin(tenant_id) as tx:
            lost = (await tx.accounts.resolve((key,)))[key]
            assert (await tx.accounts.resolve((key,)))[key] == lost
        found = (await resolve(world, tenant_id, key))[key]
        assert (await world.view(tenant_id, found)).account.key == key

    async def test_unknown_account_is_not_found(self, world: World) -> None:
        with pytest.raises(NotFound):
            await world.view(await world.tenant(), AccountId(world.id()))

    async def test_balances_of_strict_and_deferred_accounts_add_up(self, world: World) -> None:
        party = await world.party(usdt_units=100)
        await world.deposit(party, USDT, 11)
        clearing = AccountKey(AccountCode.HOUSE_CLEARING, USDT.code)
        ids = await resolve(world, party.tenant_id, clearing)
        customer = await world.view(party.tenant_id, party.usdt)
        house = await world.view(party.tenant_id, ids[clearing])
        assert (customer.posted, customer.available, customer.balance.version) == (111, 111, 2)
        assert (house.posted, house.balance.debits, house.balance.credits) == (111, 111, 0)

    async def test_accounts_of_a_customer_are_all_of_theirs(self, world: World) -> None:
        party = await world.party()
        await world.party(party.tenant_id)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            views = await tx.accounts.of_customer(party.customer.id)
        assert {(view.account.id, view.account.asset, view.posted) for view in views} == {
            (party.usdt, USDT.code, ENOUGH_USDT),
            (party.btc, BTC.code, ENOUGH_BTC),
        }


def some_keys(world: World) -> tuple[AccountKey, AccountKey]:
    owner = customer_owner(world.new_customer().id)
    return (
        AccountKey(AccountCode.CUSTOMER, USDT.code, owner),
        AccountKey(AccountCode.HOUSE_CLEARING, USDT.code),
    )


def described(account: Account) -> tuple[AccountKey, AccountType, int | None, AccountStatus]:
    return (account.key, account.type, account.floor_units, account.status)


async def resolve(
    world: World, tenant_id: TenantId, *keys: AccountKey
) -> dict[AccountKey, AccountId]:
    async with world.ports.uow.begin(tenant_id) as tx:
        found = await tx.accounts.resolve(keys)
        await tx.commit()
    return dict(found)
