"""The window with the real worker, the real stages and the real 3D view, on a few small photos."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trimesh

import resources
from desktop.dialogs.export import ExportDialog
from desktop.preferences import Preferences
from desktop.state import Job
from desktop.style import theme
from desktop.viewport.widget import ViewportWidget
from desktop.window import MainWindow
from tests.recon.sfm.tiny_scene import photograph

from .conftest import closed

PATIENCE = 600


@pytest.fixture
def real(app, tmp_path, monkeypatch) -> Iterator[MainWindow]:
    """A window on no project, nothing in it made up."""
    monkeypatch.setenv("PHOTOLITH_PROJECTS_DIR", str(tmp_path))
    theme.apply("dark")
    window = MainWindow(Preferences(tmp_path / "config"), make_viewport=lambda: ViewportWidget(backends=("software",)))
    window.show()
    yield window
    closed(app, window)


def test_dropped_photos_are_looked_at_and_get_verdicts(real, until):
    photos = sorted(resources.path("demo/photos").glob("*.jpg"))[:3]
    real.session.photos.add(photos)
    until(lambda: real.state.photos and real.state.photos[0].verdict and real.state.job is None, PATIENCE)
    assert not real.state.messages
    assert [photo.verdict for photo in real.state.photos] == ["ok"] * 3
    assert real.state.stage("photos").state == "fresh"
    assert real.state.stage("photos").seconds is not None
    assert not real.state.interrupted


def test_photos_become_a_model_that_another_program_opens_although_the_run_was_stopped_midway(real, until, tmp_path):
    photograph(tmp_path / "photos", [f"a b ü {number}.jpg" for number in range(6)])
    jobs: list[Job] = []
    real.state.subscribe("job", lambda: jobs.append(real.state.job) if real.state.job else None)

    real.session.set_preset("draft")
    real.session.photos.add([tmp_path / "photos"])
    until(lambda: real.state.stages and real.state.stage("photos").state == "fresh" and real.state.job is None, PATIENCE)
    assert real.state.preset == "draft"

    real.actions_["run"].trigger()
    until(lambda: real.state.job is not None and real.state.job.stage not in ("", "photos", "features"), PATIENCE)
    real.actions_["stop"].trigger()
    assert real.state.job.stopping
    until(lambda: real.state.job is None, PATIENCE)
    assert real.state.interrupted
    assert not real.state.messages, "stopping is no error"
    until(lambda: real.state.stage("features").state == "fresh")
    assert real.actions_["run"].text() == "Resume"

    real.actions_["run"].trigger()
    until(lambda: real.state.job is None and real.session.edits.idle, PATIENCE)
    assert not real.state.messages, real.state.messages
    assert {stage.state for stage in real.state.stages} == {"fresh"}
    lines = [line.text for line in real.state.log]
    assert sum(line.startswith("Features: done") for line in lines) == 1, "what was finished must not be computed again"
    assert any(job.total > 1 and job.eta_seconds is not None for job in jobs)

    assert real.state.summary.registered == 6
    assert [layer.name for layer in real.state.layers] == ["cameras", "sparse", "cloud", "mesh", "textured"]
    until(lambda: all(real.viewport.facts(layer.name) for layer in real.state.layers), PATIENCE)
    for layer, counted in (("cameras", "cameras"), ("sparse", "points"), ("cloud", "points"), ("mesh", "triangles")):
        assert real.viewport.facts(layer)["counts"][counted] == real.state.layer(layer).count

    exported = export_mesh(real, until, tmp_path / "model.obj")
    assert 1000 < len(exported.faces) <= real.state.layer("mesh").count, "the textured surface has a bound of its own"
    assert exported.visual.kind == "texture"
    assert min(exported.visual.material.image.size) >= 256


def export_mesh(window: MainWindow, until, target: Path) -> trimesh.Trimesh:
    """What another program reads from the file that the export dialog wrote."""
    window.actions_["export"].trigger()
    (dialog,) = window.findChildren(ExportDialog)
    dialog.target.setText(str(target))
    dialog.go.click()
    until(lambda: not window.exporter.busy and target.exists(), PATIENCE)
    assert not window.state.messages, window.state.messages
    return trimesh.load(target, force="mesh", process=False)
