"""Manifests from anywhere: what is wrong with them is said, and nothing outside the project is touched."""

from __future__ import annotations

import json

import pytest

from recon.errors import ProjectError
from recon.project import Project, files
from recon.project.files import stays_inside

TRAVERSALS = (
    "../secret",
    "photos/../../secret",
    "/etc/passwd",
    "photos\\..\\secret",
    "C:/secret",
    "photos/c:secret",
    "",
    ".",
    "photos",
    "photos/",
    "photos//x.png",
    "./photos/x.png",
    "photos/\0",
    "manifest.json",
    "cache/digests.json",
    5,
    None,
    ["photos/img1.png"],
)


def edit(project, change):
    path = project.path / "manifest.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


@pytest.mark.parametrize("name", TRAVERSALS)
@pytest.mark.parametrize("where", ["photo", "mask", "cameras"])
def test_a_path_that_leads_out_of_its_folder_is_refused(project, name, where):
    if where == "cameras" and name is None:
        return  # means that there are none
    changes = {
        "photo": lambda data: data["photos"][0].update(file=name),
        "mask": lambda data: data["masks"].update({"img1.png": name}),
        "cameras": lambda data: data.update(cameras=name),
    }
    edit(project, changes[where])
    with pytest.raises(ProjectError) as raised:
        Project.open(project.path)
    assert "manifest.json" in raised.value.why


def test_a_symbolic_link_out_of_the_project_is_refused(project, tmp_path):
    (tmp_path / "secret.png").write_bytes(b"secret")
    photo = project.path / "photos" / "img1.png"
    photo.unlink()
    photo.symlink_to(tmp_path / "secret.png")
    with pytest.raises(ProjectError, match=r"img1\.png"):
        Project.open(project.path)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.update(photos={}),
        lambda data: data.update(photos=[5]),
        lambda data: data.update(masks=[]),
        lambda data: data.update(settings=[]),
        lambda data: data.update(settings={"depth": 5}),
        lambda data: data.update(settings={"depth": {"max_size": [1]}}),
        lambda data: data.update(settings={"depth": {"max_size": float("nan")}}),
        lambda data: data.update(settings={"depth": {"max_size": float("inf")}}),
        lambda data: data.update(preset="heroic"),
        lambda data: data.update(preset=["draft"]),
        lambda data: data.update(cameras_use={}),
        lambda data: data.update(surprise=1),
        lambda data: data.update(photolith="1"),
        lambda data: data.update(photolith=True),
        lambda data: data.update(photolith=0),
        lambda data: data.pop("photolith"),
        lambda data: data["masks"].update({"nobody.png": "masks/a.png"}),
        lambda data: data["photos"].append(data["photos"][0]),
        lambda data: data["photos"].append({**data["photos"][0], "id": "IMG1.PNG"}),
        lambda data: data["photos"][0].pop("digest"),
        lambda data: data["photos"][0].update(more=1),
        lambda data: data["photos"][0].update(enabled=1),
        lambda data: data["photos"][0].update(digest=None),
        lambda data: data["photos"][0].update(source="/somewhere.png"),
        lambda data: data["photos"][0].update(file=None, source="relative.png"),
        lambda data: data["photos"][0].update(file=None, source="/some\0where.png"),
        lambda data: data["photos"][0].update(id="../x.png"),
        lambda data: data["photos"][0].update(id="x\n.png"),
        lambda data: data["photos"][0].update(id="\ud800.png"),
        lambda data: data["photos"][0].update(id="x" * 500),
        lambda data: data["photos"][0].update(id=""),
    ],
)
def test_wrong_types_and_values_are_refused(project, change):
    edit(project, change)
    with pytest.raises(ProjectError, match="cannot be opened"):
        Project.open(project.path)


@pytest.mark.parametrize("text", ["", "null", "[]", "5", "{", '{"photolith": 1', "\ufeff{}", "[" * 100_000])
def test_what_is_not_a_manifest_is_refused(project, text):
    (project.path / "manifest.json").write_text(text)
    with pytest.raises(ProjectError, match="cannot be opened"):
        Project.open(project.path)


def test_bytes_that_are_no_text_are_refused(project):
    (project.path / "manifest.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(ProjectError, match="cannot be opened"):
        Project.open(project.path)


def test_a_huge_manifest_is_refused_unread(project, monkeypatch):
    monkeypatch.setattr(files, "MAX_JSON", 100)
    with pytest.raises(ProjectError, match="larger than"):
        Project.open(project.path)


def test_a_newer_format_asks_for_an_update(project):
    edit(project, lambda data: data.update(photolith=99, unheard_of="thing"))
    with pytest.raises(ProjectError, match="newer Photolith") as raised:
        Project.open(project.path)
    assert "Update" in raised.value.remedy


def test_damage_while_open_stops_the_change_and_is_not_overwritten(project):
    (project.path / "manifest.json").write_text("{")
    with pytest.raises(ProjectError):
        project.set_preset("draft")
    assert (project.path / "manifest.json").read_text() == "{"


@pytest.mark.parametrize("name", ["a.png", "a b ü.png", "deep/er/a.png", "..a", "a..b"])
def test_plain_names_stay_inside(name):
    assert stays_inside(name)
