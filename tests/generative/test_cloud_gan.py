"""The GAN of clouds: networks without an order of points, data from voxel grids, figures of coverage, and the training."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from generative.networks.cloud_gan import CloudCritic, CloudGan, CloudGanArchitecture, CloudGenerator, on_sphere
from generative.training import clouds_gan_task
from generative.training.chamfer import all_chamfer, chamfer, one_sided
from generative.training.class_clouds import BoxySurface, ClassClouds
from generative.training.cloud_task import cloud_figures
from generative.training.clouds_gan_task import CloudsGanTask
from generative.training.scatter import drawn
from recon.errors import InputError
from recon.learning.weights import load_into, load_weights
from recon.metrics import clouds as metrics

SMALL = CloudGanArchitecture(("a", "b"), points=40, latent=8, width=16, blocks=2)
SPECTRAL = CloudGanArchitecture(("a", "b"), width=16, spectral=True)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_seeds_in_another_order_make_the_points_in_that_order_and_more_seeds_leave_the_others() -> None:
    torch.manual_seed(0)
    generator = CloudGenerator(SMALL)
    z, y, seeds, order = random(3, 8), torch.tensor([0, 1, 0]), on_sphere(random(3, 40, 3, seed=1)), torch.randperm(40)
    made = generator(z, y, seeds)
    assert torch.allclose(generator(z, y, seeds[:, order]), made[:, order], atol=1e-6)
    assert torch.allclose(generator(z, y, seeds[:, :7]), made[:, :7], atol=1e-6)
    assert not torch.allclose(generator(z.flip(0), y, seeds), made, atol=1e-3), "the noise has to matter"
    assert not torch.allclose(generator(z, 1 - y, seeds), made, atol=1e-3), "the class has to matter"
    assert generator.draw(4, torch.Generator(), 11)[0].shape == (4, 11, 3)


@pytest.mark.parametrize("architecture", [SMALL, SPECTRAL])
def test_the_critic_sees_no_order_but_sees_where_one_point_is(architecture: CloudGanArchitecture) -> None:
    torch.manual_seed(0)
    critic = CloudCritic(architecture).eval()
    x, y = random(3, 40, 3), torch.tensor([0, 1, 0])
    logits = critic(x, y)
    assert torch.allclose(critic(x[:, torch.randperm(40)], y), logits, atol=1e-6)
    assert not torch.allclose(critic(x, 1 - y), logits, atol=1e-4)
    moved = x.clone()
    moved[:, 0] += 0.5
    assert not torch.allclose(critic(moved, y), logits, atol=1e-5)


def test_the_critic_sees_how_much_clouds_of_a_class_differ_and_other_classes_do_not_matter() -> None:
    torch.manual_seed(0)
    critic = CloudCritic(SMALL).eval()
    x, y = random(4, 40, 3) * torch.tensor([1.0, 3.0, 1.0, 3.0])[:, None, None], torch.tensor([0, 0, 1, 1])
    logit = critic(x, y)[0]
    assert not torch.allclose(critic(x[[0, 0, 2, 3]], y)[0], logit, atol=1e-3)
    assert torch.allclose(critic(x[[0, 1, 2, 2]], y)[0], logit, atol=1e-6)


def test_spectral_normalisation_bounds_every_layer_of_the_critic() -> None:
    torch.manual_seed(0)
    critic = CloudCritic(SPECTRAL)
    layers = [module for module in critic.modules() if isinstance(module, nn.Linear | nn.Embedding)]
    for layer in layers:
        layer.parametrizations.weight.original.data.mul_(7)
    for _ in range(30):  # power iterations
        critic(random(2, 9, 3), torch.tensor([0, 1]))
    norms = [float(torch.linalg.matrix_norm(layer.weight.detach(), 2)) for layer in layers]
    assert len(norms) == 8
    assert all(norm == pytest.approx(1.0, abs=0.02) for norm in norms)


def test_chamfer_distance_is_that_of_the_metrics_and_its_gradient_pulls_the_clouds_together() -> None:
    a, b = random(2, 30, 3), random(2, 50, 3, seed=1)
    for i in range(2):
        assert float(chamfer(a, b)[i]) == pytest.approx(metrics.chamfer(a[i].numpy(), b[i].numpy()), rel=1e-4)
    assert torch.allclose(all_chamfer(a, b).diagonal(), chamfer(a, b), rtol=1e-4)
    assert float(one_sided(b[:, :20], b).abs().max()) == 0
    assert float(one_sided(b, b[:, :20]).min()) > 0
    moving = a.clone().requires_grad_(True)
    chamfer(moving, b).sum().backward()
    assert float((chamfer(a - 0.5 * moving.grad, b) - chamfer(a, b)).max()) < 0


def blobs(centres: Tensor, count: int, seed: int) -> Tensor:
    """Clouds `[count, 20, 3]` around the centres in turn."""
    return centres[torch.arange(count) % len(centres), None] + 0.3 * random(count, 20, 3, seed=seed) + 0.1 * random(count, 1, 3, seed=seed)


def test_collapse_and_rubbish_show_in_the_figures_of_clouds() -> None:
    centres = 3 * random(6, 3)
    real = blobs(centres, 60, 1)
    good, collapsed, rubbish = (
        cloud_figures(real, fake) for fake in (blobs(centres, 60, 2), blobs(centres[:1], 60, 2), 4 * random(60, 20, 3, seed=3))
    )
    assert min(good["precision"], good["recall"]) > 0.7
    assert good["coverage"] > 0.4
    assert collapsed["precision"] > 0.6
    assert collapsed["recall"] < 0.3
    assert collapsed["coverage"] < 0.2
    assert collapsed["mmd"] > 3 * good["mmd"]
    assert rubbish["precision"] < 0.2
    assert rubbish["mmd"] > 3 * good["mmd"]


def test_points_lie_on_the_faces_between_voxels_evenly_and_in_the_unit_sphere() -> None:
    grid = np.zeros((9, 7, 5), bool)
    grid[2:6, 1:3, 3:4] = True  # 4 x 2 x 1: diagonal sqrt(21), faces 2 (8 + 4 + 2)
    surface = BoxySurface.of(grid)
    assert len(surface.axes) == 28
    points = surface.draw(4000, np.random.default_rng(0)) * np.sqrt(21)
    half = np.array([4, 2, 1])
    assert np.abs(points).max(0) == pytest.approx(half, abs=1e-5)
    on_face = np.isclose(np.abs(points), half, atol=1e-4)
    assert on_face.any(1).all()
    assert on_face.mean(0) == pytest.approx(np.array([2 * 2, 2 * 4, 2 * 8]) / 28, abs=0.03)


def test_grids_are_read_by_class_held_back_ones_are_never_drawn_and_other_folders_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name, count in (("lamp", 16), ("sofa", 9)):
        np.savez_compressed(tmp_path / f"voxels_{name}.npz", voxels=(rng.random((count, 1, 6, 6, 6)) > 0.5).astype(float))
    train, test = ClassClouds(tmp_path, "train"), ClassClouds(tmp_path, "test")
    assert (train.classes, len(train), len(test)) == (("lamp", "sofa"), 14 + 7, 2 + 2)
    clouds, labels = test.all(30)
    assert clouds.shape == (4, 30, 3)
    assert labels.tolist() == [0, 0, 1, 1]
    cloud, label = train.draw(25, rng)
    assert cloud.shape == (25, 3)
    assert label in (0, 1)
    assert float(np.linalg.norm(cloud, axis=1).max()) < 1.1
    np.savez(tmp_path / "voxels_few.npz", voxels=np.ones((1, 4, 4, 4)))
    with pytest.raises(InputError, match="too few"):
        ClassClouds(tmp_path, "train")
    (tmp_path / "voxels_few.npz").write_bytes(b"PK no zip")
    with pytest.raises(InputError, match="voxels_few"):
        ClassClouds(tmp_path, "train")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no voxel grids"):
        ClassClouds(tmp_path / "empty", "train")


def test_each_player_moves_alone() -> None:
    task = CloudsGanTask(None, points=32, width=16)
    torch.manual_seed(0)
    gan = task.network()
    batch = task.collate([task.example(np.random.default_rng(i)) for i in range(4)])
    for step, moved, still in ((0, gan.critic, gan.generator), (1, gan.generator, gan.critic)):
        gan.zero_grad(set_to_none=True)
        task.loss(gan, batch, step)[0].backward()
        assert all(p.grad is None for p in still.parameters())
        assert all(p.grad is not None for p in moved.parameters())


def test_a_tiny_training_runs_and_its_weights_load(tmp_path: Path) -> None:
    assert clouds_gan_task.main(["--tiny", "--out", str(tmp_path / "run"), "--device", "cpu"]) == 0
    tensors, card = load_weights(tmp_path / "run" / "best.safetensors")
    architecture = CloudGanArchitecture(**{**card.architecture, "classes": tuple(card.architecture["classes"])})
    assert asdict(architecture)["classes"] == ("ball", "box", "table")
    load_into(CloudGan(architecture), tensors)
    assert set(card.measured) == {"f_score", "precision", "recall", "coverage", "mmd"}
    assert list((tmp_path / "run" / "samples").glob("*.png"))


def test_a_drawn_cloud_shows_up_above_and_near_points_darker() -> None:
    points = torch.tensor([[[0.0, 0, 0]], [[0.0, 0, 0.8]], [[0.0, -0.8, 0]]])  # middle, above, towards the viewer
    pictures = drawn(points, 60)
    assert pictures.shape == (3, 3, 60, 60)
    rows = [(picture[0] < 1).nonzero().float().mean(0)[0] for picture in pictures]
    assert abs(float(rows[0]) - 30) < 2
    assert rows[1] < rows[0] - 10
    assert pictures[2].min() < pictures[0].min()
