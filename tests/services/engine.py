"""What every search engine fixture gives to a test."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Engine:
    """A running site with a search function: its home page, the host and port to allow, its own count."""

    url: str
    allow: str
    count: Callable[[str], int]  # how many documents the engine itself says hold a query
