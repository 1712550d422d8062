"""The learnt balance λ of RDDM's two objectives."""

from __future__ import annotations

from typing import Literal

THRESHOLD = 0.01
"""How far λ has to go from 0.5 for one objective to have won."""


def believed(balance: float) -> Literal["res", "noise", "res+noise"]:
    """Which heads a network with this λ was trained with to the end: above 0.5 the residual's, below the noise's."""
    if abs(balance - 0.5) <= THRESHOLD:
        return "res+noise"
    return "res" if balance > 0.5 else "noise"
