from base64 import b64decode
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from domain.shared.errors import InvariantViolation
from domain.webhooks.signing import (
    hmac_signature,
    public_key_text,
    secret_text,
    signature_header,
    signed_content,
    timestamp_of,
)

SECRET = bytes(range(32))
OTHER = bytes(32)
BODY = '{"amount": "1.50", "é": null}'.encode()


def headers(secret: bytes, *more: str, body: bytes = BODY) -> dict[str, str]:
    timestamp = timestamp_of(datetime.now(UTC))  # the library compares with the machine's clock
    signature = hmac_signature(secret, signed_content("evt_1", timestamp, body))
    return {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature_header([*more, signature]),
    }


def test_official_library_verifies_what_is_signed() -> None:
    assert Webhook(secret_text(SECRET)).verify(BODY, headers(SECRET))


def test_official_library_verifies_the_new_and_the_old_secret_while_both_sign() -> None:
    both = headers(SECRET)
    content = signed_content("evt_1", int(both["webhook-timestamp"]), BODY)
    both["webhook-signature"] = signature_header(
        ["v1a,AAAA", hmac_signature(OTHER, content), both["webhook-signature"]]
    )
    for secret in (SECRET, OTHER):
        assert Webhook(secret_text(secret)).verify(BODY, both)


@pytest.mark.parametrize(
    ("secret", "body"), [(OTHER, BODY), (SECRET, BODY + b" "), (SECRET, b"{}")]
)
def test_other_secret_or_other_body_does_not_verify(secret: bytes, body: bytes) -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(secret)).verify(body, headers(SECRET))


def test_signature_of_the_specification_is_ours() -> None:
    """The vector that Standard Webhooks libraries share."""
    secret = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    content = signed_content("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert hmac_signature(secret, content) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_texts_have_the_prefixes_of_the_specification() -> None:
    assert secret_text(SECRET).startswith("whsec_")
    assert public_key_text(SECRET).startswith("whpk_")
    assert b64decode(secret_text(SECRET).removeprefix("whsec_")) == SECRET


def test_secret_of_another_length_or_id_with_a_dot_is_a_bug() -> None:
    with pytest.raises(InvariantViolation):
        secret_text(b"short")
    with pytest.raises(InvariantViolation):
        signed_content("evt.1", 1, b"")
