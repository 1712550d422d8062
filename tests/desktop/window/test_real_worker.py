"""The window with the real worker and the real stages, on three photos of the demo."""

from importlib.util import find_spec

import pytest

import resources
from desktop.preferences import Preferences
from desktop.style import theme
from desktop.window import MainWindow

from .conftest import Viewport

MISSING = [name for name in ("desktop.compose", "desktop.jobs.worker") if find_spec(name) is None]


@pytest.mark.skipif(bool(MISSING), reason=f"not in this tree: {', '.join(MISSING)}")
def test_dropped_photos_are_looked_at_by_the_real_worker_and_get_verdicts(app, until, tmp_path, monkeypatch):
    monkeypatch.setenv("PHOTOLITH_PROJECTS_DIR", str(tmp_path))
    theme.apply("dark")
    window = MainWindow(Preferences(tmp_path / "config"), make_viewport=Viewport)
    window.show()
    try:
        photos = sorted(resources.path("demo/photos").glob("*.jpg"))[:3]
        window.session.add_photos(photos)
        until(lambda: window.state.photos and window.state.photos[0].verdict and window.state.job is None, 90)
        assert not window.state.messages
        assert [photo.verdict for photo in window.state.photos] == ["ok"] * 3
        assert window.state.stage("photos").state == "fresh"
        assert window.state.stage("photos").seconds is not None
        assert not window.state.interrupted
    finally:
        window.close()
        window.deleteLater()
