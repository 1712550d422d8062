"""The OpenGL backend, where there is one: in a process of its own, because a driver may take that with it."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.data_paths import ROOT

SCRIPT = """
import json
import numpy as np
from desktop.viewport.backends import make_renderer
from desktop.viewport.backends.base import View
from desktop.viewport.batches import Layer
from desktop.viewport.geometry import from_cloud, from_mesh
from desktop.viewport.layers import ViewStyle
from desktop.viewport.painter import Painter
from recon.errors import ResourceError
from recon.scene import Rigid3
from tests.desktop.viewport.scenes import CAMERA, green_mesh, red_cloud

told = {}

def painter(name):
    made = Painter(make_renderer(name))
    made.layers = {"cloud": Layer(1, from_cloud(red_cloud())), "mesh": Layer(2, from_mesh(green_mesh()))}
    return made

def facts(frame):
    height, width = frame.depth.shape
    seen = frame.depth > 0
    middle = frame.color[height // 2]
    left, right = (middle[round(x * width)].tolist() for x in (0.35, 0.62))
    near, far = float(frame.depth[seen].min()), float(frame.depth.max())
    return {"cover": float(seen.mean()), "left": left, "right": right, "near": near, "far": far}

view = View(CAMERA, Rigid3.identity(), 0.1, 20.0)
try:
    opengl = painter("opengl")
except ResourceError as error:
    print(json.dumps({"missing": str(error)}))
    raise SystemExit(0)
told["software"] = facts(painter("software").best(view))
told["opengl"] = facts(opengl.best(view))
opengl.quick(view)
for width, height in ((200, 90), (90, 200), (321, 240)):  # the view is resized: canvases change while others stay
    opengl.quick(view.scaled(width, height))
told["after"] = facts(opengl.best(view))
for mode in ("normals", "depth", "confidence"):
    opengl.style = ViewStyle(mode)
    told[mode] = facts(opengl.best(view))
opengl.style = ViewStyle(shading="wireframe")
told["wireframe"] = facts(opengl.best(view))
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def drawn() -> dict:
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        pytest.skip(f"OpenGL ends the process on this machine: {done.stderr[-300:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    if "missing" in told:
        pytest.skip(told["missing"])
    return told


def test_it_draws_what_the_software_renderer_draws(drawn: dict) -> None:
    software, opengl = drawn["software"], drawn["opengl"]
    assert opengl["cover"] == pytest.approx(software["cover"], rel=0.05)
    assert [opengl["near"], opengl["far"]] == pytest.approx([software["near"], software["far"]], abs=0.02)
    for side in ("left", "right"):
        np.testing.assert_allclose(opengl[side], software[side], atol=40)


def test_pictures_stay_whole_after_the_view_was_resized(drawn: dict) -> None:
    assert drawn["after"] == drawn["opengl"]


def test_every_way_of_showing_works(drawn: dict) -> None:
    np.testing.assert_allclose(drawn["normals"]["left"], [127, 127, 0], atol=40)
    assert drawn["depth"]["left"][0] > drawn["depth"]["left"][2]
    assert drawn["depth"]["right"][2] > drawn["depth"]["right"][0]
    assert np.ptp(drawn["confidence"]["right"]) < 40
    assert drawn["wireframe"]["cover"] > 0
