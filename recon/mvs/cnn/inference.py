"""Depth of photographs by the trained network, within a budget of memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from recon.errors import ResourceError, ShapeError, WeightsError
from recon.learning.weights import load_into, load_weights
from recon.mvs.cnn.geometry import LEVELS, MULTIPLE, canvas_of, cascade_rays
from recon.mvs.cnn.network import Given, Level, MvsNetwork, Part, sweep_level
from recon.mvs.cnn.weights import NAME, weights_file
from recon.mvs.matcher import Picture
from recon.mvs.normals import normals_from_depth
from recon.mvs.warp import SourceRays
from recon.scene import DepthMap

# Memory of the similarities of single sources at a time: what stays in a processor's cache is the fastest there.
_CPU_BAND = 1 << 25
# Measured peak of the finest level, bytes a pixel of the reference, besides the similarities.
_BYTES_A_PIXEL = 400
# Rows of half size around a band that the finest levels look at (their regularisers' reach).
_HALO = 24
_SMALLEST_BAND = 32


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture as the network sees it.

    Args:
        features: `[C, H / 2^l, W / 2^l]` by level; empty below the finest level asked for.
        context: The same for the context.
    """

    features: list[Tensor]
    context: list[Tensor]


def load_network(path: str = "", device: str = "cpu") -> MvsNetwork:
    """The trained network, for use.

    Args:
        path: Weights; empty = the shipped ones.
        device: Where it computes.

    Raises:
        WeightsError: They are missing, damaged, or of another network.
    """
    file = weights_file(path)
    tensors, card = load_weights(file)
    if card.task != NAME:
        raise WeightsError(f"'{file}' is no network for depth.", f"It is for '{card.task}'.", "Choose weights of the task 'mvs'.")
    try:
        network = MvsNetwork(**card.architecture)
    except TypeError as error:
        raise WeightsError(f"'{file}' does not fit this version.", f"{error}.", "Use the weights that came with this version.") from error
    load_into(network, tensors)
    return network.to(device).eval()


class CnnDepth:
    """Depth by the network.

    Args:
        network: From `load_network`.
        device: Where torch computes.
        memory: Bytes to stay under.
        check: Called several times a second; may raise to stop.
    """

    def __init__(self, network: MvsNetwork, device: str = "cpu", memory: int = 1 << 31, check: Callable[[], None] = lambda: None) -> None:
        self.network, self.device, self.memory = network, torch.device(device), memory
        network.check = check
        network.band_bytes = min(memory // 4, _CPU_BAND) if self.device.type == "cpu" else memory // 4

    def prepare(self, picture: Picture, finest: int = 0) -> Prepared:
        """Features and context of a picture, to be used as reference and as source.

        Args:
            picture: A view.
            finest: Finest level wanted: 0, or 1 for `rough`.
        """
        height, width = picture.image.shape[:2]
        image = torch.from_numpy(np.ascontiguousarray(picture.image)).to(self.device).permute(2, 0, 1)[None].float() / 255.0
        image = pad(image, (0, -width % MULTIPLE, 0, -height % MULTIPLE), mode="replicate")
        with self._computing():
            features, context = self.network.pyramid(image, finest)
        return Prepared([_item(f) for f in features], [_item(c) for c in context])

    def rough(self, reference: Picture, sources: Sequence[Picture], prepared: Sequence[Prepared], near: float, far: float) -> Tensor:
        """Inverse depth at half the size of the reference, by all levels but the finest.

        Args:
            reference: The view.
            sources: At least one neighbour.
            prepared: Of the reference and the sources, at least to level 1.
            near: Nearest depth searched.
            far: Farthest depth searched.

        Raises:
            ShapeError: No source, or a range that is not 0 < near < far.
            ResourceError: Out of memory.
        """
        with self._computing():
            work = _Work(self, reference, sources, prepared, near, far)
            field = work.fine(1)[0][0]
        height, width = (max(1, round(n / 2)) for n in reference.image.shape[:2])
        return field[:height, :width].clamp(0.5 / far, 2.0 / near)

    def depth(self, reference: Picture, sources: Sequence[Picture], prepared: Sequence[Prepared], near: float, far: float) -> DepthMap:
        """Depth map of the size of the reference.

        Args:
            reference: The view; pixels outside its mask get no depth.
            sources: At least one neighbour; their masks do not matter.
            prepared: Of the reference and the sources.
            near: Nearest depth searched.
            far: Farthest depth searched.

        Returns:
            Depth, normals, and as confidence the probability that the depth is right to a pixel of parallax.

        Raises:
            ShapeError: No source, or a range that is not 0 < near < far.
            ResourceError: Out of memory.
        """
        with self._computing():
            field, confidence = _Work(self, reference, sources, prepared, near, far).fine(0)
        height, width = reference.image.shape[:2]
        inverse = field[0, :height, :width].clamp(0.5 / far, 2.0 / near)
        depth = (1.0 / inverse).cpu().numpy().astype(np.float32)
        sure = confidence[0, :height, :width].sigmoid().cpu().numpy().astype(np.float32)
        normal = normals_from_depth(depth, reference.view.camera)
        if reference.mask is not None:
            depth, sure, normal = (
                np.where(reference.mask[..., None] if a.ndim == 3 else reference.mask, a, 0) for a in (depth, sure, normal)
            )
        return DepthMap(depth, sure, normal)

    @contextmanager
    def _computing(self) -> Iterator[None]:
        """No gradients; on a GPU products in bf16; running out of memory said in words."""
        try:
            with torch.no_grad(), torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
                yield
        except (RuntimeError, MemoryError) as error:
            if not (isinstance(error, MemoryError | torch.cuda.OutOfMemoryError) or "allocate memory" in str(error)):
                raise
            remedy = "Close other programs, lower 'max_size' of the stage depth, or use the other device."
            raise ResourceError("Out of memory while computing depth.", "A view does not fit.", remedy) from error


class _Work:
    """One reference on its way through the levels."""

    def __init__(
        self, owner: CnnDepth, reference: Picture, sources: Sequence[Picture], prepared: Sequence[Prepared], near: float, far: float
    ) -> None:
        if not sources or not 0 < near < far or len(prepared) != 1 + len(sources):
            raise ShapeError(f"need at least one source and 0 < near < far, got {len(sources)} sources, {near} and {far}")
        self.network, self.memory = owner.network, owner.memory
        self.own = prepared[0]
        canvas = canvas_of([p.view for p in sources])
        self.sources = [_on_canvas([p.features[i] for p in prepared[1:]], canvas, i) for i in range(LEVELS)]
        self.rays: list[SourceRays] = cascade_rays(reference.view, [p.view for p in sources], canvas, owner.device)
        self.near, self.far = (torch.tensor([v], dtype=torch.float32, device=owner.device) for v in (near, far))

    def fine(self, finest: int) -> tuple[Tensor, Tensor]:
        """Inverse depth and logit of confidence `[1, H, W]` at level 0, or inverse depth (twice) at level 1."""
        level = self._coarse()
        height, width = self.own.features[1].shape[-2:]
        band = self._band(height, width)
        parts = []
        for top in range(0, height, band):
            first, last = max(0, top - _HALO), min(height, top + band + _HALO)
            part = Part(first, 0, last - first, width)
            k = 2 - finest
            inner = slice(k * (top - first), k * (min(height, top + band) - first))
            parts.append(tuple(x[:, inner] for x in self._part(level, part, finest)))
        return torch.cat([p[0] for p in parts], 1), torch.cat([p[1] for p in parts], 1)

    def _coarse(self) -> Level:
        """The levels coarser than half size."""
        height, width = self.own.features[1].shape[-2:]
        last = sweep_level(2 * width, 2 * height)
        features, context = self.own.features[last][None], self.own.context[last][None]
        level = self.network.sweep(features, self.sources[last], context, self.rays[last], self.near, self.far)
        self.largest = level.step.amax((1, 2))
        return level if last == 2 else self._step(2, level, None)

    def _step(self, number: int, before: Level, part: Part | None) -> Level:
        """One finer level; the field of level 2 is of the whole picture, so it is cut."""
        given = self.network.finer(before, number)
        reference, context, origin = self.own.features[number][None], self.own.context[number][None], (0, 0)
        if part is not None:
            reference, context = part.cut(reference, number), part.cut(context, number)
            origin = ((2 - number) * part.top, (2 - number) * part.left)
            if number == 1:
                given = Given(*(part.cut(x, 1) for x in (given.field, given.peak, given.weights)))
        lowest = 0.25 / self.far
        return self.network.step(number, reference, self.sources[number], context, self.rays[number], given, self.largest, lowest, origin)

    def _part(self, level: Level, part: Part, finest: int) -> tuple[Tensor, Tensor]:
        half = self._step(1, level, part)
        if finest == 1:
            return half.field, half.field
        full = self._step(0, half, part)
        return self.network.finish(full, half)

    def _band(self, height: int, width: int) -> int:
        """Rows of half size computed at once: as many as memory allows, in bands of equal height."""
        fits = max(_SMALLEST_BAND, int(self.memory * 0.5 / (4 * width * _BYTES_A_PIXEL)))
        return -(-height // -(-height // fits))


def _on_canvas(features: Sequence[Tensor], canvas: tuple[int, int], level: int) -> Tensor:
    """Features of all sources in the top-left corner of a common canvas, `[1, S, C, Hc, Wc]`; empty where there are none."""
    if features[0].numel() == 0:
        return features[0]
    width, height = canvas[0] >> level, canvas[1] >> level
    padded = [pad(f[None], (0, width - f.shape[2], 0, height - f.shape[1]), mode="replicate")[0] for f in features]
    return torch.stack(padded)[None]


def _item(x: Tensor) -> Tensor:
    """The only item of a batch, in full precision; what is empty stays so."""
    return x[0].float() if x.numel() else x
