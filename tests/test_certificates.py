"""A certificate that does not hold: refused with what to do, let through for one host by its site file, and said."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from crawler.platforms import PlatformFileError, site_exceptions
from tests.running import mentorwatch

FORM = '<form action="/search" role="search"><input type="search" name="q"><button>Search</button></form>'


class _Council(BaseHTTPRequestHandler):
    """A home page with a search that finds three pages for any word but nonsense."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query).get("q", [""])[0]
        main = "<p>Our libraries and schools.</p>"
        if parts.path == "/search":
            rows = "".join(
                f'<li><h3><a href="/{query}-{n}">{query.title()} {n}</a></h3><p>About {query}.</p></li>'
                for n in range(3)
            )
            main = (
                f"<p>3 results for {query}</p><ol>{rows}</ol>"
                if query in {"libraries", "schools"}
                else "<p>No results</p>"
            )
        body = f"<html><head><title>Council</title></head><body>{FORM}{main}</body></html>".encode()
        self.send_response(404 if parts.path == "/robots.txt" else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site by https whose certificate nobody has signed."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=council.example"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Council)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def probe(host: str, sites: Path) -> dict[str, object]:
    arguments = ["probe", f"https://{host}/", "--allow", host, "--delay", "0", "--json", "--query", "schools"]
    done = mentorwatch(*arguments, MENTORWATCH_SITES=str(sites))
    seen = json.loads(done.stdout)
    assert isinstance(seen, dict)
    return seen


def site_file(folder: Path, *hosts: str, note: str = "chain incomplete, seen on 27 November 2026") -> None:
    (folder / "council.toml").write_text(f'name = "Council"\nhosts = {list(hosts)}\nverify = false\nnote = "{note}"\n')


def test_an_unsigned_certificate_fails_and_says_what_would_help(host, tmp_path):
    seen = probe(host, tmp_path)
    assert (seen["found"], seen["status"]) == (False, "failed")
    assert "certificate" in str(seen["reason"])
    assert "verify = false" in str(seen["reason"])


def test_a_site_file_lets_it_through_for_its_host_and_the_outcome_says_so(host, tmp_path):
    site_file(tmp_path, host)
    seen = probe(host, tmp_path)
    assert (seen["found"], seen["reported_total"]) == (True, 3)
    assert f"the certificate of {host} is not verified" in str(seen["reason"])


def test_a_site_file_of_another_host_lets_nothing_through(host, tmp_path):
    site_file(tmp_path, "www.other.example")
    assert probe(host, tmp_path)["found"] is False


def test_leaving_a_certificate_unverified_needs_a_reason(tmp_path):
    site_file(tmp_path, "www.council.example", note="")
    with pytest.raises(PlatformFileError, match="says why"):
        site_exceptions(tmp_path)
