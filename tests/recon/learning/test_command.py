"""The command line that trainings share, in its own processes where that matters."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys

import pytest
import torch

from recon.learning.card import read_card
from recon.learning.command import main, progress_line
from recon.learning.weights import load_weights
from tests.data_paths import ROOT
from tests.recon.learning.toy import ToyTask

TOY = [sys.executable, "-m", "tests.recon.learning.run_toy", "--tiny", "--device", "cpu"]


def call(*argv: object, **options) -> tuple[int, argparse.Namespace]:
    """Exit code, and what the task was made from."""
    seen: list[argparse.Namespace] = []

    def make(options: argparse.Namespace) -> ToyTask:
        seen.append(options)
        return ToyTask()

    return main("toy", make, [str(word) for word in argv], **options), seen[0] if seen else argparse.Namespace()


def test_tiny_runs_without_data_in_a_few_steps(tmp_path, capsys) -> None:
    code, options = call("--tiny", "--out", tmp_path / "run", "--seed", 4)
    assert code == 0
    assert (options.tiny, options.data, options.steps, options.seed) == (True, None, 6, 4)
    printed = capsys.readouterr().out
    assert "step 6/6" in printed
    assert "validation: score" in printed
    card = read_card(tmp_path / "run" / "best.json")
    assert card.command == "photolith train toy --tiny --out run --seed 4", "the card tells a folder of this machine"


def test_defaults_of_the_task_give_way_to_options(tmp_path) -> None:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--width", type=int, default=7)

    argv = ["--data", tmp_path, "--out", tmp_path / "run", "--steps", 3, "--no-compile"]
    code, options = call(*argv, defaults={"batch": 5, "rate": 0.5, "steps": 99}, add_options=add)
    assert code == 0
    assert (options.batch, options.rate, options.steps, options.width, options.data) == (5, 0.5, 3, 7, tmp_path)


def test_values_of_tiny_can_be_given_by_the_task(tmp_path) -> None:
    assert call("--tiny", "-o", tmp_path / "run", tiny={"steps": 2}, defaults={"steps": 99})[1].steps == 2


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["--out", "run"], 3, "--data is missing"),
        (["--out", "run", "--data", "nowhere"], 3, "'nowhere' is no folder"),
        (["--out", "run", "--tiny", "--resume"], 3, "no run in 'run'"),
        (["--out", "run", "--tiny", "--batch", "0"], 4, "smallest value is 1"),
        (["--out", "run", "--tiny", "--start", "none.safetensors"], 3, "no such file"),
    ],
)
def test_mistakes_are_told_with_the_remedy(tmp_path, monkeypatch, capsys, argv, code: int, words: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(*argv)[0] == code
    assert words in capsys.readouterr().err
    assert not (tmp_path / "run" / "recipe.json").exists()


@pytest.mark.parametrize("argv", [["--tiny"], ["--out", "x", "--precision", "fp8"], ["--out", "x", "--unknown", "1"]])
def test_wrong_usage_ends_with_2(argv, capsys) -> None:
    with pytest.raises(SystemExit) as end:
        call(*argv)
    assert end.value.code == 2


def test_the_same_command_again_goes_on_and_another_recipe_is_refused(tmp_path, capsys) -> None:
    assert call("--tiny", "--out", tmp_path / "run")[0] == 0
    assert call("--tiny", "--out", tmp_path / "run", "--resume", "--steps", 8)[0] == 0
    assert "Goes on from step 6: 8 steps" in capsys.readouterr().out
    assert call("--tiny", "--out", tmp_path / "run", "--steps", 8, "--rate", 0.5)[0] == 3
    assert "config.rate was 0.001 and is now 0.5" in capsys.readouterr().err


def test_progress_line_says_speed_and_what_is_left() -> None:
    event = {"step": 5, "steps": 10, "train": {"loss": 0.25}, "skipped": 2, "examples_per_second": 12.34, "eta_seconds": 3725.4}
    assert progress_line(event) == "step 5/10  1:02:05 left  12.3 examples/s  skipped 2  loss 0.25"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals between processes")
@pytest.mark.parametrize(("number", "workers"), [(signal.SIGINT, "1"), (signal.SIGTERM, "1")])
def test_ctrl_c_leaves_a_checkpoint_and_exits_with_130(tmp_path, number: int, workers: str) -> None:
    """Sent to the whole group, as a terminal does: workers must not die of it."""
    command = [*TOY, "--out", str(tmp_path), "--steps", "100000", "--workers", workers]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        while "validation" not in process.stdout.readline():
            assert process.poll() is None
        os.killpg(process.pid, number)
        try:
            _, errors = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    assert process.returncode == 130, errors
    assert "Run again to resume" in errors
    assert "Traceback" not in errors
    assert 3 <= read_card(tmp_path / "last.json").steps < 100000


def launch_two(*command: str) -> str:
    """Starts a command in two processes, as `accelerate launch` does; what the first one said."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    places = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **places, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=300) for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    return said[0][0]


def test_two_processes_take_the_mean_gradient_and_part_at_the_end() -> None:
    launch_two(sys.executable, "-m", "tests.recon.learning.run_two")


def test_two_processes_train_together_and_resume(tmp_path) -> None:
    two = [*TOY, "--out", str(tmp_path / "two"), "--steps"]
    launch_two(*two, "4")
    assert "Goes on from step 4" in launch_two(*two, "6")
    card = read_card(tmp_path / "two" / "last.json")
    assert (card.steps, card.hardware["processes"]) == (6, 2)
    assert call("--tiny", "--out", tmp_path / "one")[0] == 0
    one, both = (load_weights(tmp_path / name / "last.safetensors")[0] for name in ("one", "two"))
    assert any(not torch.equal(one[name], both[name]) for name in one), "the second process had no part in it"
