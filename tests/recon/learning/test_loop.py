"""The training loop: same bits after a break, averaged weights, steps that are not finite, what lies in the folder."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
import torch

from recon.errors import Cancelled, InputError, ResourceError, SettingsError, TrainingError, WeightsError
from recon.learning.batches import Batches
from recon.learning.card import read_card
from recon.learning.config import TrainConfig, learning_rate
from recon.learning.ema import Average
from recon.learning.loop import train
from recon.learning.run_folder import RunFolder
from recon.learning.state import load_state
from recon.learning.weights import load_weights
from tests.recon.learning.toy import ToyNetwork, ToyTask

CONFIG = TrainConfig(steps=24, batch=4, rate=1e-2, warmup=2, ema=0.9, log_every=4, checkpoint_every=5, validate_every=8, device="cpu")


def changed(**values) -> TrainConfig:
    return TrainConfig(**{**{name: getattr(CONFIG, name) for name in CONFIG.__dataclass_fields__}, **values})


def stop_at(step: int):
    """A `check` that stops the training after `step` calls."""
    calls = iter(range(1, step + 1))

    def check() -> None:
        if next(calls) == step:
            raise Cancelled()

    return check


def same_run(a: Path, b: Path) -> None:
    for name in ("best.safetensors", "last.safetensors"):
        assert (a / name).read_bytes() == (b / name).read_bytes(), name


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    network = ToyNetwork()
    load_state(folder / "state.safetensors", network, Average(network, 0.9), torch.optim.AdamW(network.parameters()))
    return network.state_dict()


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A run without a break."""
    folder = tmp_path_factory.mktemp("whole")
    train(ToyTask(), folder, CONFIG)
    return folder


@pytest.mark.parametrize("at", [1, 5, 8, 13, 23])
def test_a_run_with_a_break_has_the_same_bytes_as_one_without(whole, tmp_path, at: int) -> None:
    with pytest.raises(Cancelled):
        train(ToyTask(), tmp_path, CONFIG, check=stop_at(at))
    task = ToyTask()
    train(task, tmp_path, CONFIG)
    assert [step for step, _ in task.seen] == list(range(at, CONFIG.steps)), "a step was repeated or left out"
    same_run(whole, tmp_path)
    assert all(torch.equal(value, weights_of(whole)[name]) for name, value in weights_of(tmp_path).items())


def test_a_killed_run_goes_on_from_its_last_checkpoint_to_the_same_bytes(whole, tmp_path) -> None:
    class Killed(BaseException):
        pass

    def die(event) -> None:
        if event["event"] == "progress" and event["step"] == 12:
            raise Killed

    with pytest.raises(Killed):
        train(ToyTask(), tmp_path, CONFIG, on_event=die)
    task = ToyTask()
    train(task, tmp_path, CONFIG)
    assert task.seen[0][0] == 10
    same_run(whole, tmp_path)
    steps = [(line["step"], "train" in line) for line in RunFolder(tmp_path).read_log()]
    assert steps == sorted(set(steps), key=lambda s: (s[0], not s[1])), "lines of the log are doubled"


def test_worker_processes_make_the_same_batches(whole, tmp_path) -> None:
    train(ToyTask(), tmp_path, changed(workers=1))
    same_run(whole, tmp_path)


def test_examples_depend_on_seed_process_and_step_only() -> None:
    def values(seed: int, rank: int, step: int) -> list[float]:
        return Batches(ToyTask(), changed(seed=seed), rank)[step]["value"].tolist()

    assert values(0, 0, 3) == values(0, 0, 3)
    assert len({tuple(values(*key)) for key in [(0, 0, 3), (1, 0, 3), (0, 1, 3), (0, 0, 4)]}) == 4
    assert len(set(values(0, 0, 3))) == CONFIG.batch, "examples of a batch are the same"


def test_training_learns_and_averages(tmp_path) -> None:
    best = train(ToyTask(), tmp_path, changed(steps=300, batch=32, validate_every=100))
    card = read_card(best.with_suffix(".json"))
    first = next(line for line in RunFolder(tmp_path).read_log() if "train" in line)
    assert card.measured["error"] < 0.2 * first["train"]["loss"]


def test_average_follows_the_closed_form() -> None:
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(network.weight)
    average = Average(network, 0.99)
    torch.nn.init.ones_(network.weight)
    kept = 1.0
    for update in range(1, 40):
        average.update(update)
        kept *= min(0.99, (1 + update) / (10 + update))
    assert float(average.tensors()["weight"]) == pytest.approx(1 - kept, rel=1e-5)
    assert average.decay(10**6) == 0.99
    exact = Average(network, 0.0)
    torch.nn.init.constant_(network.weight, 5.0)
    exact.update(1)
    assert float(exact.tensors()["weight"]) == 5.0


def test_average_takes_buffers_as_they_are() -> None:
    network = torch.nn.BatchNorm1d(3)
    average = Average(network, 0.999)
    network(torch.randn(8, 3))
    average.update(1)
    assert torch.equal(average.tensors()["running_mean"], network.running_mean)
    assert int(average.tensors()["num_batches_tracked"]) == 1


def test_rate_warms_up_and_ends_at_one_percent() -> None:
    config = TrainConfig(steps=1000, batch=1, rate=2.0, warmup=99)
    assert learning_rate(0, config) == pytest.approx(0.02)
    assert learning_rate(49, config) == pytest.approx(1.0)
    assert learning_rate(99, config) == pytest.approx(2.0)
    assert learning_rate(549, config) == pytest.approx(2.0 * (0.01 + 0.99 * 0.5))
    assert learning_rate(999, config) == pytest.approx(0.02)
    assert max(learning_rate(step, config) for step in range(1000)) == pytest.approx(2.0)
    assert learning_rate(0, TrainConfig(steps=1, batch=1, rate=2.0)) == pytest.approx(2.0)


class Slow(ToyTask):
    """Every step takes six seconds of a clock that stands still otherwise."""

    def __init__(self, monkeypatch) -> None:
        super().__init__()
        self.now = 0.0
        monkeypatch.setattr("recon.learning.tally.time.monotonic", lambda: self.now)

    def loss(self, network, batch, step):
        self.now += 6.0
        return super().loss(network, batch, step)


def test_rate_follows_the_minutes_where_they_end_first() -> None:
    config = TrainConfig(steps=10**6, batch=1, rate=2.0, warmup=0, minutes=2.0)
    assert learning_rate(10, config, 60.0) == pytest.approx(2.0 * (0.01 + 0.99 * 0.5), rel=1e-6)
    assert learning_rate(10, config, 120.0) == pytest.approx(0.02)
    assert learning_rate(999_999, config, 60.0) == pytest.approx(0.02)


def test_minutes_end_a_run_with_a_validation_and_the_lowest_rate(tmp_path, monkeypatch) -> None:
    events: list[dict] = []
    best = train(Slow(monkeypatch), tmp_path, changed(steps=1000, minutes=1.0, log_every=1), on_event=events.append)
    assert [event["step"] for event in events if event["event"] == "validated"] == [8, 10]
    assert events[-1]["event"] == "finished"
    assert [event["eta_seconds"] for event in events if event["event"] == "progress"] == [54, 48, 42, 36, 30, 24, 18, 12, 6, 0]
    rates = [line["train"]["rate"] for line in map(json.loads, (tmp_path / "log.jsonl").read_text().splitlines()) if "train" in line]
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert rates[-1] < 0.1 * CONFIG.rate
    assert read_card(best.with_suffix(".json")).hardware["hours"] == pytest.approx(1 / 60, abs=0.005)


def test_minutes_that_were_spent_before_a_break_count(tmp_path, monkeypatch) -> None:
    minutes = changed(steps=1000, minutes=1.0, log_every=50)
    with pytest.raises(Cancelled):
        train(Slow(monkeypatch), tmp_path, minutes, check=stop_at(3))
    for config, seen in ((minutes, range(3, 10)), (minutes, range(0)), (changed(steps=1000, minutes=1.5), range(10, 15))):
        task = Slow(monkeypatch)
        train(task, tmp_path, config)
        assert [step for step, _ in task.seen] == list(seen)


def test_a_step_that_is_not_finite_changes_nothing_and_is_counted(tmp_path) -> None:
    spoiled = ToyTask(spoiled=range(3, 6))
    train(spoiled, tmp_path, changed(steps=8, log_every=1))
    lines = [line for line in RunFolder(tmp_path).read_log() if "train" in line]
    assert [line["skipped"] for line in lines] == [0, 0, 0, 1, 2, 3, 3, 3]
    assert all(torch.isfinite(value).all() for value in load_weights(tmp_path / "last.safetensors")[0].values())
    with pytest.raises(Cancelled):
        train(ToyTask(spoiled=range(3, 6)), tmp_path / "before", changed(steps=8), check=stop_at(3))
    with pytest.raises(Cancelled):
        train(ToyTask(spoiled=range(3, 6)), tmp_path / "after", changed(steps=8), check=stop_at(6))
    before, after = weights_of(tmp_path / "before"), weights_of(tmp_path / "after")
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_training_that_comes_apart_ends_with_the_reason(tmp_path) -> None:
    with pytest.raises(TrainingError, match=r"20 times in a row, up to step 25.*--rate"):
        train(ToyTask(spoiled=range(5, 100)), tmp_path, changed(steps=100))


def test_more_steps_may_be_asked_for_later(whole, tmp_path) -> None:
    train(ToyTask(), tmp_path, CONFIG)
    task = ToyTask()
    train(task, tmp_path, changed(steps=30, log_every=2, checkpoint_every=7))
    assert [step for step, _ in task.seen] == list(range(24, 30))
    assert read_card(tmp_path / "last.json").steps == 30
    with pytest.raises(TrainingError, match="step 30 already"):
        train(ToyTask(), tmp_path, CONFIG)


def test_a_finished_run_is_not_trained_again(tmp_path) -> None:
    train(ToyTask(), tmp_path, CONFIG)
    before = (tmp_path / "best.safetensors").read_bytes()
    task = ToyTask()
    assert train(task, tmp_path, CONFIG) == tmp_path / "best.safetensors"
    assert task.seen == []
    assert (tmp_path / "best.safetensors").read_bytes() == before


def test_another_recipe_is_refused_and_its_differences_named(tmp_path) -> None:
    train(ToyTask(), tmp_path, changed(steps=2))
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.safetensors")}
    with pytest.raises(InputError, match=r"config\.rate was 0\.01 and is now 0\.1; config\.seed was 0 and is now 3.*--out"):
        train(ToyTask(), tmp_path, changed(rate=0.1, seed=3))
    with pytest.raises(InputError, match=r"data\.width was 2 and is now 3"):
        train(ToyTask(width=3), tmp_path, CONFIG)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.safetensors")} == before


def test_a_run_that_is_older_than_a_setting_goes_on_with_its_usual_value(tmp_path) -> None:
    train(ToyTask(), tmp_path, changed(steps=2))
    recipe = json.loads((tmp_path / "recipe.json").read_text())
    del recipe["config"]["momentum"]
    (tmp_path / "recipe.json").write_text(json.dumps(recipe))
    with pytest.raises(InputError, match=r"config\.momentum was 0\.9 and is now 0\.5"):
        train(ToyTask(), tmp_path, changed(momentum=0.5))
    train(ToyTask(), tmp_path, CONFIG)


def test_a_folder_with_weights_of_something_else_is_not_written_into(tmp_path) -> None:
    (tmp_path / "best.safetensors").write_bytes(b"precious")
    with pytest.raises(InputError, match=r"best\.safetensors"):
        train(ToyTask(), tmp_path, CONFIG)
    assert (tmp_path / "best.safetensors").read_bytes() == b"precious"


def test_two_trainings_do_not_share_a_folder(tmp_path) -> None:
    with RunFolder(tmp_path).lock(), pytest.raises(ResourceError, match="Another process trains"):
        train(ToyTask(), tmp_path, CONFIG)


def test_a_damaged_state_is_an_error_with_a_remedy(tmp_path) -> None:
    train(ToyTask(), tmp_path, changed(steps=2))
    state = tmp_path / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-10])
    with pytest.raises(WeightsError, match="damaged"):
        train(ToyTask(), tmp_path, CONFIG)


def test_best_weights_that_were_spoiled_by_a_crash_are_made_again(tmp_path) -> None:
    train(ToyTask(), tmp_path, CONFIG)
    (tmp_path / "best.safetensors").write_bytes(b"half")
    load_weights(train(ToyTask(), tmp_path, CONFIG))


def test_settings_out_of_range_are_refused_before_anything_is_written(tmp_path) -> None:
    with pytest.raises(SettingsError, match="precision"):
        train(ToyTask(), tmp_path / "run", changed(precision="fp8"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_leave_a_checkpoint(tmp_path, number: int) -> None:
    before = signal.getsignal(number)

    def ask(event) -> None:
        if event["event"] == "progress" and event["step"] == 8:
            os.kill(os.getpid(), number)

    with pytest.raises(Cancelled, match="after step 9 of 24") as stopped:
        train(ToyTask(), tmp_path, CONFIG, on_event=ask)
    assert stopped.value.exit_code == 130
    assert signal.getsignal(number) is before
    task = ToyTask()
    train(task, tmp_path, CONFIG)
    assert task.seen[0][0] == 9


def test_a_training_starts_with_given_weights(whole, tmp_path) -> None:
    start = whole / "best.safetensors"
    train(ToyTask(), tmp_path, changed(steps=1, rate=0.0), start=start)
    trained, given = load_weights(tmp_path / "last.safetensors")[0], load_weights(start)[0]
    assert all(torch.equal(trained[name], given[name]) for name in given if "running" not in name and "num" not in name)
    with pytest.raises(InputError, match="start was"):
        train(ToyTask(), tmp_path, changed(steps=1, rate=0.0))


def test_bf16_trains_in_coarse_numbers_and_keeps_fp32_weights(tmp_path) -> None:
    kinds = []

    class Task(ToyTask):
        def loss(self, network, batch, step):
            kinds.append(network.values(batch["point"]).dtype)
            return super().loss(network, batch, step)

    best = train(Task(), tmp_path, changed(steps=4, precision="bf16"))
    assert set(kinds) == {torch.bfloat16}
    assert {value.dtype for value in load_weights(best)[0].values()} == {torch.float32, torch.int64}


def test_folder_holds_what_was_promised(whole) -> None:
    names = {path.name for path in whole.iterdir()}
    assert {"recipe.json", "state.safetensors", "log.jsonl", "curves.png", "samples", "best.safetensors", "best.json"} <= names
    assert {"last.safetensors", "last.json"} <= names
    assert {path.name for path in (whole / "samples").iterdir()} == {"8.txt", "16.txt", "24.txt"}
    assert not list(whole.glob(".*.part"))
    lines = [json.loads(text) for text in (whole / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "train" in line] == [4, 8, 12, 16, 20, 24]
    assert set(lines[0]["train"]) == {"loss", "error", "one", "gradient", "rate"}
    assert lines[0]["train"]["one"] == 1.0
    assert [line["step"] for line in lines if "validation" in line] == [8, 16, 24]
    card = read_card(whole / "best.json")
    scores = {line["step"]: line["validation"]["score"] for line in lines if "validation" in line}
    assert card.steps == max(scores, key=scores.__getitem__)
    assert card.measured["score"] == scores[card.steps]
