"""The training of the denoiser, in seconds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from recon.learning.weights import verify
from recon.points.refine import load_network
from recon.points.task import DenoiseTask
from recon.points.train import main


def test_a_tiny_training_leaves_weights_that_refine(tmp_path: Path) -> None:
    assert main(["--tiny", "--out", str(tmp_path), "--device", "cpu"]) == 0
    verify(tmp_path / "best.safetensors")
    card = json.loads((tmp_path / "best.json").read_text())
    assert card["task"] == "pointnet2-denoise"
    assert set(card["measured"]) >= {"score", "left@1%"}
    assert load_network(str(tmp_path / "best.safetensors")).sizes == (8, 18, 40, 90)


def test_the_network_learns_a_batch_by_heart() -> None:
    task = DenoiseTask(None, size=160)
    torch.manual_seed(0)
    network = task.network()
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    batch = task.collate([task.example(np.random.default_rng(i)) for i in range(2)])
    losses = []
    for step in range(12):
        loss, parts = task.loss(network, batch, step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(parts["left"]))
    assert losses[-1] < 0.8 * losses[0]


def test_points_that_are_on_the_surface_cost_nothing() -> None:
    """With clean points as input the distances count little, however the network moves them at first."""
    task = DenoiseTask(None, size=160)
    batch = task.collate([task.example(np.random.default_rng(0))])
    batch["outlier"] = torch.ones_like(batch["outlier"])
    _, parts = task.loss(task.network(), batch, 0)
    assert float(parts["left"]) == 0  # outliers have no surface to be moved onto
