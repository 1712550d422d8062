"""Examples are true geometry, losses ask for the right thing, and a tiny training learns."""

import numpy as np
import pytest
import torch

from recon.learning.config import TrainConfig
from recon.learning.loop import train
from recon.mvs.cnn.examples import assemble, make_example, nearest, view_of
from recon.mvs.cnn.losses import level_loss, masked_mean, total_loss, truth_at
from recon.mvs.cnn.network import Level
from recon.mvs.cnn.task import MvsTask, calibration_error, rays_of, run
from recon.mvs.cnn.toy import toy_set
from recon.mvs.warp import inverse_depth_in_sources, project, row_rays


@pytest.fixture(scope="module")
def views():
    return toy_set(7, 4, (96, 64), 1)


@pytest.mark.parametrize("mirror", [False, True])
def test_the_true_depth_leads_to_the_same_point_in_the_source(views, mirror):
    batch = MvsTask(None).collate([assemble(views, [0, 1], mirror=mirror)])
    source = views.inverse_depth[1]
    source = torch.from_numpy(source[:, ::-1].copy() if mirror else source)
    rows = row_rays(rays_of(batch)[0], 64, 96)
    grid, valid = project(rows, batch["inverse_depth"][0])
    seen = torch.nn.functional.grid_sample(source[None, None], grid, align_corners=True)[0, 0]
    expected = inverse_depth_in_sources(rows, batch["inverse_depth"][0])[0]
    same = (seen - expected).abs() < 0.01 * expected
    assert same[valid[0]].float().mean() > 0.85  # the rest is hidden in the source
    colour = torch.nn.functional.grid_sample(batch["images"][0, 1:], grid, align_corners=True)[0]
    difference = (colour - batch["images"][0, 0]).abs().mean(0)
    assert difference[valid[0] & same].median() < 0.03


def test_an_example_depends_on_the_generator_alone(views):
    a, b, c = (make_example(views, np.random.default_rng(i), part=(16, 24)) for i in (0, 0, 1))
    assert torch.equal(a["images"], b["images"])
    assert a["part"].tolist() == b["part"].tolist()
    assert a["images"].shape != c["images"].shape or not torch.equal(a["images"], c["images"])
    assert (a["part"] % 4 == 0).all()


def test_a_batch_has_as_many_sources_as_its_poorest_example(views):
    examples = [make_example(views, np.random.default_rng(0), sources=n, part=(16, 24)) for n in (3, 2)]
    batch = MvsTask(None, (16, 24)).collate(examples)
    assert batch["images"].shape[:2] == (2, 3)
    assert batch["rays"][0].shape == (2, 2, 3, 3)


def test_near_views_come_first(views):
    centers = np.array([view_of(views, i).cam_from_world.center for i in range(4)])
    order = nearest(views, 0)
    distance = np.linalg.norm(centers[order] - centers[0], axis=1)
    assert (np.diff(distance) > -1e-6).all()


def level_around(truth, offset, count=7):
    """A level whose hypotheses start `offset` steps before the truth and that is sure of the truth's place."""
    step = torch.full_like(truth, 0.01)
    first = truth - offset * step
    place = torch.arange(count)[None, :, None, None].float()
    logits = -4 * (place - offset).abs().expand(1, count, *truth.shape[1:])
    zeros = torch.zeros_like(truth)
    return Level(truth.clone(), logits.clone(), first, step, zeros, zeros, zeros, zeros)


def test_the_loss_is_least_at_the_truth():
    truth = torch.full((1, 4, 6), 0.5)
    right, _, hit = level_loss(level_around(truth, 2.0), truth)
    wrong, distance, _ = level_loss(level_around(truth, 2.0), truth + 0.02)
    assert right < 0.1 < wrong
    assert distance == pytest.approx(2.0, rel=1e-3)
    assert hit == 1


def test_pixels_without_truth_do_not_count():
    truth = torch.full((1, 4, 6), 0.5)
    level = level_around(truth, 2.0)
    level.logits[:, :, :2] = torch.randn(1, 7, 2, 6)
    partly = truth.clone()
    partly[:, :2] = 0
    alone = level_loss(level_around(truth, 2.0), truth)[0]
    torch.testing.assert_close(level_loss(level, partly)[0], alone)
    assert masked_mean(truth, torch.zeros_like(truth)) == 0


def test_truth_of_coarse_levels_is_a_mean_on_surfaces_and_no_mixture_at_edges():
    slope = torch.linspace(0.5, 0.501, 8).expand(1, 8, 8).contiguous()
    torch.testing.assert_close(truth_at(slope, 1)[0, 0], slope[0, 0].view(4, 2).mean(1))
    step = torch.full((1, 8, 8), 0.5)
    step[:, :, 3:] = 0.8
    assert set(np.unique(truth_at(step, 1).numpy().round(3))) == {0.5, np.float32(0.8).round(3)}
    holes = torch.full((1, 8, 8), 0.5)
    holes[:, 5] = 0
    assert set(np.unique(truth_at(holes, 2).numpy())) <= {0.0, 0.5}


def test_calibration_error_of_honest_and_boastful_confidence():
    rng = torch.Generator().manual_seed(0)
    sure = torch.rand(20000, generator=rng)
    honest = torch.rand(20000, generator=rng) < sure
    assert calibration_error(sure, honest) < 0.02
    assert calibration_error(torch.full((1000,), 0.95), torch.zeros(1000, dtype=torch.bool)) == pytest.approx(0.95, abs=1e-6)


def test_a_few_steps_lower_the_loss(views):
    torch.manual_seed(0)
    task = MvsTask(None, (16, 24))
    network = task.network()
    batch = task.collate([make_example(views, np.random.default_rng(0), sources=2, part=(16, 24))])
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        loss, _ = task.loss(network, batch, 0)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-3:]) < 0.85 * losses[0]
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())


def test_the_loop_trains_validates_and_goes_on(tmp_path):
    task = MvsTask(None, (16, 24), 1)
    config = TrainConfig(steps=2, batch=1, warmup=0, validate_every=2, checkpoint_every=2, log_every=1, threads=1, device="cpu")
    weights = train(task, tmp_path, config)
    assert weights.is_file()
    assert len(list((tmp_path / "samples").glob("*.jpg"))) == 1
    events = []
    train(task, tmp_path, TrainConfig(**{**config.__dict__, "steps": 3}), on_event=events.append)
    assert events[0]["step"] == 2
    measured = next(e["measured"] for e in events if e["event"] == "validated")
    assert 0 <= measured["within_1px"] <= measured["within_2px"] <= 1
    assert measured["classical_within_2px"] > 0.5


@torch.no_grad()
def test_loss_of_a_part_is_finite_where_nothing_is_known(views):
    task = MvsTask(None, (16, 24))
    batch = task.collate([make_example(views, np.random.default_rng(0), sources=2, part=(16, 24))])
    result = run(task.network(), batch)
    loss, _ = total_loss(result, torch.zeros_like(batch["inverse_depth"]), None, batch["far"])
    assert torch.isfinite(loss)
