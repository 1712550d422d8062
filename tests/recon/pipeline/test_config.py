from dataclasses import dataclass

import pytest

from recon.errors import SettingsError
from recon.pipeline.config import build, canonical, describe, setting


@dataclass(frozen=True)
class _Config:
    planes: int = setting(64, "Hypotheses.", minimum=8, maximum=512)
    cost: str = setting("zncc", "Cost.", choices=("zncc", "census"))
    sigma: float = setting(1.0, "Width.", unit="px", minimum=0)
    on: bool = setting(True, "Switch.")


def test_plain_values_become_a_config_and_whole_numbers_serve_as_floats() -> None:
    assert build(_Config, {"planes": 32, "sigma": 2}) == _Config(planes=32, sigma=2.0)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"plane": 1}, "Unknown"),
        ({"planes": 4}, "smallest"),
        ({"planes": 1024}, "largest"),
        ({"planes": True}, "int"),
        ({"planes": "64"}, "int"),
        ({"cost": "ssd"}, "Choices"),
        ({"sigma": float("nan")}, "smallest"),
        ({"on": 1}, "bool"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(values: dict, word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        build(_Config, values)


def test_description_and_canonical_form_hold_every_field() -> None:
    assert list(describe(_Config)) == ["planes", "cost", "sigma", "on"]
    assert list(canonical(_Config())) == ["cost", "on", "planes", "sigma"]
