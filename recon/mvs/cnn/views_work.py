"""Depth of the views of a scene by the network; the features of a picture are computed once for all views that look at it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from torch import Tensor

from recon.mvs.cnn.inference import CnnDepth, Prepared, load_network
from recon.mvs.config import DepthConfig
from recon.mvs.matcher import Picture
from recon.pipeline.stage import StageContext
from recon.scene import DepthMap

# Features and context at all levels, bytes a pixel.
_BYTES_A_PIXEL = 120


class LearnedViews:
    """The network at work on the views of a scene.

    Args:
        picture: Number of a view -> its picture.
        sources: For each view the numbers of those it is compared with.
        ranges: View -> nearest and farthest depth.
        config: `method`, `sources` and `weights` are used.
        context: Device, memory, cancellation.
        at_once: Views that are computed at the same time.
        pixels: Of the largest picture.
    """

    def __init__(
        self,
        picture: Callable[[int], Picture],
        sources: Sequence[Sequence[int]],
        ranges: Mapping[int, tuple[float, float]],
        config: DepthConfig,
        context: StageContext,
        at_once: int,
        pixels: float,
    ) -> None:
        self.picture, self.sources, self.ranges = picture, sources, ranges
        network = load_network(config.weights, context.device)
        self.work = CnnDepth(network, context.device, context.memory_budget // (2 * at_once), context.check_cancelled)
        finest = 0 if config.method == "cnn" else 1
        room = int(context.memory_budget / 4 / (pixels * _BYTES_A_PIXEL))
        lock = threading.Lock()

        @lru_cache(maxsize=max(1, min(room, config.sources + 2 * at_once)))
        def kept(index: int) -> list[Prepared]:
            return []

        def prepared(index: int) -> Prepared:
            with lock:
                place = kept(index)
            if not place:
                place.append(self.work.prepare(picture(index), finest))
            return place[0]

        self.prepared = prepared

    def rough(self, index: int) -> Tensor:
        """Inverse depth of a view at half size."""
        return self.work.rough(*self._given(index))

    def depth(self, index: int) -> DepthMap:
        """Depth map of a view."""
        return self.work.depth(*self._given(index))

    def _given(self, index: int) -> tuple[Picture, list[Picture], list[Prepared], float, float]:
        others = self.sources[index]
        prepared = [self.prepared(j) for j in (index, *others)]
        return self.picture(index), [self.picture(j) for j in others], prepared, *self.ranges[index]
