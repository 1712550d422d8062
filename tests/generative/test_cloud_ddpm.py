"""The network that takes noise out of clouds, and its training."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch

from generative.networks.cloud_denoiser import CloudDenoiser, CloudDenoiserArchitecture
from generative.samplers import Denoiser, sample_ddim
from generative.schedules import pairs, trailing
from generative.training import clouds_ddpm_task
from generative.training.clouds_ddpm_task import CloudsDdpmTask
from generative.training.noise_task import SCHEDULE
from recon.learning.weights import load_into, load_weights


def network() -> CloudDenoiser:
    torch.manual_seed(0)
    return CloudDenoiser(CloudDenoiserArchitecture(("a", "b"), width=16, blocks=2)).requires_grad_(False)


def test_a_sampled_cloud_has_no_order() -> None:
    x, order = torch.randn(2, 30, 3, generator=torch.Generator().manual_seed(1)), torch.randperm(30)
    denoise = Denoiser(partial(network(), y=torch.tensor([0, 2])), clamp=1.0)
    steps = SCHEDULE.steps(pairs(trailing(SCHEDULE.T, 5)))
    assert torch.allclose(sample_ddim(denoise, x[:, order], steps), sample_ddim(denoise, x, steps)[:, order], atol=1e-4)


def test_a_point_is_told_of_the_others_of_the_time_and_of_the_class() -> None:
    predict, x = network(), torch.randn(2, 30, 3, generator=torch.Generator().manual_seed(1))
    time, y = torch.tensor([10.0, 700.0]), torch.tensor([0, 1])
    noise = predict(x, time, y)
    moved = x.clone()
    moved[:, 1:] *= 2
    for other in (predict(moved, time, y), predict(x, time.flip(0), y), predict(x, time, y.flip(0))):
        assert not torch.allclose(other[:, 0], noise[:, 0], atol=1e-3)
    assert torch.allclose(predict(x[1:], time[1:], y[1:]), noise[1:], atol=1e-5), "clouds of a batch are told nothing of each other"


def test_training_takes_the_loss_down_and_some_examples_have_no_class() -> None:
    task = CloudsDdpmTask(None, points=48, width=24)
    torch.manual_seed(0)
    learner = task.network()
    optimiser = torch.optim.Adam(learner.parameters(), 3e-3)
    losses, classes = [], []
    for step in range(60):
        batch = task.collate([task.example(np.random.default_rng([step, i])) for i in range(16)])
        loss, logged = task.loss(learner, batch, step)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(logged["noise"]))
        classes += batch["class"].tolist()
    assert np.mean(losses[-15:]) < 0.4 * np.mean(losses[:5])
    assert 0.03 < np.mean(np.array(classes) == len(task.classes)) < 0.2


def test_a_tiny_training_runs_and_its_weights_load(tmp_path: Path) -> None:
    assert clouds_ddpm_task.main(["--tiny", "--out", str(tmp_path / "run"), "--device", "cpu"]) == 0
    tensors, card = load_weights(tmp_path / "run" / "best.safetensors")
    load_into(CloudDenoiser(CloudDenoiserArchitecture(**{**card.architecture, "classes": tuple(card.architecture["classes"])})), tensors)
    assert set(card.measured) == {"psnr", "f_score", "precision", "recall", "coverage", "mmd"}
    assert list((tmp_path / "run" / "samples").glob("*.png"))
