"""What is installed and what it is pinned to."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.data_paths import ROOT


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line) for line in lines), (
        "a pin is not 'name==version' of an ordinary index"
    )
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def test_every_dependency_is_pinned_to_a_version_the_project_accepts() -> None:
    lines = [*project()["dependencies"], *project()["optional-dependencies"]["dev"]]
    for requirement in map(Requirement, lines):
        version = pins().get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in constraints.txt (make pins)"
        assert requirement.specifier.contains(version), f"{requirement} does not accept the pinned {version}"


def test_torchvision_is_not_dragged_in() -> None:
    assert not {"torchvision", "lpips", "deepinv", "torchmetrics"} & set(pins())


def test_the_wheel_holds_the_packages_and_no_tests() -> None:
    from setuptools import find_packages

    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = find_packages(str(ROOT), include=config["tool"]["setuptools"]["packages"]["find"]["include"])
    assert {name.partition(".")[0] for name in found} == {"recon", "generative", "desktop", "resources"}
    for name in ("presets/draft.json", "sensors.json", "demo/photos"):
        assert (ROOT / "resources" / name).exists()


def test_the_licence_is_the_one_declared() -> None:
    assert project()["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
