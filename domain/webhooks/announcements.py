"""What is told of webhook endpoints themselves."""

from typing import ClassVar

from ..shared.events import Payload
from .endpoint import DISABLED, PING


class WebhookEndpointPing(Payload, frozen=True, kw_only=True):
    """Sent to a new endpoint, and to it alone, so that its receiver can be seen to work."""

    event_type: ClassVar[str] = PING
    id: str
    url: str


class WebhookEndpointDisabled(Payload, frozen=True, kw_only=True):
    """It is sent nothing more. What happens meanwhile waits for it, and is in the feed."""

    event_type: ClassVar[str] = DISABLED
    id: str
    url: str
    disabled_by: str
