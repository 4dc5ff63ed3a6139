"""Pages a second of the whole pipeline against a bare Scrapy spider that only downloads the same pages.

    python -m benchmarks.pipeline [--scale 0.2] [--base-port 9300]

Both run against the same replica, with the same number of requests in flight and no delay. The pipeline's time is that of
crawl, classify and report together; its pages are the hits it fetched (its searches come on top, as they must).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import select

from study import record as r
from study.record import Record

_BARE = """
import json, sys, scrapy
from scrapy.crawler import CrawlerProcess

class Bare(scrapy.Spider):
    name = "bare"
    custom_settings = {"CONCURRENT_REQUESTS": 64, "CONCURRENT_REQUESTS_PER_DOMAIN": 64, "LOG_LEVEL": "ERROR",
                       "ROBOTSTXT_OBEY": False, "RETRY_ENABLED": False, "DOWNLOAD_DELAY": 0, "HTTPERROR_ALLOW_ALL": True,
                       "TELNETCONSOLE_ENABLED": False, "REMOTE_CONTROL_ENABLED": False}
    got = 0
    async def start(self):
        for url in json.load(open(sys.argv[1])):
            yield scrapy.Request(url, dont_filter=True)
    def parse(self, response):
        Bare.got += 1

process = CrawlerProcess()
process.crawl(Bare)
process.start()
print(Bare.got)
"""


def main() -> None:
    """Run both and print their pages a second and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=0.2)
    parser.add_argument("--base-port", type=int, default=9300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        server = subprocess.Popen(
            [sys.executable, "-m", "replica", "--base-port", str(options.base_port), "--scale", str(options.scale)],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout is not None
            homes = json.loads(server.stdout.readline())["homes"]
            measure(homes, work)
        finally:
            server.terminate()


def measure(homes: dict[str, str], work: Path) -> None:
    """Time both on the replica at ``homes`` and print what came out."""
    record = f"sqlite:///{work / 'bench.db'}"
    homes_file = work / "homes.csv"
    homes_file.write_text("code,website\n" + "".join(f"{code},{home}\n" for code, home in homes.items()))
    allow = [f"--allow={home.split('/')[2]}" for home in homes.values()]
    stages = {
        "crawl": [*allow, "--delay=0", f"--homes={homes_file}", "--sample=nfer-2008", "--as-of=2008-07-29"],
        "classify": [],
        "report": [f"--output={work / 'report'}"],
    }
    seconds = {}
    for verb, arguments in stages.items():
        began = time.perf_counter()
        command = [sys.executable, "-m", "mentorwatch", verb, f"--record={record}", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds[verb] = time.perf_counter() - began
    with Record.open(record) as opened, opened.begin() as db:
        urls = list(
            db.execute(
                select(r.page.c.url).join(r.capture, r.capture.c.page_id == r.page.c.id).order_by(r.page.c.id)
            ).scalars()
        )
        result_pages = sum(db.execute(select(r.search.c.pages_read)).scalars())
    (work / "urls.json").write_text(json.dumps(urls))
    (work / "bare.py").write_text(_BARE)
    began = time.perf_counter()
    bare = subprocess.run(
        [sys.executable, str(work / "bare.py"), str(work / "urls.json")], check=True, capture_output=True, text=True
    )
    bare_seconds = time.perf_counter() - began
    assert int(bare.stdout.split()[-1]) == len(urls), "the bare spider did not get every page"
    whole = sum(seconds.values())
    print(f"{len(urls)} pages (the pipeline also read {result_pages} result pages)")
    print("whole pipeline  " + "  ".join(f"{verb} {value:.1f} s" for verb, value in seconds.items()))
    print(f"  {len(urls) / whole:8.1f} pages/s")
    print(f"bare downloads  {bare_seconds:.1f} s\n  {len(urls) / bare_seconds:8.1f} pages/s")
    print(f"ratio           {bare_seconds / whole:8.2f}  (crawl alone {bare_seconds / seconds['crawl']:.2f})")


if __name__ == "__main__":
    main()
