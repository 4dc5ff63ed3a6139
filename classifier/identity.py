"""Which model a judgement is by: known from labels, protocol, code and libraries, without loading any of them.

A crawl in which nothing changed leaves nothing to judge; whether that is so is asked under the id, before scikit-learn is imported.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

_LIBRARIES = {"sklearn": "scikit-learn", "numpy": "numpy", "scipy": "scipy"}
_CODE = (
    "passages.py",
    "roles.py",
    "roles.toml",
    "relations.py",
    "meanings.py",
    "meanings.npz",
    "features.py",
    "depth.py",
    "labels.py",
    "fitting.py",
    "thresholds.py",
    "train.py",
    "model.py",
    "judge.py",
)


def versions() -> dict[str, str]:
    """Return the versions of what decides a model's numbers: our code (a hash) and the libraries."""
    return {"code": _code_hash(), **{name: version(package) for name, package in _LIBRARIES.items()}}


@cache
def _code_hash() -> str:
    digest = hashlib.sha256()
    for name in _CODE:
        source = (Path(__file__).parent / name).read_bytes().replace(b"\r\n", b"\n")
        digest.update(name.encode() + b"\0" + source)
    return digest.hexdigest()[:16]


def model_id(protocol_hash: str, labels_hash: str) -> str:
    """Return the id of the model that these inputs give here: SHA-256 over protocol, labels, code and library versions."""
    parts = [protocol_hash, labels_hash, *(f"{name}={value}" for name, value in sorted(versions().items()))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
