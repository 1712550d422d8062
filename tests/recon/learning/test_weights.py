"""Files of weights: what is read, and what is refused with a reason."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from recon.errors import WeightsError
from recon.learning import shelf
from recon.learning.card import ModelCard, card_path, read_card, write_card
from recon.learning.ship import main as ship_main
from recon.learning.ship import ship
from recon.learning.weights import load_into, load_weights, read_tensors, save_weights, shipped, verify

CARD = ModelCard("toy", "toys", {"hidden": 16}, steps=800, data={"points": 5, "terms": "CC0"}, measured={"protocol": "x", "auc": 0.5})
TENSORS = {"a.weight": torch.linspace(-1, 1, 12).reshape(3, 4), "a.count": torch.tensor(7), "empty": torch.zeros(0, 2)}


@pytest.fixture
def path(tmp_path) -> Path:
    path = tmp_path / "toy.safetensors"
    save_weights(TENSORS, path, CARD)
    return path


def give(path: Path, content: bytes) -> None:
    """Another content, with a card that vouches for it."""
    path.write_bytes(content)
    write_card(replace(CARD, sha256=hashlib.sha256(content).hexdigest()), card_path(path))


def with_header(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype: str = "F32", shape: object = (1,), offsets: object = (0, 4)) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def test_weights_and_card_come_back(path) -> None:
    tensors, card = load_weights(path)
    assert set(tensors) == set(TENSORS)
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)
    assert card == replace(CARD, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    assert list(path.parent.glob("*.part")) == []
    verify(path)


def test_float16_halves_the_file_and_is_read_as_float32(path, tmp_path) -> None:
    half = tmp_path / "half.safetensors"
    large = {"w": torch.linspace(-3, 3, 5000)}
    save_weights(large, path, CARD)
    save_weights(large, half, CARD, torch.float16)
    assert half.stat().st_size < 0.52 * path.stat().st_size
    tensors, _ = load_weights(half)
    assert tensors["w"].dtype == torch.float32
    assert torch.allclose(tensors["w"], large["w"], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("value", "dtype"), [(float("nan"), torch.float32), (1e6, torch.float16)])
def test_values_that_cannot_be_stored_are_not_written(tmp_path, value: float, dtype: torch.dtype) -> None:
    with pytest.raises(WeightsError, match="w has values that are not finite"):
        save_weights({"w": torch.tensor([value])}, tmp_path / "x.safetensors", CARD, dtype)
    assert list(tmp_path.iterdir()) == []


def test_tensors_that_share_memory_are_stored(tmp_path) -> None:
    whole = torch.arange(6.0)
    save_weights({"a": whole, "b": whole[2:], "c": whole.reshape(2, 3).T}, tmp_path / "x.safetensors", CARD)
    assert torch.equal(load_weights(tmp_path / "x.safetensors")[0]["c"], whole.reshape(2, 3).T)


@pytest.mark.parametrize("keep", [0, 5, 8, 60, -1])
def test_a_cut_file_is_refused(path, keep: int) -> None:
    content = path.read_bytes()[:keep]
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="SHA-256"):
        load_weights(path)
    give(path, content)
    with pytest.raises(WeightsError, match="damaged or no safetensors file"):
        load_weights(path)


def test_a_changed_byte_is_found(path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"SHA-256.*again"):
        load_weights(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\x80\x04garbage of some other format" * 9, "does not begin with a header"),
        ((1 << 62).to_bytes(8, "little") + b"{}", "does not begin with a header"),
        (with_header(b"\xff\xfe nothing"), "not JSON"),
        (with_header(b"[" * 100000), "not JSON"),
        (with_header([1, 2]), "no.* table|not a table"),
        (with_header({"w": entry(shape=[1 << 39, 1 << 39], offsets=[0, 4])}, b"0000"), "has 4 bytes"),
        (with_header({"w": entry(shape=[-1, -1], offsets=[0, 4])}, b"0000"), "impossible"),
        (with_header({"w": entry(shape=[1] * 40, offsets=[0, 4])}, b"0000"), "impossible"),
        (with_header({"w": entry(shape=[1.0], offsets=[0, 4])}, b"0000"), "impossible"),
        (with_header({"w": entry(shape=[True], offsets=[0, 4])}, b"0000"), "impossible"),
        (with_header({"w": entry(shape="1", offsets=[0, 4])}, b"0000"), "impossible"),
        (with_header({"w": entry(dtype="F8_E4M3", shape=[4], offsets=[0, 4])}, b"0000"), "type 'F8_E4M3'"),
        (with_header({"w": entry(dtype=["F32"], shape=[1], offsets=[0, 4])}, b"0000"), "which is not read"),
        (with_header({"w": entry(shape=[1], offsets=[0, 4]), "v": entry(shape=[1], offsets=[0, 4])}, b"0000"), "does not begin where"),
        (with_header({"w": entry(shape=[1], offsets=[4, 8])}, b"00000000"), "does not begin where"),
        (with_header({"w": entry(shape=[1], offsets=[0, 4])}, b"000000000000"), "has 12"),
        (with_header({"w": entry(shape=[2], offsets=[0, 8])}, b"0000"), "has 4"),
        (with_header({"w": {"dtype": "F32"}}), "not described"),
        (with_header({"w": 5}), "not described"),
        (with_header({"__metadata__": {"a": 1}}), "metadata"),
        (with_header({f"t{i}": entry(shape=[0], offsets=[0, 0]) for i in range(20001)}), "20001 tensors"),
    ],
)
def test_hostile_files_are_refused_with_the_reason(path, content: bytes, why: str) -> None:
    give(path, content)
    with pytest.raises(WeightsError, match=why):
        load_weights(path)


def test_oversized_files_are_refused_before_they_are_read(path) -> None:
    with path.open("r+b") as file:
        file.truncate(1 << 40)  # sparse: reading it would need a terabyte
    with pytest.raises(WeightsError, match="larger than 256 MB"):
        load_weights(path)


def test_a_smaller_limit_holds_for_file_and_memory(tmp_path) -> None:
    path = tmp_path / "x.safetensors"
    save_weights({"w": torch.zeros(1000)}, path, CARD)
    with pytest.raises(WeightsError, match="larger than"):
        load_weights(path, limit=2000)
    content = save({"w": torch.zeros(1000, dtype=torch.uint8)})
    give(path, content)
    with pytest.raises(WeightsError, match="would take"):
        read_tensors(path, limit=1500)


def test_missing_files_are_named(path, tmp_path) -> None:
    with pytest.raises(WeightsError, match=r"nothing\.safetensors.*no such file"):
        load_weights(tmp_path / "nothing.safetensors")
    with pytest.raises(WeightsError, match="cannot be used"):
        load_weights(tmp_path)
    card_path(path).unlink()
    with pytest.raises(WeightsError, match=r"toy\.json.*no such file"):
        load_weights(path)


def test_weights_of_another_file_do_not_pass_with_this_card(path, tmp_path) -> None:
    save_weights({"w": torch.ones(3)}, tmp_path / "other.safetensors", CARD)
    path.write_bytes((tmp_path / "other.safetensors").read_bytes())
    with pytest.raises(WeightsError, match="SHA-256"):
        load_weights(path)


def test_values_that_are_not_finite_are_found_by_verify(path) -> None:
    give(path, save({"w": torch.tensor([1.0, float("inf")])}))
    load_weights(path)
    with pytest.raises(WeightsError, match="w has values that are not finite"):
        verify(path)


def test_load_into_names_what_does_not_fit() -> None:
    network = torch.nn.Linear(2, 3)
    load_into(network, {"weight": torch.ones(3, 2), "bias": torch.ones(3)})
    assert network.weight.tolist() == [[1.0, 1.0]] * 3
    with pytest.raises(WeightsError, match=r"bias is missing; other is not of this network; weight is \(2, 2\) and should be \(3, 2\)"):
        load_into(network, {"weight": torch.ones(2, 2), "other": torch.ones(1)})
    assert network.weight.tolist() == [[1.0, 1.0]] * 3, "a network was changed half"


def test_shipped_weights_are_found_by_name_only() -> None:
    with pytest.raises(WeightsError, match="no weights named"):
        shipped("../secret")
    for name in shelf.shipped_names():
        verify(shipped(name))
        assert shipped(name).stat().st_size <= shelf.MAX_SHIPPED


def test_ship_stores_float16_under_the_name_with_the_figures(path, tmp_path) -> None:
    folder = tmp_path / "shelf"
    folder.mkdir()
    card = ship(path, "features", measured={"auc@1": 0.9}, folder=folder)
    assert (card.name, card.task, card.score) == ("features", "toys", ("auc@1", 0.9))
    assert read_card(folder / "features.json") == card
    assert torch.allclose(load_weights(folder / "features.safetensors")[0]["a.weight"], TENSORS["a.weight"], atol=1e-3)
    with pytest.raises(WeightsError, match="no name"):
        ship(path, "../up", folder=folder)


def test_ship_completes_the_card_with_a_note_and_the_history_of_the_run(path, tmp_path) -> None:
    shelf_folder = tmp_path / "shelf"
    shelf_folder.mkdir()
    (path.parent / "history.jsonl").write_text('{"from": 0, "steps": 900, "command": "photolith train toys"}\n')
    card = ship(path, "features", note="Seen once.", folder=shelf_folder)
    assert card.note == "Seen once."
    assert card.history == [{"from": 0, "to": CARD.steps, "steps": 900, "command": "photolith train toys"}]
    again = ship(shelf_folder / "features.safetensors", "other", folder=tmp_path)
    assert (again.note, again.history) == (card.note, card.history)


def test_ship_refuses_what_is_too_large(path, tmp_path, monkeypatch, capsys) -> None:
    save_weights({"w": torch.zeros(12_600_000)}, path, CARD)
    monkeypatch.setattr("recon.learning.ship.shelf", lambda: tmp_path)
    assert ship_main([str(path), "big"]) == 3
    assert "25.2 MB" in capsys.readouterr().err
    assert not (tmp_path / "big.safetensors").exists()
