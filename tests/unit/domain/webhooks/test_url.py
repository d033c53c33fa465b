import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.webhooks.url import WebhookUrlRefused, parse_url
from tests.unit.domain.webhooks.hostile import HOSTILE_URLS


def test_hostile_urls_are_many() -> None:
    assert len({url for _, url in HOSTILE_URLS}) == len(HOSTILE_URLS) >= 60


@pytest.mark.parametrize(("reason", "url"), HOSTILE_URLS)
def test_hostile_url_is_refused_and_says_why(reason: str, url: str) -> None:
    with pytest.raises(WebhookUrlRefused) as refused:
        parse_url(url, loopback=False)
    assert refused.value.context["reason"] == reason


@pytest.mark.parametrize(
    ("text", "host", "port", "kept"),
    [
        ("https://hooks.partner.com", "hooks.partner.com", 443, "https://hooks.partner.com/"),
        ("https://hooks.partner.com/", "hooks.partner.com", 443, "https://hooks.partner.com/"),
        (
            "https://hooks.partner.com:443/a",
            "hooks.partner.com",
            443,
            "https://hooks.partner.com/a",
        ),
        ("https://h.partner.com:8443/a", "h.partner.com", 8443, "https://h.partner.com:8443/a"),
        ("https://Hooks.Partner.COM/In", "hooks.partner.com", 443, "https://hooks.partner.com/In"),
        ("https://p.io?k=v&x=%20", "p.io", 443, "https://p.io/?k=v&x=%20"),
        ("https://p.io/a//b/../c;d=1", "p.io", 443, "https://p.io/a//b/../c;d=1"),
        ("https://xn--bcher-kva.example.ng/", "xn--bcher-kva.example.ng", 443, None),
        ("https://a.xn--p1ai/", "a.xn--p1ai", 443, None),
        ("https://127.0.0.1.nip.io/", "127.0.0.1.nip.io", 443, None),
    ],
)
def test_public_name_over_https_is_taken(text: str, host: str, port: int, kept: str | None) -> None:
    url = parse_url(text, loopback=False)
    assert (url.scheme, url.host, url.port, url.text) == ("https", host, port, kept or text)


@pytest.mark.parametrize(
    ("text", "port"),
    [("http://127.0.0.1:9000/in", 9000), ("http://localhost/in", 80), ("https://localhost/", 443)],
)
def test_development_machine_may_name_itself_in_the_sandbox_only(text: str, port: int) -> None:
    assert parse_url(text, loopback=True).port == port
    with pytest.raises(WebhookUrlRefused):
        parse_url(text, loopback=False)


@pytest.mark.parametrize(
    "text",
    [
        *("http://127.0.0.2/", "http://127.1:80/", "http://2130706433/", "http://[::1]/"),
        *("http://hooks.partner.com/", "http://10.0.0.1/", "http://localhost.partner/"),
        *("http://169.254.169.254/", "http://localhost@10.0.0.1/", "http://a.localhost/"),
    ],
)
def test_sandbox_allows_nothing_but_loopback_over_http(text: str) -> None:
    with pytest.raises(WebhookUrlRefused):
        parse_url(text, loopback=True)


@given(st.text(max_size=40), st.booleans())
def test_any_text_is_taken_or_refused_and_nothing_else(text: str, loopback: bool) -> None:
    for prefix in ("", "https://", "https://p.io/"):
        try:
            url = parse_url(prefix + text, loopback=loopback)
        except WebhookUrlRefused:
            continue
        assert parse_url(url.text, loopback=loopback) == url
