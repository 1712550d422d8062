import numpy as np
import pytest
import torch

from recon.features.cnn.measure import mutual_nearest, pair_figures
from recon.features.cnn.task import FeaturesTask
from recon.features.cnn.train import main
from recon.features.extractor import Features
from recon.learning.task import collate
from recon.learning.weights import load_weights


@pytest.fixture(scope="module")
def trained():
    """A few steps on one pair of drawn pictures: task, network, losses."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    task = FeaturesTask(None, size=96, keypoints=48, validation_pairs=2)
    batch = collate([task.example(np.random.default_rng([0, i])) for i in range(2)])
    network = task.network().train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    losses = []
    for step in range(25):
        optimizer.zero_grad()
        loss, parts = task.loss(network, batch, step)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        losses.append({"loss": float(loss.detach()), **{name: float(value) for name, value in parts.items()}})
    yield task, network, losses
    torch.set_num_threads(threads)


def test_training_on_one_pair_brings_every_part_of_the_loss_down(trained):
    _, _, losses = trained
    assert losses[-1]["loss"] < 0.5 * losses[0]["loss"]
    assert losses[-1]["keypoints"] < 0.5 * losses[0]["keypoints"]
    assert losses[-1]["anywhere"] < 0.5 * losses[0]["anywhere"]
    assert losses[-1]["matched"] > losses[0]["matched"] + 0.2
    assert losses[-1]["found"] > losses[0]["found"]


def test_all_weights_learn(trained):
    task, network, _ = trained
    batch = collate([task.example(np.random.default_rng(9))])
    network.zero_grad()
    task.loss(network, batch, 0)[0].backward()
    still = [name for name, p in network.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all() or not p.grad.any()]
    assert not still


def test_validation_gives_figures_and_pictures(trained, tmp_path):
    task, network, _ = trained
    network.eval()
    figures = task.validate(network, tmp_path, 7)
    assert next(iter(figures)) == "score"
    assert all(0 <= value <= 1 for name, value in figures.items() if name != "matches")
    assert (tmp_path / "000007_0.jpg").is_file()
    network.train()


def test_figures_of_a_known_pair():
    points = np.zeros((4, 4), np.float32)
    points[:, :2] = [[10, 10], [30, 10], [10, 30], [30, 30]]
    moved = points.copy()
    moved[:, 0] += [5.0, 7.0, 5.5, 12.0]  # errors 0, 2, 0.5, 7 under a shift of 5 pixels
    size, units = (64, 64), np.eye(4, dtype=np.float32)
    shift = np.array([[1.0, 0, 5], [0, 1, 0], [0, 0, 1]])
    figures, matches, errors = pair_figures(Features(points, units, size), Features(moved, units, size), shift)
    assert len(matches) == 4
    np.testing.assert_allclose(errors, [0, 2, 0.5, 7], atol=1e-6)
    assert (figures["mma@1"], figures["mma@3"], figures["repeat@1"]) == (0.5, 0.75, 0.5)
    assert mutual_nearest(np.zeros((0, 4), np.float32), units).shape == (0, 2)


def test_the_command_trains_and_leaves_weights_that_load(tmp_path):
    assert main(["--tiny", "--steps", "2", "--out", str(tmp_path / "run"), "--threads", "1", "--device", "cpu"]) == 0
    tensors, card = load_weights(tmp_path / "run" / "best.safetensors")
    assert card.task == "features"
    assert card.data["drawn pictures"] == 1
    network = FeaturesTask(None).network()
    network.load_state_dict(tensors)
