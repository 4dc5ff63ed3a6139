"""What a benchmark of searching counts, and its table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Score:
    """Sums over sites and queries; ``wrong`` holds a line for each thing that was not right."""

    sums: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, right: bool, name: str, line: str) -> None:
        """Count one thing of the kind ``name``; ``line`` says what was not right about it."""
        self.sums[name] += 1
        self.sums[f"{name} right"] += right
        if not right:
            self.wrong.append(line)

    def share(self, name: str) -> str:
        """How much of what was counted under ``name`` was right."""
        whole, right = self.sums[name], self.sums[f"{name} right"]
        return f"{100 * right / whole:6.2f} %  ({right:,} of {whole:,})" if whole else "     -    (nothing to count)"

    def table(self) -> str:
        """One line per figure. Requests are those of the sites read to a proven end, per collected item and against the fewest."""
        named = [("search found", "found"), ("statuses right", "status"), ("items recall", "items")]
        named += [("items precision", "read"), ("totals exact", "totals")]
        lines = [f"{label:<18}{self.share(name)}" for label, name in named]
        sums = self.sums
        if sums["least"] and sums["collected"]:
            made, least, items = sums["requests"], sums["least"], sums["collected"]
            lines.append(f"{'requests':<18}{made / least:6.2f} x the fewest ({made:,} of {least:,})")
            lines.append(
                f"{'per item':<18}{made / items:6.3f}, the fewest {least / items:.3f} ({items:,} items collected)"
            )
        return "\n".join(lines)
