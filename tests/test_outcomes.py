"""What an answer is when it is not the page asked for."""

import pytest

from crawler.middlewares import seconds_to_wait
from crawler.outcomes import blocked, soft_404

PAGE = b"<html><head><title>School staff</title></head><body>" + b"<p>Mentoring for newly qualified teachers.</p>" * 120


@pytest.mark.parametrize(
    ("vendor", "status", "headers", "body"),
    [
        ("Cloudflare", 403, {"cf-mitigated": "challenge"}, b"<title>Just a moment...</title>"),
        ("Cloudflare", 503, {"server": "cloudflare"}, b"Checking your browser before accessing"),
        ("Imperva Incapsula", 200, {"x-iinfo": "1-2-3"}, b"<iframe src='/_Incapsula_Resource?x'>"),
        ("Akamai", 403, {"server": "AkamaiGHost"}, b"Access Denied. Reference #18.2"),
        (
            "F5 BIG-IP",
            200,
            {},
            b"The requested URL was rejected. Please consult with your administrator. Your support ID is: 42",
        ),
        ("Imperva Incapsula", 200, {"x-iinfo": "1-2-3"}, b"<script src='/_Incapsula_Resource?SWJIYLWA=1'></script>"),
        ("Cloudflare", 503, {"cf-mitigated": "challenge"}, b""),
        ("AWS WAF challenge", 202, {"x-amzn-waf-action": "challenge"}, b""),
        ("DataDome", 403, {"x-datadome": "protected"}, b""),
        ("", 403, {}, b"Forbidden"),
        ("", 401, {}, b"Log in"),
    ],
)
def test_a_firewalls_answer_is_recognised(vendor, status, headers, body):
    found = blocked(status, headers, body)
    assert found is not None
    assert found.vendor == vendor
    assert str(status) in found.evidence


IMPERVA = {"x-cdn": "Imperva", "x-iinfo": "1-2-3", "set-cookie": "visid_incap_1=a; path=/, incap_ses_4_1=b; path=/"}
PASSIVE = [
    IMPERVA,
    {"server": "AkamaiGHost", "set-cookie": "ak_bmsc=A; path=/, bm_sz=B; path=/"},
    {"x-datadome": "protected", "set-cookie": "datadome=x; path=/"},
]


@pytest.mark.parametrize("headers", PASSIVE)
@pytest.mark.parametrize("status", [200, 202, 503])
@pytest.mark.parametrize(
    "body", [b"User-agent: *\nDisallow: /admin/", b"<title>Mentoring</title><p>On Tuesdays.</p>", b"%PDF-1.4", b""]
)
def test_what_every_answer_through_a_service_carries_is_no_block(status, headers, body):
    assert blocked(status, headers, body) is None


@pytest.mark.parametrize(
    ("headers", "script"),
    [
        (IMPERVA, b"/_Incapsula_Resource?x"),
        ({"server": "cloudflare"}, b"/cdn-cgi/challenge-platform/scripts/jsd/main.js"),
    ],
)
def test_a_script_that_a_service_puts_into_every_page_is_no_block_where_the_page_says_something(headers, script):
    text = b"Mentoring of newly qualified teachers is on Tuesdays, and coaching of their headteachers on Wednesdays. All are welcome."
    assert blocked(200, headers, b"<p>" + text + b"</p><script src='" + script + b"'></script>") is None


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, {"server": "cloudflare"}, PAGE),
        (200, {"x-iinfo": "1-2-3"}, PAGE),  # a site behind a firewall is not a site that refuses
        (200, {}, b"<p>Your support ID is on the back of the card.</p>"),
        (404, {"server": "cloudflare"}, b"Not here"),
        (503, {"server": "cloudflare"}, b"Back soon"),
        (500, {}, b"oops"),
    ],
)
def test_an_ordinary_answer_is_no_block(status, headers, body):
    assert blocked(status, headers, body) is None


@pytest.mark.parametrize(
    "title", ["Page not found", "404", "Error 404 | Kent County Council", "Page Not Found - Kent", "Oops!"]
)
def test_a_page_that_says_there_is_none_is_a_soft_404(title):
    assert soft_404(200, title)


@pytest.mark.parametrize("title", ["Room 404: mentoring", "Lost and not found: a play about coaching", "Mentoring", ""])
def test_a_page_about_something_is_none(title):
    assert not soft_404(200, title)


def test_retry_after_is_read_as_seconds_or_as_a_date():
    assert seconds_to_wait(b"120") == 120
    assert seconds_to_wait(b"Thu, 01 Jan 1970 00:01:40 GMT", now=40) == 60
    assert seconds_to_wait(b"Thu, 01 Jan 1970 00:00:10 GMT", now=40) == 0
    assert seconds_to_wait(b"soon") is None
    assert seconds_to_wait(None) is None
