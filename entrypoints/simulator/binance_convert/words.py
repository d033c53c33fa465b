"""What the vendor calls the states of an order, and a word that it has documented nowhere."""

from entrypoints.simulator.orders import Shown

QUOTE_ROW = "binance_convert.quote"
ORDER_ROW = "binance_convert.order"

WORDS = {
    Shown.PENDING: "PROCESS",
    Shown.LAST_PENDING: "ACCEPT_SUCCESS",
    Shown.FILLED: "SUCCESS",
    Shown.FAILED: "FAIL",
    Shown.UNDOCUMENTED: "SETTLING",
}
