"""A small task that trains in milliseconds: the values of a quadratic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recon.learning.task import collate


class ToyNetwork(nn.Module):
    """With batch norm (buffers) and dropout (torch's generator): what resuming has to restore."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 1))

    def values(self, x: Tensor) -> Tensor:
        """[B, 2] -> [B]."""
        return self.layers(x)[:, 0]

    forward = values


class ToyTask:
    """Learns x^2 - y."""

    name = "toy"

    def __init__(self, spoiled: range = range(0), width: int = 2) -> None:
        self.spoiled, self.width = spoiled, width
        self.seen: list[tuple[int, float]] = []

    def network(self) -> nn.Module:
        return ToyNetwork()

    def architecture(self) -> dict[str, Any]:
        return {"hidden": 16}

    def data(self) -> dict[str, Any]:
        return {"points": "drawn", "width": self.width}

    def example(self, rng: np.random.Generator) -> Any:
        point = torch.from_numpy(rng.uniform(-self.width, self.width, 2).astype(np.float32))
        return {"point": point, "value": point[0] ** 2 - point[1], "kind": ("drawn", 1)}

    def collate(self, examples: list[Any]) -> Any:
        return collate(examples)

    def loss(self, network: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, float | Tensor]]:
        self.seen.append((step, float(batch["point"].sum())))
        error = network.values(batch["point"]) - batch["value"]
        loss = error.square().mean()
        if step in self.spoiled:
            loss = loss * float("nan")
        return loss, {"error": error.abs().mean(), "one": 1.0}

    def validate(self, network: nn.Module, folder: Path, step: int) -> dict[str, float]:
        assert not network.training
        assert not torch.is_grad_enabled()
        x = torch.from_numpy(np.random.default_rng(1).uniform(-2, 2, (64, 2)).astype(np.float32)).to(next(network.parameters()).device)
        error = float((network.values(x) - (x[:, 0] ** 2 - x[:, 1])).square().mean())
        (folder / f"{step}.txt").write_text(f"{error}")
        return {"score": -error, "error": error}
