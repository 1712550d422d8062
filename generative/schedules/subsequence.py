"""Which levels a sampler visits: rising sub-sequences of 1 ... T, and the pairs (t, t_prev) made of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Pairs = tuple[tuple[int, int], ...]


def uniform(T: int, S: int) -> tuple[int, ...]:
    """S levels at even distances from level 1 on (Song et al. 2021, DDIM, appendix D.2: linear)."""
    _check(T, S)
    return tuple(1 + i * T // S for i in range(S))


def quadratic(T: int, S: int) -> tuple[int, ...]:
    """S levels, dense where there is little noise, up to 0.8 T (Song et al. 2021, DDIM, appendix D.2: quadratic)."""
    _check(T, S)
    levels: list[int] = []
    for i in range(S):
        level = 1 + 4 * T * i**2 // (5 * max(S - 1, 1) ** 2)
        levels.append(max(level, levels[-1] + 1) if levels else level)
    return tuple(levels)


def trailing(T: int, S: int) -> tuple[int, ...]:
    """S levels at even distances that end with level T (Lin et al. 2024, table 2)."""
    _check(T, S)
    return tuple(round(T - i * T / S) for i in reversed(range(S)))


def below(t0: float, T: int, S: int, power: float = 1.0) -> tuple[int, ...]:
    """At most S levels that end with level `round(t0 T)`, for a start at time `t0` in [0, 1]; none for t0 = 0.

    Level i of S is at `(i/S)^power` of the way: 1 is even, 2 quadratic, dense where there is little noise.
    """
    if not 0 <= t0 <= 1:
        raise ValueError(f"t0 is a time between 0 and 1, not {t0}")
    start = round(t0 * T)
    return tuple(sorted({max(1, round(start * (i / S) ** power)) for i in range(1, S + 1)})) if start else ()


def pairs(levels: Sequence[int]) -> Pairs:
    """A rising sub-sequence as steps (t, t_prev) from its last level down to level 0; the order the reverse process takes."""
    if any(a >= b for a, b in zip((0, *levels), levels, strict=False)):
        raise ValueError("levels rise, beginning above 0")
    down = (*reversed(levels), 0)
    return tuple(pairwise(down))


def severities(S: int) -> tuple[tuple[float, float], ...]:
    """S even steps (s, r) of Cold Diffusion from severity 1 down to 0."""
    if S < 1:
        raise ValueError(f"{S} steps are none")
    return tuple((i / S, (i - 1) / S) for i in range(S, 0, -1))


def time_travel(steps: Pairs, length: int, repeats: int) -> Pairs:
    """Every `length` steps are gone `repeats` times; between, one pair (t, s) with s > t goes back to where they began.

    A sampler takes such a pair by the forward process (Lugmayr et al. 2022; Wang et al. 2023, DDNM, algorithm 4).
    """
    if length < 1 or repeats < 1:
        raise ValueError("time travel needs a length and repeats of at least 1")
    travelled: list[tuple[int, int]] = []
    for start in range(0, len(steps), length):
        stretch = steps[start : start + length]
        back = (stretch[-1][1], stretch[0][0])
        travelled += [*stretch, *[pair for _ in range(repeats - 1) for pair in (back, *stretch)]]
    return tuple(travelled)


def _check(T: int, S: int) -> None:
    if not 1 <= S <= T:
        raise ValueError(f"{S} steps cannot be taken from {T} levels")
