"""What a bench found: figures beside their goals, as a table for people and as JSON for programs."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Spread:
    """How a number of durations spread, in milliseconds."""

    count: int
    least: float
    median: float
    p95: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Spread":
        """Of at least one duration, in seconds."""
        inorder = sorted(seconds)

        def at(share: float) -> float:
            return round(inorder[min(len(inorder) - 1, math.ceil(share * len(inorder)) - 1)] * 1000, 1)

        return cls(len(inorder), round(inorder[0] * 1000, 1), at(0.5), at(0.95), at(0.99))

    def __str__(self) -> str:
        return (
            f"min {self.least:g} ms, median {self.median:g} ms, p95 {self.p95:g} ms, p99 {self.p99:g} ms"
            f" ({self.count} of them)"
        )


@dataclass
class Report:
    """Figures by name, in the order in which they were found; `faults` are what was lost or doubled."""

    bench: str
    database: str
    figures: dict[str, tuple[Any, str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def note(self, name: str, figure: Any, goal: str = "") -> None:
        self.figures[name] = (figure, goal)

    def expect(self, name: str, found: int, wanted: int) -> None:
        """A count that must be exactly so."""
        self.note(name, found, f"{wanted}")
        if found != wanted:
            self.faults.append(f"{name}: {found} instead of {wanted}")

    def table(self) -> str:
        rows = [("", "measured", "goal")] + [(name, str(figure), goal) for name, (figure, goal) in self.figures.items()]
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        lines = [f"poruch bench {self.bench} on {self.database}", ""]
        lines += [f"{name:<{widths[0]}}  {figure:<{widths[1]}}  {goal}".rstrip() for name, figure, goal in rows]
        return "\n".join([*lines, "", *(f"LOST OR DOUBLED: {fault}" for fault in self.faults)]).rstrip()

    def shown(self) -> dict[str, Any]:
        return {
            "bench": self.bench,
            "database": self.database,
            "figures": {
                name: {"measured": asdict(figure) if isinstance(figure, Spread) else figure, "goal": goal}
                for name, (figure, goal) in self.figures.items()
            },
            "faults": self.faults,
        }
