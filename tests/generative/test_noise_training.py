"""Training of networks that predict noise: loss, figures, and the class-conditional one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from generative.networks.unet2d import as_function, unet2d, unet_settings
from generative.samplers import Denoiser
from generative.training import ddpm_task, noise_task
from generative.training.ddpm_task import PicturesDdpmTask
from recon.learning.task import collate
from recon.learning.weights import load_into, load_weights


def batch_of(clean: Tensor) -> dict[str, Tensor]:
    return collate([noise_task.noisy_example(picture, np.random.default_rng(i)) for i, picture in enumerate(clean)])


def test_the_network_is_asked_about_the_noisy_picture_and_its_time() -> None:
    clean = torch.randn(5, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    batch, asked = batch_of(clean), []

    def network(x: Tensor, time: Tensor) -> Tensor:
        asked.append((x, time))
        return batch["noise"] + 0.5

    loss, logged = noise_task.noise_loss(network, batch)
    ((x, time),) = asked
    levels = [noise_task.SCHEDULE.level(int(t)) for t in batch["t"]]
    assert time.tolist() == [level.time for level in levels]
    for i, level in enumerate(levels):
        assert torch.allclose(x[i], level.signal * clean[i] + level.noise * batch["noise"][i], atol=1e-5)
    snr = torch.tensor([level.alpha_bar / (1 - level.alpha_bar) for level in levels])
    assert float(logged["noise"]) == pytest.approx(0.25)
    assert float(loss) == pytest.approx(float((snr.clamp(max=5) / snr).mean()) * 0.25, rel=1e-4)


def test_a_better_denoiser_has_a_better_figure() -> None:
    clean = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1

    def figure(error: float) -> float:
        return noise_task.denoising_psnr(Denoiser(lambda x, t: clean + error, "x0"), clean.clone(), torch.Generator().manual_seed(1))

    assert figure(0.02) - figure(0.2) == pytest.approx(20.0, abs=2.0)


def test_a_class_is_left_out_in_a_tenth_of_the_examples() -> None:
    task = PicturesDdpmTask(None, width=8)
    labels = [task.example(np.random.default_rng(i))["class"] for i in range(600)]
    counts = np.bincount(labels, minlength=4)
    assert len(counts) == len(task.classes) + 1
    assert 35 < counts[-1] < 90
    assert min(counts[:-1]) > 120


def test_each_picture_of_a_batch_is_told_its_own_class() -> None:
    torch.manual_seed(0)
    network = unet2d(unet_settings(16, 8, classes=3)).eval()
    x, time = torch.randn(1, 3, 16, 16).expand(3, -1, -1, -1), torch.full((3,), 500.0)
    out = as_function(network, torch.tensor([0, 2, 0]))(x, time)
    assert torch.allclose(out[0], out[2], atol=1e-6)
    assert not torch.allclose(out[0], out[1], atol=1e-3)


def test_a_tiny_training_runs_and_its_weights_load(tmp_path: Path) -> None:
    assert ddpm_task.main(["--tiny", "--out", str(tmp_path / "run"), "--device", "cpu"]) == 0
    tensors, card = load_weights(tmp_path / "run" / "best.safetensors")
    assert (card.task, card.data["classes"]) == ("pictures-ddpm", ["disc", "square", "bar"])
    load_into(unet2d(card.architecture), tensors)
    assert set(card.measured) == {"psnr"}
    assert list((tmp_path / "run" / "samples").glob("*.png"))
