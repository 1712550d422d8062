"""`photolith models` and `photolith train`: what they print and return."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from diffusers import UNet2DModel

from desktop.cli.train import TRAININGS
from generative.networks.residual_unet import ResidualUNet, ResidualUNetArchitecture
from generative.networks.unet2d import unet2d, unet_settings
from recon.errors import InputError, WeightsError
from recon.learning import shelf
from recon.learning.card import ModelCard
from recon.learning.weights import save_weights


@pytest.fixture
def models(tmp_path, monkeypatch) -> Path:
    """A shelf with two models."""
    monkeypatch.setattr(shelf, "shelf", lambda: tmp_path)
    for name, score in (("features", 0.93), ("mvs", 0.87)):
        card = ModelCard(name, name, {"width": 8}, steps=500, measured={"auc": score})
        save_weights({"w": torch.ones(30, 10)}, tmp_path / f"{name}.safetensors", card, torch.float16)
    return tmp_path


def test_list_shows_name_task_size_and_score(photolith, models) -> None:
    code, out, _ = photolith("models", "list")
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert lines[1] == ["features", "features", "0.00", "MB", "auc", "0.93", "500"]
    assert lines[2][0] == "mvs"
    rows = json.loads(photolith("models", "list", "--json")[1])["models"]
    assert [(row["name"], row["score"], row["bytes"]) for row in rows] == [
        (name, score, (models / f"{name}.safetensors").stat().st_size) for name, score in (("features", 0.93), ("mvs", 0.87))
    ]


def test_list_goes_on_past_a_damaged_card(photolith, models) -> None:
    (models / "features.json").write_text("{}")
    code, out, _ = photolith("models", "list")
    assert code == 0
    assert "cannot be used" in out
    assert "mvs" in out


def test_show_prints_the_card(photolith, models) -> None:
    code, out, _ = photolith("models", "show", "mvs", "--json")
    assert (code, json.loads(out)["measured"]) == (0, {"auc": 0.87})
    code, out, _ = photolith("models", "show", models / "features.safetensors")
    assert (code, out.splitlines()[0]) == (0, "features:")
    assert "measured: auc 0.93" in out


def test_show_tells_every_call_of_the_training_and_the_note(photolith, models) -> None:
    start = {"name": "toy", "steps": 30, "sha256": "ab" * 32, "history": []}
    calls = [
        {"from": 0, "to": 228, "steps": 2500, "batch": 4, "rate": 2e-3, "hardware": {"device": "a processor"}, "start": start},
        {"from": 228, "to": 900, "steps": 900, "command": "photolith train features --steps 900"},
    ]
    card = ModelCard("features", "features", {}, steps=900, history=calls, note="The data grew on the way.")
    save_weights({"w": torch.ones(3)}, models / "features.safetensors", card)
    out = photolith("models", "show", "features")[1]
    assert "0 to 228 of 2500, batch 4, rate 0.002, a processor, from toy (30 steps, abababababab)" in out
    assert "228 to 900 of 900: photolith train features --steps 900" in out
    assert "note: The data grew on the way." in out


def test_show_of_a_hostile_card_cannot_steer_the_terminal(photolith, models) -> None:
    deep: dict[str, object] = {}
    for _ in range(200):
        deep = {"k" * 20: deep, "x\x1b[2J": "\ud800"}
    calls = [{"from": "\x1b]0;x\x07", "hardware": 3, "start": {"sha256": None}, "command": ["a"]}]
    card = ModelCard("mvs", "\x1b[31m", {}, data=deep, history=calls, note="\x9b2J", hardware={"hours": "many"})
    text = json.dumps({**card.to_json(), "sha256": "0" * 64})
    (models / "mvs.json").write_text(text)
    code, out, _ = photolith("models", "show", "mvs")
    assert code == 0
    assert not any(c < " " or "\x7f" <= c < "\xa0" for line in out.splitlines() for c in line)


def test_show_of_an_unknown_name_lists_the_known(photolith, models) -> None:
    code, _, errors = photolith("models", "show", "nothing")
    assert code == WeightsError.exit_code
    assert "There are: features, mvs." in errors


def test_verify_passes_whole_files_and_names_the_damaged_one(photolith, models) -> None:
    code, out, _ = photolith("models", "verify")
    assert (code, out.splitlines()) == (0, ["features: whole, 300 values", "mvs: whole, 300 values"])
    path = models / "features.safetensors"
    path.write_bytes(path.read_bytes()[:-5])
    code, out, errors = photolith("models", "verify")
    assert (code, out.splitlines()) == (3, ["mvs: whole, 300 values"])
    assert errors.startswith("features: ")
    assert "SHA-256" in errors
    assert photolith("models", "verify", "mvs")[0] == 0
    assert photolith("models", "verify", path)[0] == 3


def test_what_is_shipped_is_whole(photolith) -> None:
    assert photolith("models", "verify")[0] == 0


def test_train_lists_what_can_be_trained_and_refuses_the_rest(photolith) -> None:
    code, out, _ = photolith("train")
    assert (code, [line.split()[0] for line in out.splitlines()]) == (0, list(TRAININGS))
    code, _, errors = photolith("train", "nothing")
    assert code == WeightsError.exit_code
    assert ", ".join(TRAININGS) in errors


@pytest.mark.parametrize("name", TRAININGS)
def test_train_hands_its_options_on_and_returns_the_exit_code(photolith, monkeypatch, name: str) -> None:
    got = []
    module = SimpleNamespace(main=lambda argv: got.append(argv) or 130)
    monkeypatch.setattr("desktop.cli.train.import_module", {TRAININGS[name][0]: module}.__getitem__)
    assert photolith("train", name, "--out", "x", "--steps", "5", "-v")[0] == 130
    assert got == [["--out", "x", "--steps", "5", "-v"]]


@pytest.mark.parametrize("name", TRAININGS)
def test_every_training_is_there(name: str) -> None:
    assert callable(importlib.import_module(TRAININGS[name][0]).main)


def test_export_writes_a_prior_that_diffusers_loads(photolith, tmp_path) -> None:
    settings = unet_settings(16, 8)
    network = unet2d(settings)
    save_weights(network.state_dict(), tmp_path / "prior.safetensors", ModelCard("prior", "photo-prior", settings, steps=1))
    code, out, err = photolith("models", "export", tmp_path / "prior.safetensors", "-o", tmp_path / "folder")
    assert (code, out.startswith("Wrote ")) == (0, True), err
    again = UNet2DModel.from_pretrained(tmp_path / "folder" / "unet").state_dict()
    assert all(torch.equal(again[name], value) for name, value in network.state_dict().items())
    assert photolith("models", "export", tmp_path / "prior.safetensors", "-o", tmp_path / "folder")[0] == InputError.exit_code


def test_export_says_when_a_model_has_no_such_format(photolith, tmp_path) -> None:
    architecture = {"widths": [8, 8], "blocks": 1}
    network = ResidualUNet(ResidualUNetArchitecture(widths=(8, 8), blocks=1))
    save_weights(network.state_dict(), tmp_path / "rddm.safetensors", ModelCard("rddm", "photo-rddm", architecture, steps=1))
    code, _, err = photolith("models", "export", tmp_path / "rddm.safetensors", "-o", tmp_path / "folder")
    assert code == WeightsError.exit_code
    assert "no diffusion prior" in err
