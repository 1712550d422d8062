"""A network for patches applied to pictures of any size.

In every step of a sampler the whole picture is cut into overlapping patches, the network estimates each, and the *estimates* are
blended, with weights that sum to 1. The sampler goes on with one picture, so there are no seams to hide afterwards, noise is drawn for
the picture as a whole, and a measurement operator sees all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from generative.samplers.protocols import Denoise, Level, Prediction, ResidualDenoise, ResidualLevel, ResidualPrediction

PatchFunction = Callable[..., Sequence[Tensor]]
"""Patches `[n, C, tile, tile]` of each picture to patches of each estimate."""
OnPart = Callable[[int, int], None]
"""Told how many patches are done, of how many. An exception ends the work."""


def nothing(done: int, total: int) -> None:
    """The `OnPart` that does nothing."""


class Tiles:
    """How pictures are cut, and how many patches are computed at once. The results do not depend on the latter.

    Args:
        tile: Side of a patch in pixels.
        overlap: Of neighbouring patches, at least; pixels.
        batch: Patches at once; halved for good when memory runs out.
        on_part: Told of every batch.
    """

    def __init__(self, tile: int, overlap: int, batch: int = 8, on_part: OnPart = nothing) -> None:
        if not 0 <= overlap < tile or batch < 1:
            raise ValueError(f"tiles of {tile} pixels with {overlap} of overlap, {batch} at once, cannot be")
        self.tile, self.overlap, self.batch, self.on_part = tile, overlap, batch, on_part
        self._shared: dict[tuple[torch.Size, torch.device, torch.dtype], tuple[Tensor, Tensor]] = {}

    @classmethod
    def within(cls, tile: int, overlap: int, budget: int, bytes_per_pixel: int, on_part: OnPart = nothing) -> Tiles:
        """As many patches at once as fit into `budget` bytes when the network takes so many for a pixel; at least one."""
        return cls(tile, overlap, max(budget // (bytes_per_pixel * tile**2), 1), on_part)

    def blend(self, function: PatchFunction, *pictures: Tensor) -> tuple[Tensor, ...]:
        """`function` of all patches of the pictures, put together again.

        Args:
            function: Is given patches `[n, C, tile, tile]`, one batch for each picture, cut at the same places.
            pictures: `[B, C, H, W]`, of equal B, H, W.

        Returns:
            For each estimate of `function` the picture `[B, C', H, W]`.
        """
        height, width = pictures[0].shape[-2:]
        pictures = tuple(self._at_least_a_tile(picture) for picture in pictures)
        places, (window, weight) = self._places(pictures[0]), self._weights(pictures[0])
        sums: list[Tensor] = []
        done = 0
        while done < len(places):
            some = places[done : done + self.batch]
            try:
                estimates = function(*(torch.stack([self._at(picture, *place) for place in some]) for picture in pictures))
            except torch.OutOfMemoryError:
                if self.batch == 1:
                    raise
                self.batch //= 2
                continue
            sums = sums or [e.new_zeros(len(pictures[0]), e.shape[1], *pictures[0].shape[-2:]) for e in estimates]
            for total, patches in zip(sums, estimates, strict=True):
                for place, patch in zip(some, window * patches, strict=True):
                    self._at(total, *place).add_(patch)
            done += len(some)
            self.on_part(done, len(places))
        return tuple(total.div_(weight)[..., :height, :width] for total in sums)

    def cut(self, picture: Tensor) -> Tensor:
        """The patches of `[B, C, H, W]`, in the order in which `blend` asks for them, `[n, C, tile, tile]`."""
        picture = self._at_least_a_tile(picture)
        return torch.stack([self._at(picture, *place) for place in self._places(picture)])

    def _places(self, picture: Tensor) -> list[tuple[int, int, int]]:
        """Number in the batch, top and left of every patch."""
        tops, lefts = (starts(side, self.tile, self.overlap) for side in picture.shape[-2:])
        return [(b, top, left) for b in range(len(picture)) for top in tops for left in lefts]

    def _at(self, picture: Tensor, b: int, top: int, left: int) -> Tensor:
        """View of one patch `[C, tile, tile]`."""
        return picture[b, :, top : top + self.tile, left : left + self.tile]

    def _weights(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Of a patch `[tile, tile]`: 1 inside, falling linearly over the overlap, never 0; and their sum at every pixel `[B, 1, H, W]`.

        The same in every step of a sampler, so they are kept.
        """
        kind = (picture[:, :1].shape, picture.device, picture.dtype)
        if kind not in self._shared:
            i = torch.arange(1, self.tile + 1, dtype=torch.float64)
            ramp = (torch.minimum(i, i.flip(0)) / (self.overlap + 1)).clamp(max=1)
            window, total = torch.outer(ramp, ramp).to(picture), torch.zeros_like(picture[:, :1])
            for place in self._places(picture):
                self._at(total, *place).add_(window)
            self._shared = {kind: (window, total)}
        return self._shared[kind]

    def _at_least_a_tile(self, picture: Tensor) -> Tensor:
        """The picture, mirrored at its lower and right border where it is smaller than a patch."""
        for axis in (-2, -1):
            side = picture.shape[axis]
            if side < self.tile:
                index = torch.arange(self.tile, device=picture.device) % (2 * side)
                picture = picture.index_select(axis, torch.where(index < side, index, 2 * side - 1 - index))
        return picture


def starts(side: int, tile: int, overlap: int) -> list[int]:
    """Where patches begin along a side: evenly spread, the first at 0, the last ends with the side."""
    if side <= tile:
        return [0]
    count = -(-(side - overlap) // (tile - overlap))
    return [round(i * (side - tile) / (count - 1)) for i in range(count)]


def tiled(denoise: Denoise, tiles: Tiles) -> Denoise:
    """A denoiser of patches as one of pictures of any size."""

    def whole(x: Tensor, t: Level) -> Prediction:
        return Prediction(*tiles.blend(lambda patches: denoise(patches, t), x))

    return whole


def tiled_residual(denoise: ResidualDenoise, tiles: Tiles) -> ResidualDenoise:
    """A residual denoiser of patches as one of pictures of any size."""

    def whole(x: Tensor, degraded: Tensor, t: ResidualLevel) -> ResidualPrediction:
        return ResidualPrediction(*tiles.blend(lambda patches, inputs: denoise(patches, inputs, t), x, degraded))

    return whole
