"""Training of the network on `recon.learning`'s loop."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recon.mvs.cnn.examples import Views, assemble, make_example, nearest
from recon.mvs.cnn.geometry import LEVELS, batched
from recon.mvs.cnn.losses import RIGHT, shares, total_loss
from recon.mvs.cnn.network import MvsNetwork, Part, Result
from recon.mvs.cnn.samples import sample_picture
from recon.mvs.cnn.toy import toy_set
from recon.mvs.warp import SourceRays, pixels_per_inverse_depth

_PICTURES = 4
_VALIDATION_SOURCES = 4


class MvsTask:
    """Multi-view stereo on view sets.

    Args:
        folder: Folder of view sets; None = toy sets of textured planes.
        part: Height and width, at half size, of the part the finest levels are trained on.
        validation: View sets that are looked at in a validation.
        options: Of the network.
    """

    name = "mvs"

    def __init__(
        self, folder: Path | None, part: tuple[int, int] = (72, 96), validation: int = 16, options: dict[str, bool] | None = None
    ) -> None:
        self.folder, self.part, self.validation, self.options = folder, part, validation, options or {}
        self._sets: dict[str, Sequence[Views]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_sets": {}}

    def sets(self, split: str) -> Sequence[Views]:
        """View sets of 'train' or 'validation'."""
        if split not in self._sets:
            if self.folder is None:
                first = 0 if split == "train" else 100
                self._sets[split] = [toy_set(first + i) for i in range(4)]
            else:
                from recon.learning.view_sets import ViewSets

                self._sets[split] = ViewSets(self.folder, split)  # type: ignore[assignment,arg-type]
        return self._sets[split]

    def network(self) -> nn.Module:
        """A fresh network."""
        return MvsNetwork(**self.options).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]

    def architecture(self) -> dict[str, Any]:
        """Its options."""
        return MvsNetwork(**self.options).architecture()

    def data(self) -> dict[str, Any]:
        """What it is trained on."""
        if self.folder is None:
            return {"kind": "random textured planes"}
        return {
            "kind": "rendered view sets of textured meshes and procedural scenes ('photolith train data')",
            "terms": "meshes: MIT, CC BY, CC0, public domain; textures from photographs of ImageNet and BSDS500 (research use) "
            "and of Unsplash (Unsplash licence); none of the meshes of 'photolith bench mvs'",
            "part": list(self.part),
        }

    def example(self, rng: np.random.Generator) -> dict[str, Any]:
        """A random set, reference and sources."""
        sets = self.sets("train")
        return make_example(sets[int(rng.integers(len(sets)))], rng, part=self.part)

    def collate(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """A batch; all have as many sources as the one with the fewest. The part of the first is taken."""
        fewest = min(len(e["images"]) for e in examples)
        return {
            "images": torch.stack([e["images"][:fewest] for e in examples]),
            "inverse_depth": torch.stack([e["inverse_depth"] for e in examples]),
            "near": torch.tensor([e["near"] for e in examples], dtype=torch.float32),
            "far": torch.tensor([e["far"] for e in examples], dtype=torch.float32),
            **{
                name: [torch.stack([e[name][i][: fewest - 1] for e in examples]) for i in range(LEVELS)]
                for name in ("rays", "shifts", "limits")
            },
            "part": examples[0].get("part"),
            "coarsest": examples[0].get("coarsest", 2),
        }

    def loss(self, network: nn.Module, batch: dict[str, Any], step: int) -> tuple[Tensor, dict[str, float | Tensor]]:
        """Sum over the levels; see `losses`."""
        truth = batch["inverse_depth"]
        part = self._part(batch["part"], truth)
        result = run(network, batch, part, coarsest=int(batch["coarsest"]))
        loss, logged = total_loss(result, truth, part, batch["far"])
        return loss, dict(logged)

    def _part(self, corner: Tensor | None, truth: Tensor) -> Part | None:
        if corner is None:
            return None
        height, width = (min(wanted, size // 2) for wanted, size in zip(self.part, truth.shape[1:], strict=True))
        top, left = (int(v) for v in corner.flatten())
        return Part(top, left, height, width)

    def validate(self, network: nn.Module, folder: Path, step: int) -> dict[str, float]:
        """Shares of pixels within one and two pixels of parallax, also of the classical method, on sets never trained on."""
        errors, sure, right = [], [], []
        for number, (batch, known) in enumerate(self._validation_batches()):
            device = next(network.parameters()).device
            result = run(network, _moved(batch, device))
            error = (result.inverse_depth.cpu() - batch["inverse_depth"]).abs()[0] * self._speed(batch)
            errors.append(error[known])
            sure.append(result.confidence.sigmoid().cpu()[0][known])
            right.append(error[known] < RIGHT)
            if number < _PICTURES:
                picture = sample_picture(batch["images"][0, 0], batch["inverse_depth"][0], result, error)
                _write(folder / f"{number:02d}_{step:07d}.jpg", picture)
        found = shares(errors)
        found["calibration_error"] = calibration_error(torch.cat(sure), torch.cat(right))
        return found | self._classical(folder)

    def _validation_batches(self) -> list[tuple[dict[str, Any], Tensor]]:
        """References with their sources, and where their truth counts."""
        sets = self.sets("validation")
        found = []
        for i in range(min(self.validation, len(sets))):
            views = sets[i]
            batch = self.collate([assemble(views, self._chosen(views))])
            truth = batch["inverse_depth"][0]
            found.append((batch, truth * float(batch["far"][0]) * 1.2 > 1))
        return found

    @staticmethod
    def _chosen(views: Views) -> list[int]:
        """The first view and those nearest to it."""
        return [0, *nearest(views, 0)[:_VALIDATION_SOURCES]]

    @staticmethod
    def _speed(batch: dict[str, Any]) -> Tensor:
        """Pixels of parallax per unit of inverse depth at the truth."""
        truth = batch["inverse_depth"][0]
        return pixels_per_inverse_depth(rays_of(batch)[0], truth)

    def _classical(self, folder: Path) -> dict[str, float]:
        """The same figures for the classical method; computed once a run."""
        memory = folder / "classical.json"
        if not memory.exists():
            from recon.mvs.cnn.baseline import classical_inverse_depth

            errors = []
            for i, (batch, known) in enumerate(self._validation_batches()):
                views = self.sets("validation")[i]
                found = classical_inverse_depth(views, self._chosen(views))
                errors.append(((found - batch["inverse_depth"][0]).abs() * self._speed(batch))[known])
            memory.write_text(json.dumps(shares(errors)), encoding="utf-8")
        return {f"classical_{name}": value for name, value in json.loads(memory.read_text(encoding="utf-8")).items()}


def rays_of(batch: dict[str, Any]) -> list[SourceRays]:
    """Rays of a batch at all levels."""
    height, width = batch["inverse_depth"].shape[1:]
    return [batched(batch["rays"][i], batch["shifts"][i], batch["limits"][i], (width >> i, height >> i)) for i in range(LEVELS)]


def run(network: nn.Module, batch: dict[str, Any], part: Part | None = None, coarsest: int | None = None) -> Result:
    """The network on a batch."""
    result: Result = network(batch["images"], rays_of(batch), batch["near"], batch["far"], part, coarsest)
    return result


def calibration_error(sure: Tensor, right: Tensor, bins: int = 10) -> float:
    """Mean distance between stated and true share of right pixels over bins of confidence (expected calibration error)."""
    place = (sure * bins).long().clamp_max(bins - 1)
    count = torch.bincount(place, minlength=bins).clamp_min(1)
    said = torch.bincount(place, sure.double(), bins) / count
    true = torch.bincount(place, right.double(), bins) / count
    return float(((said - true).abs() * torch.bincount(place, minlength=bins)).sum() / len(sure))


def _moved(batch: dict[str, Any], device: torch.device) -> dict[str, Any]:
    return {k: [x.to(device) for x in v] if isinstance(v, list) else v.to(device) if isinstance(v, Tensor) else v for k, v in batch.items()}


def _write(path: Path, picture: Any) -> None:
    import cv2

    encoded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    path.write_bytes(encoded.tobytes())
