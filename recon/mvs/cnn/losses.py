"""What training asks for: the right hypothesis at every level, a precise field, and an honest confidence."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, binary_cross_entropy_with_logits, max_pool2d

from recon.mvs.cnn.network import STEPS, Level, Part, Result

RIGHT = 1.0
"""Pixels of parallax at full size up to which a depth counts as right."""
_LEVEL_WEIGHTS = (1.5, 1.0, 1.0, 1.0)  # finest first
# Errors beyond this many steps are for the coarser levels to mend.
_FAR_OFF = 6.0


# The regressed field is drawn to the truth only where the winner is this near; elsewhere it is the winner that is wrong.
_NEAR = 3.0


def truth_at(inverse_depth: Tensor, level: int) -> Tensor:
    """True inverse depth after `level` halvings: the mean where a block shows one surface, else the pixel in its middle.

    Args:
        inverse_depth: `[B, H, W]`, 0 = unknown.
        level: Halvings.
    """
    if level == 0:
        return inverse_depth
    k = 2**level
    full = inverse_depth[:, None]
    mean, high = avg_pool2d(full, k), max_pool2d(full, k)
    low = -max_pool2d(-full, k)
    middle = full[:, :, k // 2 :: k, k // 2 :: k]
    return torch.where((low > 0) & (high - low < 0.02 * high), mean, middle)[:, 0]


def level_loss(level: Level, truth: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Cross entropy and distance in steps at one level.

    Args:
        level: What it found.
        truth: Inverse depth `[B, H, W]`, 0 = unknown.

    Returns:
        Cross entropy where a hypothesis is right, distance of the regressed field (and of the field it started from), and
        the share of pixels that are right to a step.
    """
    known = truth > 0
    count = level.logits.shape[1]
    place = (truth - level.first) / level.step
    within = known & (place > -0.5) & (place < count - 0.5)
    at = place.clamp(0, count - 1.001)
    lower = at.floor().long()
    share = at - lower
    log = level.logits.log_softmax(1)
    log_lower, log_upper = log.gather(1, lower[:, None])[:, 0], log.gather(1, lower[:, None] + 1)[:, 0]
    entropy = masked_mean(-(1 - share) * log_lower - share * log_upper, within)
    apart = (level.field - truth).abs() / level.step
    distance = masked_mean(apart, within & (apart.detach() < _NEAR))
    if level.given is not None:
        before = (level.given - truth).abs() / level.step
        distance = distance + 0.5 * masked_mean(before, known & (before.detach() < _FAR_OFF))
    hit = masked_mean((apart < 1).float(), known)
    return entropy, distance, hit


def total_loss(result: Result, truth: Tensor, part: Part | None, far: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """The sum over levels, and what to log.

    Args:
        result: Of the network.
        truth: Inverse depth at full size `[B, H, W]`, 0 = nothing there.
        part: The part the finest levels were computed for.
        far: `[B]` farthest depth; only pixels nearer than 1.2 times that count.
    """
    truth = torch.where(truth * far[:, None, None] * 1.2 > 1, truth, 0.0)
    loss = truth.new_zeros(())
    logged: dict[str, Tensor] = {}
    for number, level in enumerate(result.levels):
        size = len(result.levels) - 1 - number
        wanted = truth_at(truth, size)
        if part is not None and size < 2:
            wanted = part.cut(wanted, size)
        entropy, distance, hit = level_loss(level, wanted)
        loss = loss + _LEVEL_WEIGHTS[size] * (entropy + distance)
        logged |= {f"entropy{size}": entropy.detach(), f"distance{size}": distance.detach(), f"hit{size}": hit.detach()}
    wanted = truth if part is None else part.cut(truth, 0)
    error = pixels(result, wanted)
    known = wanted > 0
    refined = masked_mean(error / STEPS[0], known & (error.detach() / STEPS[0] < _FAR_OFF))
    right = (error.detach() < RIGHT).float()
    honest = masked_mean(binary_cross_entropy_with_logits(result.confidence, right, reduction="none"), known)
    logged |= {"refined": refined.detach(), "confidence": honest.detach(), "right": masked_mean(right, known)}
    return loss + _LEVEL_WEIGHTS[0] * refined + 0.5 * honest, logged


def pixels(result: Result, truth: Tensor) -> Tensor:
    """Error of the refined inverse depth in pixels of parallax at full size, `[B, H, W]`."""
    return (result.inverse_depth - truth).abs() / result.levels[-1].step * STEPS[0]


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean where the mask is set; 0 when it is nowhere."""
    return (values * mask).sum() / mask.sum().clamp_min(1)


def shares(errors: Sequence[Tensor]) -> dict[str, float]:
    """Shares of pixels within one and two pixels of parallax and the mean error (bounded by 10 pixels), of flat tensors of errors."""
    every = torch.cat([e.flatten() for e in errors])
    return {
        "within_1px": float((every < 1).float().mean()),
        "within_2px": float((every < 2).float().mean()),
        "error_px": float(every.clamp_max(10).mean()),
    }
