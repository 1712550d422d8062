"""The network for RDDM, its objective and what it learns from."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from generative.networks.balance import believed
from generative.networks.residual_unet import ResidualUNet, ResidualUNetArchitecture
from generative.priors.load import load_prior
from generative.priors.prior import ColdPrior
from generative.training import cold_task, degraded, objectives, rddm_task
from generative.training.pictures import Crops
from recon.learning.weights import load_into, load_weights

SMALL = ResidualUNetArchitecture((16, 24), 1, levels=50)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_both_heads_have_the_size_of_the_picture_and_see_input_and_time() -> None:
    torch.manual_seed(0)
    network = ResidualUNet(SMALL)
    x, inputs, times = torch.randn(2, 3, 24, 16), torch.randn(2, 3, 24, 16), torch.tensor([[5.0, 3.0], [50.0, 5.0]])
    assert all(float(head.detach().abs().max()) == 0 for head in network(x, inputs, times)), "an untrained network changes nothing"
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    heads = network(x, inputs, times)
    assert [head.shape for head in heads] == [x.shape, x.shape]
    for other in (network(x + 1, inputs, times), network(x, inputs + 1, times), network(x, inputs, times + 1)):
        assert not any(torch.allclose(a, b) for a, b in zip(heads, other, strict=True))


def test_a_shift_by_the_stride_shifts_the_result_away_from_the_border() -> None:
    torch.manual_seed(0)
    network = ResidualUNet(SMALL)
    torch.nn.init.normal_(network.head[-1].weight, std=0.1)
    for module in network.modules():  # a norm over the whole picture sees its border everywhere
        if isinstance(module, torch.nn.GroupNorm):
            module.forward = lambda x: x  # type: ignore[method-assign]
    x, times = torch.randn(1, 3, 64, 64), torch.tensor([[5.0, 3.0]])
    a, b = network(x, x, times)[0], network(x.roll(4, -1), x.roll(4, -1), times)[0]
    assert torch.allclose(a[..., 24:36, 24:36], b[..., 24:36, 28:40], atol=1e-5)


def test_one_objective_wins_and_is_trained_alone() -> None:
    balance = torch.nn.Parameter(torch.tensor(0.5))
    residual, noise = torch.tensor(0.2, requires_grad=True), torch.tensor(1.0, requires_grad=True)
    loss = objectives.auto_loss(residual, noise, balance)
    assert float(loss.detach()) == pytest.approx(0.6)
    loss.backward()
    assert float(balance.grad) == pytest.approx(0.2 - 1.0), "λ rises, towards the easier objective"
    assert float(objectives.auto_loss(residual, noise, torch.tensor(0.6))) == pytest.approx(0.2)
    assert float(objectives.auto_loss(residual, noise, torch.tensor(0.4))) == pytest.approx(1.0)
    assert [believed(v) for v in (0.4, 0.495, 0.505, 0.6)] == ["noise", "res+noise", "res+noise", "res"]


def test_min_snr_weights_fall_only_where_there_is_little_noise() -> None:
    weights = objectives.min_snr_weight(torch.tensor([0.999, 0.9, 5 / 6, 0.5, 0.1]))
    assert torch.allclose(weights[2:], torch.ones(3), atol=1e-5)
    assert float(weights[0]) == pytest.approx(5 / 999, rel=1e-3)


@pytest.mark.parametrize("kind", degraded.KINDS)
def test_every_degradation_changes_pictures_of_any_size_and_repeats_itself(kind: str) -> None:
    x = Crops(None, "train", 40).draw(rng())[:, :, :28]
    y = degraded.KINDS[kind](x, rng(1))
    assert y.shape == x.shape
    assert y.dtype == torch.float32
    assert not torch.equal(x, y)
    assert torch.equal(y, degraded.KINDS[kind](x, rng(1)))


def test_what_is_missing_is_exactly_zero_and_the_rest_untouched() -> None:
    x = Crops(None, "train", 40).draw(rng()) + 3
    for seed in range(6):
        y = degraded.holed(x, rng(seed))
        gone = (y == 0).all(0)
        assert 0 < float(gone.float().mean()) < 0.9
        assert torch.equal(y[:, ~gone], x[:, ~gone])


def test_pictures_of_a_folder_are_split_by_name(tmp_path: Path) -> None:
    for i in range(60):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((50, 60, 3), i, np.uint8))
    train, held = Crops(tmp_path, "train", 16), Crops(tmp_path, "validation", 16)
    assert len(train) + len(held) == 60
    assert len(held) > 0
    crop = train.draw(rng())
    assert crop.shape == (3, 16, 16)
    assert -1 <= float(crop.min()) <= float(crop.max()) <= 1


def test_a_tiny_training_runs_and_its_weights_load(tmp_path: Path) -> None:
    assert rddm_task.main(["--tiny", "--out", str(tmp_path / "run"), "--device", "cpu"]) == 0
    tensors, card = load_weights(tmp_path / "run" / "best.safetensors")
    assert card.task == "photo-rddm"
    network = ResidualUNet(ResidualUNetArchitecture(**{**card.architecture, "widths": tuple(card.architecture["widths"])}))
    load_into(network, tensors)
    assert set(card.measured) >= {"psnr", "gained_db", *(f"psnr_{kind}" for kind in degraded.KINDS)} or "psnr" in str(card.measured)
    assert list((tmp_path / "run" / "samples").glob("*.png"))


def test_a_tiny_cold_training_runs_and_its_weights_load_as_a_restorer(tmp_path: Path) -> None:
    assert cold_task.main(["--tiny", "--out", str(tmp_path / "run"), "--device", "cpu"]) == 0
    prior = load_prior(str(tmp_path / "run" / "best.safetensors"))
    assert isinstance(prior, ColdPrior)
    x = Crops(None, "train", 32).draw(rng())[None]
    assert prior.network.restored(x, 0.5).shape == x.shape
    both = prior.network.restored(x.repeat(2, 1, 1, 1), torch.tensor([0.5, 0.1]))
    assert torch.allclose(both[:1], prior.network.restored(x, 0.5), atol=1e-5)


def test_training_learns_to_restore_a_single_picture() -> None:
    torch.manual_seed(0)
    task = rddm_task.RddmTask(None, size=16, architecture=SMALL)
    network = task.network()
    clean = Crops(None, "train", 16).draw(rng(3))
    batch = task.collate([task.example(rng(i)) for i in range(4)])
    batch["clean"], batch["degraded"] = clean.expand(4, -1, -1, -1), (clean + 0.5).expand(4, -1, -1, -1)
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    first = last = 0.0
    for step in range(40):
        loss, parts = task.loss(network, batch, step)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        last = float(parts["residual"])
        first = first or last
    assert last < 0.2 * first


def test_crops_that_do_not_fit_the_network_are_refused() -> None:
    with pytest.raises(ValueError, match="multiple"):
        rddm_task.RddmTask(None, size=30)
