"""What the stage 'depth' computes for one view, in several threads at once as far as memory allows."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recon.io.depth_npz import read_depth, write_depth
from recon.mvs.config import DepthConfig
from recon.pipeline.stage import Item, StageContext
from recon.scene import DepthMap, Scene

if TYPE_CHECKING:
    from recon.mvs.cnn.views_work import LearnedViews
    from recon.mvs.matcher import Picture

# Measured peak of the finest level, bytes a pixel of the reference.
_BYTES_A_PIXEL = {"classical": 450, "hybrid": 1500, "cnn": 1500}


class DepthWork:
    """Rough and fine depth of the views of a scene.

    Args:
        scene: All views.
        pictures: View name -> file.
        masks: View name -> mask file, where there is one.
        sources: For each view the numbers of those it is compared with.
        ranges: View -> nearest and farthest depth.
        config: Settings.
        context: Device, memory, threads, cancellation.
    """

    def __init__(
        self,
        scene: Scene,
        pictures: Mapping[str, Path],
        masks: Mapping[str, Path],
        sources: Sequence[Sequence[int]],
        ranges: Mapping[int, tuple[float, float]],
        config: DepthConfig,
        context: StageContext,
    ) -> None:
        self.scene, self.sources, self.ranges, self.config, self.context = scene, sources, ranges, config, context
        self.rough_files: Mapping[str, Path] = {}
        self.at_once = self._slots()
        self._slot = threading.BoundedSemaphore(self.at_once)
        kept = config.sources + 2 * self.at_once

        @lru_cache(maxsize=kept)
        def picture(index: int) -> Picture:
            from recon.mvs.pictures import load_picture

            return load_picture(scene.views[index], pictures, masks, config.max_size)

        @lru_cache(maxsize=kept)
        def rough_field(index: int) -> Any:
            import torch

            return 1.0 / torch.from_numpy(read_depth(self.rough_files[f"{scene.views[index].name}__rough"]).depth)

        self.picture, self.rough_field = picture, rough_field
        self._learned = self._learned_views() if config.method != "classical" else None

    def rough(self, item: Item, path: Path) -> None:
        """Computes one view from pictures alone, at half size."""
        from recon.mvs.estimate import rough_depth, settled

        i = item.payload
        given = (self.picture(i), self._others(i), *self.ranges[i])
        with self._computing():
            if self._learned is not None:
                field = settled(*given, self.config, self._learned.rough(i), self._effort())
            else:
                field = rough_depth(*given, self.config, self._effort())
        write_depth(DepthMap((1.0 / field).cpu().numpy()), path)

    def fine(self, item: Item, path: Path) -> None:
        """Computes one view: by the network, or from pictures and rough depths."""
        i = item.payload
        with self._computing():
            if self._learned is not None and self.config.method == "cnn":
                depth_map = self._learned.depth(i)
            else:
                depth_map = self._classical(i)
        write_depth(depth_map, path)

    def _classical(self, index: int) -> DepthMap:
        """The finest level by correlation."""
        from recon.mvs.estimate import fine_depth

        known = [self.rough_field(j) for j in self.sources[index]]
        given = (self.picture(index), self._others(index), *self.ranges[index])
        return fine_depth(*given, self.config, self.rough_field(index), known, self._effort())

    def _learned_views(self) -> LearnedViews:
        from recon.mvs.cnn.views_work import LearnedViews

        return LearnedViews(self.picture, self.sources, self.ranges, self.config, self.context, self.at_once, self._largest())

    def _others(self, index: int) -> list[Picture]:
        return [self.picture(j) for j in self.sources[index]]

    def _effort(self) -> Any:
        from recon.mvs.estimate import Effort

        return Effort(self.context.device, self.context.memory_budget // self.at_once, self.context.check_cancelled)

    def _slots(self) -> int:
        """Views that may be computed at once: one on a GPU, else as many as there are threads and memory for."""
        if self.context.device != "cpu":
            return 1
        a_view = self._largest() * _BYTES_A_PIXEL[self.config.method]
        return max(1, min(self.context.threads, int(self.context.memory_budget // a_view)))

    def _largest(self) -> float:
        """Pixels that are matched of the largest picture."""
        return max(self._pixels(view.camera.width, view.camera.height) for view in self.scene.views)

    def _pixels(self, width: int, height: int) -> float:
        """Pixels that are matched of a picture."""
        return width * height * min(1.0, self.config.max_size / max(width, height)) ** 2

    @contextmanager
    def _computing(self) -> Iterator[None]:
        """Waits for a free slot. Several views at once with a thread each finish far sooner than one view with all threads."""
        import torch

        while not self._slot.acquire(timeout=0.2):
            self.context.check_cancelled()
        try:
            torch.set_num_threads(1 if self.at_once > 1 else max(1, self.context.threads))
            yield
        finally:
            self._slot.release()
