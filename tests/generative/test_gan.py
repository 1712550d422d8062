"""Adversarial training: what theory says of the critic, the value and the modes, and the training of pictures."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from generative.networks.gan import Critic, Gan, GanArchitecture
from generative.training import adversarial, gan_task
from generative.training.class_pictures import ClassPictures
from generative.training.coverage import precision_recall
from generative.training.gan_task import PicturesGanTask
from recon.errors import InputError
from recon.learning.weights import load_into, load_weights

RING = torch.tensor([[math.cos(a), math.sin(a)] for a in torch.arange(8) * math.pi / 4])


def mixture(centres: Tensor, spread: float, count: int, generator: torch.Generator) -> Tensor:
    which = torch.randint(len(centres), (count,), generator=generator)
    return centres[which] + spread * torch.randn(count, 2, generator=generator)


def density(x: Tensor, centres: Tensor, spread: float) -> Tensor:
    exponents = -torch.cdist(x, centres).square() / (2 * spread**2)
    return exponents.exp().mean(1) / (2 * math.pi * spread**2)


def modes_hit(samples: Tensor, centres: Tensor, radius: float) -> int:
    """Modes `[M, D]` that have a sample `[N, D]` within `radius`."""
    return int((torch.cdist(centres, samples).min(1).values <= radius).sum())


def perceptron(inputs: int, outputs: int, width: int = 64) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, outputs))


def test_the_best_critic_is_p_over_p_plus_q() -> None:
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    p, q = torch.tensor([[-1.0, 0.0], [1.0, 0.0]]), torch.tensor([[0.0, 0.6]])
    critic = perceptron(2, 1)
    optimiser = torch.optim.Adam(critic.parameters(), 3e-3)
    for _ in range(600):
        real, fake = mixture(p, 0.6, 512, generator), mixture(q, 0.9, 512, generator)
        loss = adversarial.critic_loss(critic(real)[:, 0], critic(fake)[:, 0])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    x = torch.cat([mixture(p, 0.6, 500, generator), mixture(q, 0.9, 500, generator)])
    wanted = density(x, p, 0.6) / (density(x, p, 0.6) + density(x, q, 0.9))
    assert float((critic(x)[:, 0].sigmoid() - wanted).abs().mean()) < 0.04


def test_the_value_is_minus_log_4_where_nothing_can_be_told_and_0_where_all_can() -> None:
    unsure, sure = torch.zeros(7), torch.full((7,), 40.0)
    assert float(adversarial.value(unsure, unsure)) == pytest.approx(-math.log(4))
    assert float(adversarial.value(sure, -sure)) == pytest.approx(0.0, abs=1e-6)


def test_minimax_is_flat_where_the_critic_is_sure_and_the_other_loss_is_not() -> None:
    def slope(game: adversarial.Game) -> float:
        logit = torch.full((1,), -12.0, requires_grad=True)
        adversarial.generator_loss(logit, game).backward()
        return abs(float(logit.grad))

    assert slope("minimax") < 1e-4
    assert slope("non-saturating") == pytest.approx(1.0, abs=1e-4)
    assert slope("hinge") == 1.0


def test_the_gradient_penalty_of_a_linear_critic_is_half_its_slope_squared() -> None:
    slope = torch.tensor([3.0, 4.0], requires_grad=True)
    penalty = adversarial.gradient_penalty(lambda x: x @ slope, torch.randn(5, 2))
    assert float(penalty) == pytest.approx(12.5)
    penalty.backward()
    assert torch.allclose(slope.grad, slope.detach())


@pytest.mark.parametrize("game", ["non-saturating", "hinge"])
def test_a_ring_of_eight_modes_is_found(game: adversarial.Game) -> None:
    torch.manual_seed(0)
    draw = torch.Generator().manual_seed(2)
    maker, critic = perceptron(8, 2, 96), perceptron(2, 1, 96)
    optimisers = [torch.optim.Adam(network.parameters(), 1e-3, betas=(0.0, 0.9)) for network in (maker, critic)]
    for _ in range(900):
        real, z = mixture(RING, 0.08, 256, draw), torch.randn(256, 8, generator=draw)
        loss = adversarial.critic_loss(critic(real)[:, 0], critic(maker(z).detach())[:, 0], game)
        loss = loss + 0.1 * adversarial.gradient_penalty(lambda x: critic(x)[:, 0], real)
        optimisers[1].zero_grad()
        loss.backward()
        optimisers[1].step()
        optimisers[0].zero_grad()
        adversarial.generator_loss(critic(maker(z))[:, 0], game).backward()
        optimisers[0].step()
    with torch.no_grad():
        samples = maker(torch.randn(2000, 8, generator=draw))
    assert modes_hit(samples, RING, 0.2) == 8
    precision, recall = precision_recall(mixture(RING, 0.08, 1000, draw), samples[:1000])
    assert min(precision, recall) > 0.4


def test_collapse_shows_as_modes_and_recall_lost_and_rubbish_as_precision_lost() -> None:
    draw = torch.Generator().manual_seed(3)
    real = mixture(RING, 0.1, 800, draw)
    collapsed = mixture(RING[:2], 0.1, 800, draw)
    assert modes_hit(real, RING, 0.3) == 8
    assert modes_hit(collapsed, RING, 0.3) == 2
    precision, recall = precision_recall(real, collapsed)
    assert precision > 0.8
    assert recall < 0.4
    assert precision_recall(real, torch.randn(800, 2, generator=draw) * 4)[0] < 0.3
    assert min(precision_recall(real, mixture(RING, 0.1, 800, draw))) > 0.8


def test_each_player_moves_alone_and_class_matters_to_both() -> None:
    task = PicturesGanTask(None, critic_steps=1, penalty=0.5, width=8)
    torch.manual_seed(0)
    gan = task.network()
    batch = task.collate([task.example(np.random.default_rng(i)) for i in range(6)])
    for step, moved, still in ((0, gan.critic, gan.generator), (1, gan.generator, gan.critic)):
        gan.zero_grad(set_to_none=True)
        loss, _ = task.loss(gan, batch, step)
        loss.backward()
        assert all(p.grad is None for p in still.parameters())
        assert all(p.grad is not None for p in moved.parameters())
    for embedding in [module for module in gan.generator.modules() if isinstance(module, nn.Embedding)]:
        nn.init.normal_(embedding.weight)
    made = [gan.generator(batch["z"], torch.full((6,), y)) for y in (0, 1)]
    assert made[0].shape == (6, 3, 32, 32)
    assert not torch.allclose(*made)
    assert not torch.allclose(*(gan.critic(batch["real"], torch.full((6,), y)) for y in (0, 1)))


def test_the_critic_is_lipschitz() -> None:
    torch.manual_seed(0)
    critic = Critic(GanArchitecture(("a", "b"), width=8))
    x, y = torch.randn(64, 3, 32, 32), torch.zeros(64, dtype=torch.long)
    for _ in range(30):  # power iterations
        critic(x, y)
    critic.eval()
    near = x + 1e-2 * torch.randn_like(x)
    slope = (critic(x, y) - critic(near, y)).abs() / (x - near).flatten(1).norm(dim=1)
    assert float(slope.detach().max()) < 2


def test_a_tiny_training_runs_and_its_weights_load(tmp_path: Path) -> None:
    assert gan_task.main(["--tiny", "--out", str(tmp_path / "run"), "--device", "cpu"]) == 0
    tensors, card = load_weights(tmp_path / "run" / "best.safetensors")
    gan = Gan(GanArchitecture(**{**card.architecture, "classes": tuple(card.architecture["classes"])}))
    load_into(gan, tensors)
    assert set(card.measured) == {"f_score", "precision", "recall"}
    assert list((tmp_path / "run" / "samples").glob("*.png"))


def test_pictures_by_class_are_read_and_other_folders_refused(tmp_path: Path) -> None:
    for split, count in (("train", 3), ("test", 1)):
        for i, name in enumerate(("cat", "dog")):
            (tmp_path / split / name).mkdir(parents=True)
            for j in range(count):
                cv2.imwrite(str(tmp_path / split / name / f"{j}.png"), np.full((32 + i, 32, 3), 100 * i + j, np.uint8))
    pictures = ClassPictures(tmp_path, "train")
    assert (len(pictures), pictures.classes) == (6, ("cat", "dog"))
    picture, label = pictures.draw(np.random.default_rng(0))
    assert picture.shape == (3, 32, 32)
    assert (float(picture.mean()) > -0.5) == (label == 1)
    with pytest.raises(InputError, match="no pictures by class"):
        ClassPictures(tmp_path / "train", "train")
