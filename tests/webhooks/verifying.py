"""What a receiver does with what it got."""

from base64 import b64decode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from tests.webhooks.stage import Sent


def verifies_ed25519(sent: Sent, public_key: str) -> bool:
    key = Ed25519PublicKey.from_public_bytes(b64decode(public_key.removeprefix("whpk_")))
    content = f"{sent.id}.{sent.headers['webhook-timestamp']}.".encode() + sent.body
    for each in sent.headers["webhook-signature"].split():
        kind, _, text = each.partition(",")
        if kind == "v1a":
            try:
                key.verify(b64decode(text), content)
            except InvalidSignature:
                continue
            return True
    return False


def verifies_hmac(sent: Sent, secret: str | None) -> bool:
    assert secret is not None
    try:
        Webhook(secret).verify(sent.body, dict(sent.headers))
    except WebhookVerificationError:
        return False
    return True
