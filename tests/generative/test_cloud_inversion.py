"""Clouds found again, and completed, by searching for what a generator can make."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from generative.networks.cloud_gan import CloudGan, CloudGanArchitecture, on_sphere
from generative.tasks.cloud_inversion import invert_cloud, missing
from generative.training.chamfer import chamfer

STEPS = 120


@pytest.fixture(scope="module")
def gan() -> CloudGan:
    """One whose clouds differ much."""
    torch.manual_seed(0)
    gan = CloudGan(CloudGanArchitecture(("a", "b"), points=200, latent=6, width=24, blocks=2)).requires_grad_(False)
    for block in gan.generator.blocks:
        nn.init.normal_(block.told.weight, std=0.5)
        nn.init.normal_(block.leave.weight, std=0.15)
    return gan


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def made(gan: CloudGan, z: Tensor, labels: Tensor, seed: int) -> Tensor:
    return gan.generator(z, labels, on_sphere(torch.randn(len(z), 200, 3, generator=generator(seed))))


def shapes(gan: CloudGan, seed: int) -> Tensor:
    """Four of both classes, always the same, as points that the seed chooses, `[4, 200, 3]`."""
    return made(gan, 0.7 * torch.randn(4, 6, generator=generator(1)), torch.tensor([0, 1, 1, 0]), seed)


@pytest.fixture(scope="module")
def clouds(gan: CloudGan) -> Tensor:
    return shapes(gan, 2)


def test_a_cloud_that_the_generator_made_is_found_again(gan: CloudGan, clouds: Tensor) -> None:
    found = invert_cloud(gan, clouds, partial=False, steps=STEPS, generator=generator(3))
    assert found.shape == clouds.shape
    same = chamfer(shapes(gan, 5), clouds)
    assert bool((chamfer(clouds.roll(1, 0), clouds) > 1.4 * same).all()), "the shapes have to differ"
    assert bool((chamfer(found, clouds) < 1.15 * same).all())


def test_a_partial_cloud_is_completed_better_than_left_and_what_was_measured_stays_explained(gan: CloudGan, clouds: Tensor) -> None:
    halves = torch.stack([cloud[cloud[:, 0].argsort()[:100]] for cloud in clouds])
    found = invert_cloud(gan, halves, partial=True, steps=STEPS, generator=generator(3), points=300)
    for half, whole, cloud in zip(halves, clouds, found, strict=True):
        added = missing(half, cloud)
        assert len(added) > 30
        completed = torch.cat([half, added])
        assert float(chamfer(completed[None], whole[None])) < 0.5 * float(chamfer(half[None], whole[None]))


def test_only_made_points_away_from_all_measured_ones_are_added() -> None:
    measured = torch.tensor([[0.0, 0, 0], [1, 0, 0], [2, 0, 0]])
    cloud = torch.tensor([[0.0, 0.1, 0], [1, 0.1, 0], [2, 0.1, 0], [1.05, 0, 0], [3, 0, 0]])
    assert missing(measured, cloud).tolist() == [[3, 0, 0]]


def test_every_step_is_told_of_and_may_end_the_search(gan: CloudGan, clouds: Tensor) -> None:
    told: list[tuple[int, int]] = []
    invert_cloud(
        gan, clouds[:1], partial=True, steps=4, generator=generator(), points=9, on_step=lambda done, total, x: told.append((done, total))
    )
    assert told == [(i, 4) for i in range(1, 5)]

    def stop(done: int, total: int, x: Tensor) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        invert_cloud(gan, clouds[:1], partial=True, steps=4, generator=generator(), on_step=stop)
