"""Sitemap files as they are found, and as somebody might make them to do harm."""

import gzip
import resource
import subprocess
import sys
import zlib

import pytest

from crawler import sitemaps
from crawler.sitemaps import read_sitemap
from tests.running import ROOT

AT = "http://council.example/sitemap.xml"
NEW = "http://www.sitemaps.org/schemas/sitemap/0.9"
OLD = "http://www.google.com/schemas/sitemap/0.84"


def urlset(*entries, namespace=NEW):
    inside = "".join(f"<url><loc>{loc}</loc>{more}</url>" for loc, more in entries)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{namespace}">{inside}</urlset>'.encode()


PAGE = ("http://council.example/a", "<lastmod>2008-07-29</lastmod>")


@pytest.mark.parametrize("namespace", [NEW, OLD, "http://www.sitemaps.org/schemas/sitemap/0.9/", ""])
def test_pages_are_read_in_every_namespace_with_their_dates(namespace):
    found = read_sitemap(urlset(PAGE, namespace=namespace), AT)
    assert (found.kind, found.pages, found.unread) == ("pages", [("http://council.example/a", "2008-07-29")], "")


def test_an_index_lists_files():
    index = (
        f'<sitemapindex xmlns="{NEW}"><sitemap><loc> /part1.xml </loc><lastmod>2020</lastmod></sitemap></sitemapindex>'
    )
    found = read_sitemap(index.encode(), AT)
    assert (found.kind, found.files, found.pages) == ("index", [("http://council.example/part1.xml", "2020")], [])


@pytest.mark.parametrize("times", [0, 1, 2])
def test_gzip_is_known_by_its_bytes_however_often_it_was_applied(times):
    body = urlset(PAGE)
    for _ in range(times):
        body = gzip.compress(body)
    assert len(read_sitemap(body, AT).pages) == 1


def test_a_gzip_of_several_members_is_one_file():
    whole = urlset(PAGE, ("http://council.example/b", ""))
    assert len(read_sitemap(gzip.compress(whole[:80]) + gzip.compress(whole[80:]), AT).pages) == 2


def test_plain_text_is_one_address_a_line():
    found = read_sitemap(
        b"\xef\xbb\xbfhttp://council.example/a\r\nhttp://council.example/b c\n\nhttp://council.example/d", AT
    )
    assert found.kind == "text"
    assert [url.rpartition("/")[2] for url, _ in found.pages] == ["a", "b%20c", "d"]


def test_robots_names_sitemaps_whatever_the_case():
    robots = b"User-agent: *\nDisallow: /x\nSITEMAP : http://council.example/s.xml # ours\nsitemap:/t.xml.gz\n"
    found = read_sitemap(robots, "http://council.example/robots.txt")
    assert [url for url, _ in found.files] == ["http://council.example/s.xml", "http://council.example/t.xml.gz"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!DOCTYPE html><html><head><title>Site map</title></head><body><a href='/a'>A</a></body></html>",
        b"Page not found",
        b"%PDF-1.4",
        b"<rss><channel><item><link>http://council.example/a</link></item></channel></rss>",
    ],
)
def test_other_files_are_no_sitemaps(body):
    found = read_sitemap(body, AT)
    assert (found.kind, found.pages, found.files) == ("nothing", [], [])


def test_addresses_of_pictures_and_translations_are_not_pages():
    more = (
        "<image:image xmlns:image='http://www.google.com/schemas/sitemap-image/1.1'>"
        "<image:loc>http://council.example/a.jpg</image:loc></image:image>"
        "<xhtml:link xmlns:xhtml='http://www.w3.org/1999/xhtml' rel='alternate' href='http://council.example/cy'/>"
    )
    assert read_sitemap(urlset((PAGE[0], more)), AT).pages == [(PAGE[0], "")]


def test_raw_ampersands_and_white_space_before_the_declaration_are_forgiven():
    body = b"\n\n" + urlset(("http://council.example/p?a=1&b=2", ""), PAGE)
    assert [url for url, _ in read_sitemap(body, AT).pages][-1] == PAGE[0]
    assert read_sitemap(urlset(("http://council.example/p?a=1&amp;b=2", "")), AT).pages[0][0].endswith("?a=1&b=2")


def test_what_is_torn_says_so_and_keeps_what_came_before():
    many = urlset(*[(f"http://council.example/{n}-{zlib.crc32(str(n).encode())}", "") for n in range(5000)])
    torn = read_sitemap(gzip.compress(many)[:-20_000], AT)
    assert "torn gzip" in torn.unread
    assert 0 < len(torn.pages) < 5000
    cut = read_sitemap(many[: len(many) // 2], AT)
    assert "ends too early" in cut.unread
    assert 2000 < len(cut.pages) < 3000


@pytest.mark.parametrize("part", ["loc", "attribute"])
def test_no_entity_is_replaced(part):
    entities = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 12))
    head = f"<!DOCTYPE urlset [<!ENTITY e0 'http://council.example/bomb'><!ENTITY f SYSTEM 'file:///etc/passwd'>{entities}]>"
    bomb = "<url><loc>&e11;</loc></url><url><loc>&f;</loc></url><url><loc>http://council.example/&e0;</loc></url>"
    if part == "attribute":
        bomb = "<url x='&e11;'><loc>http://council.example/x</loc></url>"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = read_sitemap(f"{head}<urlset>{bomb}</urlset>".encode(), AT)
    assert all("bomb" not in url and "passwd" not in url and "root:" not in url for url, _ in found.pages)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes


def test_a_huge_file_is_read_up_to_its_bounds():
    found = read_sitemap(urlset(*[(f"http://council.example/{n}", "") for n in range(300)]), AT, most_urls=200)
    assert (len(found.pages), found.left_out, found.unread) == (200, 100, "")
    bomb = gzip.compress(urlset(PAGE)[:-9] + b"<!-- " + b" " * 80_000_000 + b" --></urlset>")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = read_sitemap(bomb, AT)
    assert "larger than" in found.unread
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 80_000  # kilobytes: never all of it at once


def peak(body, url):
    """What reading a file adds to the memory of a new process, in kilobytes."""
    code = f"""
import pathlib, sys
from crawler.sitemaps import read_sitemap
def peak(): return int(pathlib.Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
body = sys.stdin.buffer.read()
before = peak()
read_sitemap(body, {url!r})
print(peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], input=body, capture_output=True, cwd=ROOT, check=True)
    return int(done.stdout)


@pytest.mark.parametrize("inside", ["<a/>", "x<a>y</a>", "<a><loc>y</loc></a>"])
@pytest.mark.parametrize("start", ["<urlset>", "<urlset><url>"])
def test_what_no_sitemap_has_takes_no_memory(start, inside):
    assert peak(f"{start}{inside * 300_000}</urlset>".encode(), AT) < 15_000


def test_a_file_of_elements_without_end_is_left(monkeypatch):
    monkeypatch.setattr(sitemaps, "MOST_ELEMENTS", 100)
    found = read_sitemap(urlset(PAGE)[:-9] + b"<a/>" * 50_000 + b"</urlset>", AT)
    assert (found.pages, found.unread) == ([(PAGE[0], "2008-07-29")], "more than 100 elements")


def test_robots_with_lines_without_end_takes_no_memory():
    body = gzip.compress(b"\n" * 10_000_000 + b"Sitemap: /s.xml")
    assert read_sitemap(body, "http://council.example/robots.txt").files == [("http://council.example/s.xml", "")]
    assert peak(body, "http://council.example/robots.txt") < 60_000


def test_an_address_without_end_is_left_out():
    assert read_sitemap(urlset(("http://council.example/" + "x" * 3000, ""), PAGE), AT).pages == [
        (PAGE[0], "2008-07-29")
    ]
