"""SDEdit's t0 by bisection: a person looks at a result and asks for more of one side."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Dial:
    """Bounds between which the right t0 lies (Meng et al. 2022, section 3: binary search over [0.3, 0.6]).

    Args:
        faithful: What is below is not realistic enough.
        realistic: What is above strays too far from the guide.
    """

    faithful: float = 0.3
    realistic: float = 0.6

    def __post_init__(self) -> None:
        if not 0 <= self.faithful <= self.realistic <= 1:
            raise ValueError(f"0 ≤ {self.faithful} ≤ {self.realistic} ≤ 1 does not hold")

    @property
    def t0(self) -> float:
        """The time to try next."""
        return (self.faithful + self.realistic) / 2

    def more_faithful(self) -> Dial:
        """After a result at `t0` that strays too far."""
        return replace(self, realistic=self.t0)

    def more_realistic(self) -> Dial:
        """After a result at `t0` that shows the guide's faults."""
        return replace(self, faithful=self.t0)
