"""How near a large polite crawl comes to the shortest time that its own politeness allows.

    python -m benchmarks.politeness [--sites 153] [--delay 2] [--pages 55]

Every authority of the register gets a site of the replica on a port of its own, and `mentorwatch crawl --sample england`
crawls them all: searches, result pages, hits, text, WARC files, record. No host can be done before (its requests - 1) x delay;
the largest of these is the bound. Requests are counted by the servers, which run on the same machine. The exit code is 1
where a search was not complete, a host saw fewer than 60 requests, the time was above 1.10 of the bound or the memory
(the crawler and its children together) above 1 GiB.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

from sqlalchemy import func, select

from replica.exchange import Request, Response
from replica.plan import plans
from replica.server import Answer, listen
from replica.site import Site
from study import authorities
from study import record as r
from study.record import Record

MOST_TIME = 1.10  # of the bound
MOST_MEMORY = 1024.0  # MiB
LEAST_REQUESTS = 60
HOST = "127.0.0.1"


def main() -> None:
    """Crawl, measure and print; or serve, as the benchmark's own second process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sites", type=int, default=153, help="how many hosts to crawl")
    parser.add_argument("--delay", type=float, default=2.0, help="seconds between two requests to one host")
    parser.add_argument("--pages", type=int, default=55, help="about how many pages of each site are found")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.sites, options.pages))
        return
    with tempfile.TemporaryDirectory() as folder:
        good = measure(options.sites, options.delay, options.pages, Path(folder))
    sys.exit(0 if good else 1)


async def serve(sites: int, pages: int) -> None:
    """Serve the sites until a signal; print the first of their ports, and at the end how many requests each had (JSON)."""
    base_port = free_ports(sites)
    asked: Counter[int] = Counter()

    def counted(answer: Answer, port: int, request: Request) -> Response:
        asked[port] += 1
        return answer(request)

    sizes = {code: plan.mentor + plan.coach + plan.extranet for code, plan in plans().items()}
    kinds = [code for code, size in sizes.items() if size >= pages]
    doors: dict[int, tuple[Answer, str]] = {}
    for number in range(sites):
        port = base_port + number
        kind = kinds[number % len(kinds)]
        site = Site(kind, f"http://{HOST}:{port}/", pages / sizes[kind])
        doors[port] = (partial(counted, site.respond, port), site.plan.server)
    listening = await listen(doors, HOST)
    done = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, done.set)
    print(base_port, flush=True)
    await done.wait()
    listening.close()
    print(json.dumps(asked), flush=True)


def free_ports(count: int) -> int:
    """The first of `count` ports in a row that nobody listens at."""
    for start in range(10000, 32000, count):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(start, start + count):
                stack.enter_context(socket.socket()).bind((HOST, port))
            return start
    raise OSError(f"no {count} free ports in a row")


@dataclass
class Watch:
    """The memory and processor time of a process and its children, looked at twice a second."""

    pid: int
    most: float = 0.0  # MiB
    seconds: dict[int, float] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Look until told to end."""
        while not self.ended.wait(0.5):
            memory = 0.0
            for pid in _family(self.pid):
                memory += _resident(pid)
                self.seconds[pid] = max(self.seconds.get(pid, 0.0), _processor(pid))
            self.most = max(self.most, memory)


def measure(sites: int, delay: float, pages: int, work: Path) -> bool:
    """Crawl the sites and print what it took; whether that is good."""
    in_force = [a.code for a in authorities.register().values() if a.in_force(date.today())][:sites]
    homes = work / "homes.csv"
    record = f"sqlite:///{work / 'bench.db'}"
    own = [sys.executable, "-m", "benchmarks.politeness", "--serve", f"--sites={len(in_force)}"]
    crawl = [sys.executable, "-m", "mentorwatch", "crawl", f"--record={record}", f"--homes={homes}", f"--delay={delay}"]
    chosen = ["--sample=england"] if len(in_force) >= 153 else [f"--authority={code}" for code in in_force]
    server = subprocess.Popen([*own, f"--pages={pages}"], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        base_port = int(server.stdout.readline())
        hosts = [f"{HOST}:{base_port + number}" for number in range(len(in_force))]
        homes.write_text("code,website\n" + "".join(f"{c},http://{h}/\n" for c, h in zip(in_force, hosts, strict=True)))
        began = time.perf_counter()
        crawler = subprocess.Popen(
            [*crawl, *chosen, *(f"--allow={host}" for host in hosts)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        watch = Watch(crawler.pid)
        thread = threading.Thread(target=watch.run)
        thread.start()
        crawler.wait()
        took = time.perf_counter() - began
        watch.ended.set()
        thread.join()
    finally:
        server.terminate()
        served = server.stdout.read()
        server.wait()
    asked = sorted(json.loads(served).values())
    return report(Measured(len(hosts), delay, asked, took, watch.most, sum(watch.seconds.values())), record)


@dataclass(frozen=True)
class Measured:
    """What a crawl took: `asked` are the requests of each host, in order of size."""

    hosts: int
    delay: float
    asked: list[int]
    seconds: float
    memory: float
    processor: float


def report(measured: Measured, record: str) -> bool:
    """Print the figures; whether they are what is promised."""
    with Record.open(record) as opened, opened.begin() as db:
        statuses = Counter(db.execute(select(r.search.c.status)).scalars())
        fetched = db.execute(select(func.count()).where(r.capture.c.outcome == "ok")).scalar_one()
    asked, total = measured.asked, sum(measured.asked)
    bound = (asked[-1] - 1) * measured.delay
    print(f"{measured.hosts} sites, delay {measured.delay:g} s, {total:,} requests, {fetched:,} pages kept")
    print(f"requests a site {asked[0]} to {asked[-1]}, median {statistics.median(asked):g}")
    print(f"searches        {', '.join(f'{n} {status}' for status, n in statuses.most_common())}")
    print(f"shortest time   {bound:7.1f} s by politeness")
    print(f"wall time       {measured.seconds:7.1f} s" + (f", {measured.seconds / bound:.3f} of it" if bound else ""))
    print(
        f"processor       {measured.processor:7.1f} s, {1000 * measured.processor / total:.1f} ms a request, without the servers"
    )
    print(f"memory          {measured.memory:7.0f} MiB at most, children included")
    whole = set(statuses) == {"complete"} and len(asked) == measured.hosts and asked[0] >= LEAST_REQUESTS
    return whole and measured.seconds <= MOST_TIME * bound and measured.memory < MOST_MEMORY


def _family(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for one in found:
        try:
            found += [int(child) for child in Path(f"/proc/{one}/task/{one}/children").read_text().split()]
        except OSError:
            continue
    return found


def _resident(pid: int) -> float:
    """A process's resident memory in MiB; 0 once it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (OSError, IndexError):
        return 0.0


def _processor(pid: int) -> float:
    """A process's processor time in seconds; 0 once it is gone."""
    try:
        times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError):
        return 0.0


if __name__ == "__main__":
    main()
