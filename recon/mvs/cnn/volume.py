"""Similarity of the reference with warped sources, source by source, and its mean over those that see the point."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from recon.mvs.cnn.features import quiet
from recon.mvs.warp import RowRays, project, warp

# Bytes of warped features at a time where no gradient is wanted: what stays in a processor's cache is the fastest.
_AT_ONCE = 1 << 24
HALO = 2
"""Rows around a pixel that `Gathering` looks at."""


def similarities(reference: Tensor, sources: Tensor, rows: RowRays, hypotheses: Tensor, groups: int) -> tuple[Tensor, Tensor]:
    """Group-wise correlation (Guo et al. 2019) of every source at every hypothesis.

    Args:
        reference: Features `[B, C, H, W]`.
        sources: Features `[B, S, C, Hs, Ws]`.
        rows: Rays of the reference's pixels into the sources, `B * S` of them.
        hypotheses: Inverse depths `[B, N, H, W]`.
        groups: Groups G of channels; their correlations add up to the cosine of the features.

    Returns:
        `[B, S, G, N, H, W]`, 0 where the source does not see the point, and where it does, `[B, S, N, H, W]`.
    """
    count = hypotheses.shape[1]
    some = count
    if not torch.is_grad_enabled():
        some = max(1, _AT_ONCE // (sources.shape[:3].numel() * hypotheses[0, 0].numel() * sources.element_size()))
    parts = [_similarities(reference, sources, rows, hypotheses[:, i : i + some], groups) for i in range(0, count, some)]
    return parts[0] if len(parts) == 1 else (torch.cat([p[0] for p in parts], 3), torch.cat([p[1] for p in parts], 2))


def _similarities(reference: Tensor, sources: Tensor, rows: RowRays, hypotheses: Tensor, groups: int) -> tuple[Tensor, Tensor]:
    """`similarities` of few hypotheses."""
    b, s, c = sources.shape[:3]
    n, h, w = hypotheses.shape[1:]
    each = hypotheses[:, None].expand(b, s, n, h, w).reshape(b * s, n, h, w)
    grid, valid = project(rows.stacked(), each)
    warped = warp(sources.flatten(0, 1), grid.reshape(b * s, n * h, w, 2)).view(b, s, groups, c // groups, n, h, w)
    product = (warped * reference.view(b, 1, groups, c // groups, 1, h, w)).sum(3)
    valid = valid.view(b, s, n, h, w)
    return product * valid[:, :, None], valid


class Scale(nn.Module):
    """A positive number that training can change by a factor in a few hundred steps.

    Args:
        start: Its first value.
    """

    def __init__(self, start: float) -> None:
        super().__init__()
        self.start = start
        self.log = nn.Parameter(torch.zeros(()))

    def forward(self) -> Tensor:
        """The number."""
        return self.start * (5.0 * self.log).exp()


class ViewWeights(nn.Module):
    """How much each source counts at a pixel, from its own similarities (in the manner of Zhang et al. 2020, Vis-MVSNet).

    A source whose best match is poor, or hardly better than its others, is likely occluded there.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(5, 8, 3, padding=1), quiet(nn.Conv2d(8, 1, 3, padding=1))])
        self.slope = Scale(6.0)

    def forward(self, total: Tensor, valid: Tensor, before: Tensor | None) -> Tensor:
        """Weights in (0, 1).

        Args:
            total: Cosines `[B, S, N, H, W]`.
            valid: `[B, S, N, H, W]`.
            before: Weights at the coarser level, brought to this size, or None.

        Returns:
            `[B, S, H, W]`.
        """
        b, s, _, h, w = total.shape
        best, mean = total.amax(2), total.mean(2)
        seen = valid.float().mean(2)
        earlier = torch.full_like(best, 0.5) if before is None else before
        spread = (total * 8).softmax(2).amax(2)
        facts = torch.stack([best, mean, seen, earlier, spread], 2).flatten(0, 1)
        found = self.layers[1](relu(self.layers[0](facts))).view(b, s, h, w)
        weights: Tensor = (self.slope() * (best - 0.5) + found).sigmoid()
        return weights


class Gathering(nn.Module):
    """One volume from those of all sources.

    Args:
        learned_weights: False = all sources count alike (for comparison).
    """

    def __init__(self, learned_weights: bool = True) -> None:
        super().__init__()
        self.weigh = ViewWeights()
        self.sharpness = Scale(5.0)
        self.learned_weights = learned_weights

    def forward(self, similarity: Tensor, valid: Tensor, before: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mean over the sources.

        Args:
            similarity: `[B, S, G, N, H, W]`.
            valid: `[B, S, N, H, W]`.
            before: See `ViewWeights`.

        Returns:
            `[B, G + 1, N, H, W]`: the weighted mean of each group, scaled to about [-1, 1], and the mean cosine with
            more weight to sources that agree better at this hypothesis; and the weights `[B, S, H, W]`.
        """
        total = similarity.sum(2)
        weights = self.weigh(total, valid, before)
        if not self.learned_weights:
            weights = torch.ones_like(weights)
        counted = (weights[:, :, None] * valid)[:, :, None]
        groups = similarity.shape[2]
        mean = (similarity * counted).sum(1) / (counted.sum(1) + 1e-3) * groups
        agreeing = counted[:, :, 0] * (self.sharpness() * total).exp()
        best = (total * agreeing).sum(1) / (agreeing.sum(1) + 1e-3)
        return torch.cat([mean, best[:, None]], 1), weights
