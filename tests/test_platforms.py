"""Platform and site files: they hold, they say what is wrong with them, and they are documented."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.platforms import PLATFORM_DIR, PlatformFileError, for_host, named, platforms, recognised, site_exceptions
from crawler.web import Ask, Page

DOCS = Path(__file__).parent.parent / "docs" / "platforms.md"


def page(body: str, headers: dict[str, str] | None = None, url: str = "http://www.council.example/") -> Page:
    return Page(Ask(url), url, 200, "text/html", f"<html><head>{body}</head></html>".encode(), headers or {})


def test_every_platform_file_holds_and_has_a_name_of_its_own():
    known = platforms()
    assert len(known) == len(list(PLATFORM_DIR.glob("*.toml"))) >= 25
    assert len({platform.name for platform in known}) == len(known)
    assert all(
        platform.query.param or platform.script_only or platform.results.item or platform.paging.param
        for platform in known
    )


def test_the_shipped_site_files_hold():
    assert all(site.hosts for site in site_exceptions())


def test_every_platform_is_in_the_documentation():
    text = DOCS.read_text(encoding="utf-8")
    assert [platform.name for platform in platforms() if platform.name not in text] == []


@pytest.mark.parametrize(
    ("head", "headers", "name"),
    [
        (
            "<meta name=generator content='Drupal 10 (LocalGov Drupal | https://localgovdrupal.org)'>",
            {},
            "LocalGov Drupal",
        ),
        ("<meta name=generator content='WordPress 6.1'>", {}, "WordPress"),
        ("<link href=/wp-content/themes/x.css>", {}, "WordPress"),
        ("<meta name=Generator content='Plone - http://plone.org'>", {}, "Plone"),
        ("", {"X-Drupal-Cache": "HIT"}, "Drupal"),
        ("", {"Liferay-Portal": "6.1"}, "Liferay"),
        ("<script src=https://customer.cludo.com/x.js></script>", {}, "Cludo"),
        ("<form action=/cgi-bin/htsearch></form>", {}, "ht://Dig"),
    ],
)
def test_a_platform_is_known_by_its_fingerprint(head, headers, name):
    assert name in [platform.name for platform in recognised(page(head, headers), platforms())]


def test_a_plain_page_gives_no_platform_away():
    assert (
        recognised(page("<title>Council</title><meta name=description content='Schools and housing'>"), platforms())
        == []
    )


BROKEN = {
    "not TOML": ("name = ", "not valid TOML"),
    "no name": ("[query]\nparam = ['q']", "name: Field required"),
    "unknown key": ("name = 'x'\n[paging]\nparm = 'page'", "paging.parm: Extra inputs"),
    "wrong type": ("name = 'x'\n[paging]\nfirst = 'one'", "paging.first: Input should be"),
    "bad selector": ("name = 'x'\n[results]\nitem = 'li >'", "results.item: Value error, 'li >' is not a CSS selector"),
    "bad pattern": (
        "name = 'x'\n[fingerprint]\ngenerator = ['(']",
        "fingerprint.generator: Value error, '(' is not a regular expression",
    ),
    "bad method": ("name = 'x'\n[query]\nmethod = 'PUT'", "query.method: Input should be"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named_with_the_key_to_correct(tmp_path, name):
    text, said = BROKEN[name]
    (tmp_path / "broken.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PlatformFileError) as error:
        platforms(tmp_path)
    assert f"{tmp_path / 'broken.toml'}: {said}" in str(error.value)


def test_a_site_file_without_hosts_is_refused(tmp_path):
    (tmp_path / "kent.toml").write_text("name = 'Kent'", encoding="utf-8")
    with pytest.raises(PlatformFileError, match="hosts"):
        site_exceptions(tmp_path)


def test_a_site_file_is_found_by_host_and_says_how_to_ask(tmp_path):
    text = "name = 'Kent'\nhosts = ['www.kent.example']\n[query]\nurl = ['/find?x={searchTerms}']\nparam = ['x']"
    (tmp_path / "kent.toml").write_text(text, encoding="utf-8")
    sites = site_exceptions(tmp_path)
    site = for_host("http://kent.example/home", sites)
    assert site is not None
    assert for_host("http://other.example/", sites) is None
    (spec,) = site.specs(page("", url="http://www.kent.example/home"))
    assert spec.how == "site"
    assert spec.ask("a b").url == "http://www.kent.example/find?x=a+b"
    assert named("Kent", sites) == site
