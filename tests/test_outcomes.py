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
        ("", 403, {}, b"Forbidden"),
        ("", 401, {}, b"Log in"),
    ],
)
def test_a_firewalls_answer_is_recognised(vendor, status, headers, body):
    found = blocked(status, headers, body)
    assert found is not None
    assert found.vendor == vendor
    assert str(status) in found.evidence


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
