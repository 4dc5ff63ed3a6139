"""Office files from before 2007 (and OpenDocument) to today's forms, through LibreOffice where installed.

Each conversion has its own throw-away profile with macros off. The network is off for the whole child
process that calls this (`study.documents`).
"""

import ctypes
import os
import resource
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from study.formats.extraction import Unreadable

# One conversion takes 1 to 4 seconds on a small machine; a file that takes a minute will not end.
TIME_LIMIT = 60.0
# LibreOffice reserves far more address space than it uses.
ADDRESS_SPACE = 4 * 1024**3

# How the binary asks its start script to be started again, once a new profile has been set up.
_RESTART = 81

_TARGETS = {
    "doc": ("docx", "MS Word 2007 XML"),
    "odt": ("docx", "MS Word 2007 XML"),
    "wpd": ("docx", "MS Word 2007 XML"),
    "xls": ("xlsx", "Calc MS Excel 2007 XML"),
    "ods": ("xlsx", "Calc MS Excel 2007 XML"),
    "ppt": ("pptx", "Impress MS PowerPoint 2007 XML"),
    "odp": ("pptx", "Impress MS PowerPoint 2007 XML"),
}
_PROFILE = Path(__file__).with_name("libreoffice-profile.xcu")


def program() -> Path | None:
    """LibreOffice's own binary, or None where it is not installed.

    The binary, not the `soffice` script around it: the script's children would outlive a kill.
    """
    script = shutil.which("soffice") or shutil.which("libreoffice")
    if script is None:
        return None
    found = Path(script).resolve()
    binary = found.with_name("soffice.bin")
    return binary if binary.exists() else found


def modernise(body: bytes, kind: str) -> tuple[bytes, str]:
    """The file in its form of 2007, and that form's name ('docx', 'xlsx', 'pptx').

    Raises `Unreadable`: 'unsupported' without LibreOffice, 'time' beyond `TIME_LIMIT`, 'damaged' when
    LibreOffice makes nothing of it.
    """
    office = program()
    if office is None:
        raise Unreadable("unsupported", f".{kind} needs LibreOffice, which is not installed (soffice)")
    target, export = _TARGETS[kind]
    with tempfile.TemporaryDirectory(prefix="mentorwatch-office-", ignore_cleanup_errors=True) as folder:
        room = Path(folder)
        settings = room / "profile" / "user" / "registrymodifications.xcu"
        settings.parent.mkdir(parents=True)
        shutil.copyfile(_PROFILE, settings)
        source = room / f"document.{kind}"
        source.write_bytes(body)
        _run(
            [
                str(office),
                f"-env:UserInstallation={(room / 'profile').as_uri()}",
                *("--headless", "--norestore", "--nologo", "--nolockcheck", "--nodefault"),
                *("--convert-to", f"{target}:{export}", "--outdir", str(room / "out"), str(source)),
            ],
            room,
        )
        made = room / "out" / f"document.{target}"
        if not made.exists():
            raise Unreadable("damaged", f"LibreOffice cannot read it as .{kind} (damaged, or a password)")
        return made.read_bytes(), target


def _run(command: list[str], room: Path, again: bool = True) -> None:
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(room),
        "LANG": "C.UTF-8",
        "TMPDIR": str(room),
    }
    try:
        ended = subprocess.run(
            command,
            cwd=room,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIME_LIMIT,
            preexec_fn=_limits,
            check=False,
        )
    except subprocess.TimeoutExpired as problem:
        raise Unreadable("time", f"LibreOffice took longer than {TIME_LIMIT:.0f} seconds") from problem
    if ended.returncode == _RESTART and again:
        _run(command, room, again=False)


def _limits() -> None:
    """In the new process: more address space than its parent has, and death with its parent."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    room = ADDRESS_SPACE if hard == resource.RLIM_INFINITY else min(hard, ADDRESS_SPACE)
    resource.setrlimit(resource.RLIMIT_AS, (room, hard))
    die_with_parent()


def die_with_parent() -> None:
    """Ask the kernel (Linux, prctl 1: PR_SET_PDEATHSIG) to kill this process when its parent dies."""
    try:
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)
    except (OSError, AttributeError):
        return  # not Linux: the end of the parent is seen when its pipe closes
