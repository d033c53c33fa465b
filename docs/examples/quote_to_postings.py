"""What a price means in the smallest units, with nothing but the aksum-domain wheel installed.

python -m build --wheel domain && pip install domain/dist/*.whl
python docs/examples/quote_to_postings.py
"""

from aksum_domain.shared.money import Rounding, format_units, parse_units
from aksum_domain.shared.price import notional, parse_price

BTC_SCALE = 8
USDT_SCALE = 8


def main() -> None:
    base_units = parse_units("0.015", scale=BTC_SCALE)
    cost_units = notional(
        base_units,
        parse_price("64250.5"),
        base_scale=BTC_SCALE,
        quote_scale=USDT_SCALE,
        rounding=Rounding.UP,
    )
    base = format_units(base_units, scale=BTC_SCALE)
    cost = format_units(cost_units, scale=USDT_SCALE)
    print(f"{base} BTC cost {cost} USDT")


if __name__ == "__main__":
    main()
