"""The chapters in their order."""

from typing import Final

from entrypoints.cli.demo.chapters import books, failover, lost_reply, repeat, trade
from entrypoints.cli.demo.chapters.trade import Plan
from entrypoints.cli.demo.stage import Stage

BUYS: Final = Plan(
    customer="Selam",
    deposit=("50000", "USDT"),
    instrument="BTC-USDT",
    side="buy",
    amount=("base_amount", "0.25", "BTC"),
    wish="Selam buys 0.25 BTC",
)
SELLS: Final = Plan(
    customer="Juma",
    deposit=("2", "ETH"),
    instrument="ETH-USDT",
    side="sell",
    amount=("quote_amount", "1500", "USDT"),
    wish="Juma sells ether for 1500 USDT",
)


async def tell(stage: Stage) -> None:
    await stage.learn_scales()
    first, second = stage.partners[:2]
    told = await trade.tell(stage, first, BUYS)
    await trade.tell(stage, second, SELLS)
    await lost_reply.tell(stage, told.customer)
    await failover.tell(stage, told.customer)
    await repeat.tell(stage, told)
    await books.tell(stage)
