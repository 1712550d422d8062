"""What belongs to the key of a result, which results are as good as asked, and a change in words."""

from __future__ import annotations

import pytest

from recon.pipeline.keys import Conditions, Sources, accepted, explain, item_key, recipe
from recon.pipeline.stage import Item
from tests.recon.pipeline.toys import AddConfig, Sizes, Total

SOURCES = Sources({"a": "1", "b": "2"}, {"a": "m"}, "c", "poses")


class Drawn(Total):
    """A stage whose result depends on seed, device and trained weights."""

    name, stochastic, device_dependent, sources = "drawn", True, True, ("photos", "masks", "cameras")

    def weights_digest(self, config):
        return f"weights {config.add}"


def made(stage=Drawn(), config=AddConfig(), inputs="x", sources=SOURCES, conditions=Conditions("cpu")):
    return recipe(stage, config, {"photos": inputs}, sources, conditions)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"config": AddConfig(3)}, "add changed from 0 to 3"),
        ({"inputs": "y"}, "Sizes changed"),
        ({"sources": Sources({"a": "1", "b": "2", "c": "3", "d": "4"}, {"a": "m"}, "c", "poses")}, "2 photos added"),
        ({"sources": Sources({"b": "2"}, {"a": "m"}, "c", "poses")}, "1 photo removed"),
        ({"sources": Sources({"a": "1", "b": "9"}, {"a": "m"}, "c", "poses")}, "1 photo changed"),
        ({"sources": Sources({"b": "2", "a": "1"}, {"a": "m"}, "c", "poses")}, "the order of the photos changed"),
        ({"sources": Sources({"a": "1", "b": "2"}, {}, "c", "poses")}, "masks changed"),
        ({"sources": Sources({"a": "1", "b": "2"}, {"a": "m"}, "d", "poses")}, "given cameras changed"),
        ({"sources": Sources({"a": "1", "b": "2"}, {"a": "m"}, "c", "intrinsics")}, "given cameras changed"),
        ({"sources": Sources({"a": "1", "b": "2"}, {"a": "m"}, None, "poses")}, "cameras were given or taken away"),
        ({"conditions": Conditions("cuda")}, "the device changed"),
        ({"conditions": Conditions("cpu", seed=1)}, "the seed changed"),
        ({"conditions": Conditions("cpu", deterministic=True)}, "a deterministic result is asked for"),
    ],
)
def test_every_change_that_matters_changes_the_recipe_and_is_told_in_words(change, words):
    old, new = made(), made(**change)
    assert old != new
    told = explain(old, new, {"photos": "Sizes"})
    assert words in told
    assert "computed differently" not in told


def test_what_a_stage_does_not_declare_does_not_matter():
    plain = Total()
    for conditions in (Conditions("cuda"), Conditions("cpu", seed=7)):
        assert made(plain, conditions=conditions) == made(plain)
    assert made(plain, sources=Sources({}, {}, None, "intrinsics")) == made(plain)


def test_items_of_other_names_inputs_settings_and_methods_have_other_keys():
    stage, conditions = Sizes(), Conditions("cpu")
    item = Item("a", ("digest",))
    keys = {
        item_key(stage, AddConfig(), item, ".txt", conditions),
        item_key(stage, AddConfig(1), item, ".txt", conditions),
        item_key(stage, AddConfig(), Item("b", ("digest",)), ".txt", conditions),
        item_key(stage, AddConfig(), Item("a", ("other",)), ".txt", conditions),
        item_key(stage, AddConfig(), item, ".png", conditions),
        item_key(stage, AddConfig(), item, ".txt", Conditions("cpu", deterministic=True)),
        item_key(Drawn(), AddConfig(), item, ".txt", conditions),
    }
    assert len(keys) == 7
    narrow = Item("a", ("digest",), config={})
    assert item_key(stage, AddConfig(), narrow, ".txt", conditions) == item_key(stage, AddConfig(1), narrow, ".txt", conditions)


def test_auto_takes_a_result_of_any_device_but_computes_on_the_one_there_is():
    found = accepted(Drawn(), Conditions("auto"), "cuda")
    assert found[0] == Conditions("cuda")
    assert {c.device for c in found} == {"cpu", "cuda", "mps"}
    assert {c.device for c in accepted(Drawn(), Conditions("cpu"), "cpu")} == {"cpu"}
    assert {c.device for c in accepted(Drawn(), Conditions("auto"), None)} == {"cpu", "cuda", "mps"}


def test_a_deterministic_result_always_does_but_only_it_does_when_asked_for():
    assert [c.deterministic for c in accepted(Total(), Conditions("cpu"), "cpu")] == [False, True]
    assert [c.deterministic for c in accepted(Total(), Conditions("cpu", deterministic=True), "cpu")] == [True]
