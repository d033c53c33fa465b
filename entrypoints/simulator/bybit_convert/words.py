"""What the vendor calls the states of a conversion, and a word that it has documented nowhere."""

from entrypoints.simulator.orders import Shown

QUOTE_ROW = "bybit_convert.quote"
ORDER_ROW = "bybit_convert.order"

PROCESSING = "processing"
WORDS = {
    Shown.PENDING: PROCESSING,
    Shown.LAST_PENDING: PROCESSING,
    Shown.FILLED: "success",
    Shown.FAILED: "failure",
    Shown.UNDOCUMENTED: "clearing",
}
