"""What is tried with the ids of another tenant, of parts that have a file of their own."""

from typing import Final

from tests.integration import swapping_incidents, swapping_settlements, swapping_webhooks

ANSWERS: Final = (
    swapping_webhooks.ANSWERS | swapping_incidents.ANSWERS | swapping_settlements.ANSWERS
)
REFUSALS: Final = (
    swapping_webhooks.REFUSALS | swapping_incidents.REFUSALS | swapping_settlements.REFUSALS
)
OWN: Final = swapping_webhooks.OWN | swapping_incidents.OWN | swapping_settlements.OWN
