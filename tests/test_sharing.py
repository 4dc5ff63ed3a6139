"""Who is throttled together: vendors' hosts, hosts of one address; not what a delivery network stands before."""

from __future__ import annotations

import asyncio

import pytest

from crawler.guard import allowed_pairs
from crawler.sharing import Sharing, delivers, vendor_of

ADDRESSES = {
    "democracy.kent.gov.uk": ["81.144.3.7"],
    "democracy.surrey.gov.uk": ["81.144.3.7"],
    "www.kent.gov.uk": ["104.18.22.91", "104.18.23.91"],
    "www.surrey.gov.uk": ["104.18.22.91"],
    "www.devon.gov.uk": ["185.24.97.5"],
}


def slots(*urls: str, allow: tuple[str, ...] = ()) -> list[str]:
    """The slots of addresses, in order; names resolve as ADDRESSES says."""
    asked: list[str] = []

    async def resolve(host: str) -> list[str]:
        asked.append(host)
        return ADDRESSES.get(host, [])

    async def go() -> list[str]:
        sharing = Sharing(allowed_pairs(allow), resolve)
        return list(await asyncio.gather(*(sharing.slot(url) for url in urls)))

    found = asyncio.run(go())
    assert len(asked) == len(set(asked)), "a host was looked up twice"
    return found


def test_two_hosts_of_one_address_are_throttled_together():
    one, two, other = slots(
        "https://democracy.kent.gov.uk/ieLogon.aspx", "https://democracy.surrey.gov.uk/", "https://www.devon.gov.uk/"
    )
    assert one == two != other


def test_hosts_behind_a_delivery_network_are_not_throttled_together():
    one, two = slots("https://www.kent.gov.uk/", "https://www.surrey.gov.uk/")
    assert (one, two) == ("www.kent.gov.uk", "www.surrey.gov.uk")


def test_hosts_of_a_vendor_are_throttled_together_whatever_they_resolve_to():
    one, two = slots("https://stroud.moderngov.co.uk/", "http://Barnet.ModernGov.co.uk:80/mgSearch.aspx")
    assert one == two == "vendor ModernGov"
    assert vendor_of("notmoderngov.co.uk") == ""


def test_a_host_that_does_not_resolve_is_its_own_slot_and_http_and_https_share_it():
    assert slots("http://gone.example/", "https://gone.example/x") == ["gone.example", "gone.example"]


def test_allowed_test_servers_are_told_apart_by_port():
    pair = ("http://127.0.0.1:8700/", "http://127.0.0.1:8701/")
    assert slots(*pair, allow=("127.0.0.1:8700", "127.0.0.1:8701")) == ["127.0.0.1:8700", "127.0.0.1:8701"]


@pytest.mark.parametrize(("address", "told"), [("104.16.1.1", True), ("2606:4700::6810:1", True), ("8.8.8.8", False)])
def test_networks_are_recognised_by_address(address, told):
    assert delivers(address) is told
