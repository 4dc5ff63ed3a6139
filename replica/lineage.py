"""Which authority holds which pretend site in a month, and on which port."""

from collections.abc import Sequence

from replica.evolution import evolution
from replica.plan import plans, port_of


def holder(code: str, month: str) -> str:
    """The authority that has the site of `code` in a month: itself, or who took its place without a new host."""
    since, heir = evolution().renamed.get(code, ("9999-12", code))
    return heir if month >= since else code


def heirs(code: str) -> list[str]:
    """The authorities that a site's authority is split into, in time."""
    return [heir.code for split in evolution().split if split.code == code for heir in (split.first, split.second)]


def in_force(month: str, only: Sequence[str] | None = None) -> dict[str, str]:
    """Authority -> the code its site goes by here, of the authorities that exist in a month.

    `only` names authorities of any month: with an authority come those it becomes. Raises KeyError for one that is unknown here,
    ValueError for a month outside the replica's life.
    """
    evolution().months(month)
    found: dict[str, str] = {}
    for code in sites_of(only):
        split = next((split for split in evolution().split if split.code == code and split.month <= month), None)
        if split is None:
            found[holder(code, month)] = code
        else:
            found |= {heir: heir for heir in heirs(code)}
    return found


def sites_of(only: Sequence[str] | None) -> list[str]:
    """The sites of Table 5.1 that belong to any of these authorities, then or later. Raises KeyError for an unknown one."""
    if only is None:
        return list(plans())
    line = {code: {code, *heirs(code), evolution().renamed.get(code, ("", code))[1]} for code in plans()}
    for code in only:
        if not any(code in names for names in line.values()):
            raise KeyError(code)
    return [code for code, names in line.items() if names & set(only)]


def port_in_time(code: str, base_port: int) -> int:
    """The port of a site in every month: heirs have those after the thirty."""
    if code in plans():
        return port_of(code, base_port)
    later = [heir for split in evolution().split for heir in (split.first.code, split.second.code)]
    return base_port + len(plans()) + later.index(code)
