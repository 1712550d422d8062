"""The history of a training: every call that had a part in the weights is on their card, and no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recon.errors import Cancelled
from recon.learning.card import ModelCard, read_card
from recon.learning.config import TrainConfig
from recon.learning.history import append_call, call, read_history
from recon.learning.loop import train
from tests.recon.learning.toy import ToyTask


def config(steps: int, **values) -> TrainConfig:
    return TrainConfig(steps=steps, batch=2, rate=1e-2, checkpoint_every=3, validate_every=4, device="cpu", **values)


def stop_after(steps: int):
    """A `check` that ends the training."""
    left = iter(range(steps - 1, -1, -1))

    def check() -> None:
        if next(left) == 0:
            raise Cancelled()

    return check


def spans(history) -> list[tuple[int, int, int]]:
    return [(line["from"], line["to"], line["steps"]) for line in history]


def test_a_card_tells_every_call_of_the_run(tmp_path) -> None:
    with pytest.raises(Cancelled):
        train(ToyTask(), tmp_path, config(20), check=stop_after(5), command="photolith train toy --steps 20")
    train(ToyTask(), tmp_path, config(8), command="photolith train toy --steps 8")
    train(ToyTask(), tmp_path, config(8), command="nothing was left to do")
    history = read_card(tmp_path / "last.json").history
    assert spans(history) == [(0, 5, 20), (5, 8, 8)]
    assert [line["command"] for line in history] == ["photolith train toy --steps 20", "photolith train toy --steps 8"]
    assert (history[0]["batch"], history[0]["rate"]) == (2, 1e-2)
    assert history[0]["hardware"] == {name: value for name, value in read_card(tmp_path / "last.json").hardware.items() if name != "hours"}


def test_steps_that_a_killed_call_lost_are_those_of_the_next_one(tmp_path) -> None:
    class Killed(BaseException):
        pass

    def die(event) -> None:
        if event["event"] == "validated":
            raise Killed

    with pytest.raises(Killed):
        train(ToyTask(), tmp_path, config(20), on_event=die)
    train(ToyTask(), tmp_path, config(6))
    assert spans(read_card(tmp_path / "last.json").history) == [(0, 3, 20), (3, 6, 6)]


def test_weights_to_begin_with_are_named_with_their_own_history(tmp_path) -> None:
    first = train(ToyTask(), tmp_path / "a", config(4))
    given = read_card(first.with_suffix(".json"))
    with pytest.raises(Cancelled):
        train(ToyTask(), tmp_path / "b", config(6), start=first, check=stop_after(2))
    train(ToyTask(), tmp_path / "b", config(6), start=first)
    history = read_card(tmp_path / "b" / "last.json").history
    assert history[0]["start"] == {"name": "toy", "steps": 4, "sha256": given.sha256, "history": given.history}
    assert "start" not in history[1], "a call that goes on from a checkpoint does not use them"


def test_calls_after_the_weights_are_left_out(tmp_path) -> None:
    path = tmp_path / "history.jsonl"
    for step in (0, 5, 9):
        append_call(path, call(step, 20, {"command": str(step)}, None))
    assert spans(read_history(path, 9)) == [(0, 5, 20), (5, 9, 20)]
    append_call(path, call(2, 20, {}, None))
    assert spans(read_history(path, 20)) == [(0, 2, 20), (2, 20, 20)]


@pytest.mark.parametrize(
    "content", [b"", b"\xff\x00{", b"[1]\n3\nnull\n{}", b'{"from": "0"}', b'{"from": -1}\n{"from": true}\n{"from": 7}', b" " * (2 << 20)]
)
def test_a_spoiled_history_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "history.jsonl"
    assert read_history(path, 5) == []
    path.write_bytes(content)
    assert read_history(path, 5) == []
    good = json.dumps({"from": 0, "steps": 5}).encode()
    path.write_bytes(content[:1000] + b"\n" + good)
    assert spans(read_history(path, 5)) == [(0, 5, 5)]


def test_a_card_without_a_start_says_none() -> None:
    assert "start" not in call(0, 5, {}, None)
    assert call(0, 5, {}, ModelCard("a", "b", {}))["start"]["name"] == "a"
