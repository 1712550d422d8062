"""The backends, each in a process of its own, because a graphics driver may take that with it."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.data_paths import ROOT

SCRIPT = """
import json, os, sys
import numpy as np
from desktop.viewport.backends import make_renderer
from desktop.viewport.backends.base import View
from desktop.viewport.batches import Layer
from desktop.viewport.geometry import from_cloud, from_mesh
from desktop.viewport.layers import ViewStyle
from desktop.viewport.painter import Painter
from recon.scene import Rigid3
from tests.desktop.viewport.scenes import CAMERA, green_mesh, red_cloud, textured_mesh

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
made = painter(sys.argv[1])
made.best(view)
print("it works", flush=True)
told["software"] = facts(painter("software").best(view))
told["first"] = facts(made.best(view))
made.quick(view)
for width, height in ((200, 90), (90, 200), (321, 600)):  # the view is resized: canvases change while others stay
    made.quick(view.scaled(width, height))
told["after"] = facts(made.best(view))
for mode in ("normals", "depth", "confidence"):
    made.style = ViewStyle(mode)
    told[mode] = facts(made.best(view))
made.layers = {"mesh": Layer(3, from_mesh(textured_mesh()))}
for shading in ("smooth", "flat"):
    made.style = ViewStyle(shading=shading)
    frame = made.best(view)
    told[f"texture {shading}"] = [frame.color[y, x].tolist() for y in (53, 66) for x in (93, 106)]
made.style = ViewStyle("normals")
told["no texture"] = made.best(view).color[53, 93].tolist()
made.layers["mesh"] = Layer(4, from_mesh(green_mesh()))
made.style = ViewStyle(shading="wireframe")
told["wireframe"] = facts(made.best(view))
print(json.dumps(told), flush=True)
os._exit(0)
"""


@pytest.fixture(scope="module", params=["opengl", "filament", "software"])
def drawn(request: pytest.FixtureRequest) -> dict:
    command = [sys.executable, "-c", SCRIPT, request.param]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    if "it works" not in done.stdout:
        pytest.skip(f"'{request.param}' does not work on this machine: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr[-2000:]
    told: dict = json.loads(done.stdout.splitlines()[-1])
    return told


def test_it_draws_what_the_software_renderer_draws(drawn: dict) -> None:
    software, other = drawn["software"], drawn["first"]
    assert other["cover"] == pytest.approx(software["cover"], rel=0.05)
    assert [other["near"], other["far"]] == pytest.approx([software["near"], software["far"]], abs=0.02)
    for side in ("left", "right"):
        np.testing.assert_allclose(other[side], software[side], atol=40)


def test_pictures_stay_whole_after_the_view_was_resized(drawn: dict) -> None:
    assert drawn["after"] == drawn["first"]


def test_every_way_of_showing_works(drawn: dict) -> None:
    np.testing.assert_allclose(drawn["normals"]["left"], [127, 127, 0], atol=40)
    assert drawn["depth"]["left"][0] > drawn["depth"]["left"][2]
    assert drawn["depth"]["right"][2] > drawn["depth"]["right"][0]
    assert np.ptp(drawn["confidence"]["right"]) < 40
    assert drawn["wireframe"]["cover"] > 0


def test_a_texture_is_laid_on_the_right_way_round(drawn: dict) -> None:
    quarters = [[230, 20, 20], [20, 230, 20], [20, 20, 230], [230, 230, 20]]
    for shading in ("smooth", "flat"):
        np.testing.assert_allclose(drawn[f"texture {shading}"], quarters, atol=40)
    np.testing.assert_allclose(drawn["no texture"], [127, 127, 0], atol=40)
