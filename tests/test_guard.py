"""The address guard: what a scraped link may make us ask for."""

import pytest
from scrapy.downloadermiddlewares import cookies

import crawler.middlewares  # noqa: F401 (it tells the cookies)
from crawler.guard import AllowError, allowed_pairs, is_public, refusal

NOBODY = allowed_pairs([])


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "file://www.kent.gov.uk/etc/passwd",
        "ftp://www.kent.gov.uk/",
        "data:text/html,hello",
        "javascript:alert(1)",
        "http://127.0.0.1/",
        "http://127.0.0.1:8700/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://10.1.2.3/",
        "http://www.kent.gov.uk:8080/",
        "http://www.kent.gov.uk:22/",
        "http://user@www.kent.gov.uk/",
        "http://user:secret@www.kent.gov.uk/",
        "http://127.0.0.1\\@www.kent.gov.uk/",
        "http://www.kent.gov.uk/a b",
        "http://www.kent.gov.uk/\x00",
        "http:///no-host",
        "http://[broken/",
    ],
)
def test_an_address_that_is_no_public_web_page_is_refused(url):
    assert refusal(url, NOBODY)


@pytest.mark.parametrize(
    "url",
    [
        "http://www.kent.gov.uk/",
        "https://www.kent.gov.uk:443/search?q=a%20b",
        "https://8.8.8.8/",
        "http://x.gov.uk:80/",
    ],
)
def test_a_public_web_page_is_let_through(url):
    assert refusal(url, NOBODY) is None


def test_an_allowance_holds_for_its_host_and_port_only():
    allowed = allowed_pairs(["127.0.0.1:8700"])
    assert refusal("http://127.0.0.1:8700/x", allowed) is None
    assert refusal("http://127.0.0.1:8701/x", allowed)
    assert refusal("http://127.0.0.2:8700/x", allowed)
    assert refusal("file://127.0.0.1:8700/etc/passwd", allowed)


@pytest.mark.parametrize(
    "value", ["localhost", "127.0.0.1:", ":80", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1:http"]
)
def test_an_allowance_that_is_no_host_and_port_is_named(value):
    with pytest.raises(AllowError, match="expected HOST:PORT"):
        allowed_pairs([value])


def test_addresses_inside_addresses_are_unwrapped():
    assert not is_public("::ffff:127.0.0.1")
    assert not is_public("2001:0000:4136:e378:8000:63bf:f5ff:fffe")  # Teredo of 10.0.0.1
    assert is_public("2a00:1450:4009:815::200e")
    assert is_public("::ffff:8.8.8.8")


def test_which_domains_are_public_is_asked_of_nobody():
    assert cookies._split_domain.suffix_list_urls == ()
    assert cookies._split_domain("www.kent.gov.uk").suffix == "gov.uk"
