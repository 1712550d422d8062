"""Model cards: they come back as written, and anything else is refused."""

from __future__ import annotations

import json

import pytest

from recon.errors import WeightsError
from recon.learning.card import ModelCard, read_card, write_card

CARD = ModelCard(
    name="features",
    task="features",
    architecture={"width": 64, "heads": ["keypoints", "descriptors"]},
    config={"rate": 1e-3},
    data={"meshes": {"count": 30, "terms": "CC BY 4.0 — Ünïcode"}},
    steps=20000,
    hardware={"device": "GPU", "hours": 1.5},
    seed=3,
    command="photolith train features --data training",
    history=[{"from": 0, "to": 20000, "steps": 20000, "command": "photolith train features --data training"}],
    note="Trained twice.",
    measured={"bench": {"protocol": "K given", "auc@1": 0.93}},
    sha256="0" * 64,
    version="0.1.0",
)


def test_a_card_comes_back_as_written(tmp_path) -> None:
    write_card(CARD, tmp_path / "x.json")
    assert read_card(tmp_path / "x.json") == CARD


def test_a_card_of_an_earlier_version_has_no_history_and_no_note(tmp_path) -> None:
    older = {name: value for name, value in CARD.to_json().items() if name not in ("history", "note")}
    (tmp_path / "x.json").write_text(json.dumps(older))
    card = read_card(tmp_path / "x.json")
    assert (card.history, card.note, card.measured) == ([], "", CARD.measured)


def test_score_is_the_first_number_measured() -> None:
    assert CARD.score == ("bench auc@1", 0.93)
    assert ModelCard("a", "b", {}).score is None
    assert ModelCard("a", "b", {}, measured={"works": True, "n": 10**400, "x": {"y": 2}}).score == ("x y", 2.0)


def test_a_card_that_json_cannot_say_is_not_written(tmp_path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_card(ModelCard("a", "b", {}, measured={"score": float("nan")}), tmp_path / "x.json")
    assert not (tmp_path / "x.json").exists()


GOOD = CARD.to_json()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not a model card"),
        (b"\xff\xfe\x00", "not a model card"),
        (b"[" * 100000, "nested too deep|not a model card"),
        (b"[1, 2]", "no object"),
        (b'{"format": 1}', "'architecture' is missing"),
        (json.dumps({**GOOD, "format": 2}).encode(), "format is 2"),
        (json.dumps({**GOOD, "surprise": 1}).encode(), "unknown field 'surprise'"),
        (json.dumps({**GOOD, "steps": "many"}).encode(), "'steps' is not a int"),
        (json.dumps({**GOOD, "steps": True}).encode(), "'steps' is not a int"),
        (json.dumps({**GOOD, "architecture": []}).encode(), "'architecture' is not a dict"),
        (json.dumps({**GOOD, "history": ["from 0"]}).encode(), "'history' is not a list of dict"),
        (json.dumps({**GOOD, "note": ["a"]}).encode(), "'note' is not a str"),
        (json.dumps({**GOOD, "name": "../../etc"}).encode(), "'name'"),
        (json.dumps({**GOOD, "sha256": "abc"}).encode(), "'sha256'"),
        (json.dumps({**GOOD, "measured": {"score": float("nan")}}).encode(), "NaN"),
        (json.dumps(GOOD).replace("0.93", "1e999").encode(), "too large"),
        (b" " * (1 << 20) + b"{}", "larger than 1 MB"),
    ],
)
def test_hostile_cards_are_refused_with_the_reason(tmp_path, content: bytes, why: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=why):
        read_card(path)


def test_a_missing_card_is_named(tmp_path) -> None:
    with pytest.raises(WeightsError, match=r"nothing\.json"):
        read_card(tmp_path / "nothing.json")
