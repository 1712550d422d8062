"""Questions to the machine whose answer may be a crash: each is asked in a process of its own.

`python -m desktop.cli.probes opengl` answers one question with a line of JSON; `ask('opengl')` runs that.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

TIMEOUT_SECONDS = 90.0


def ask(question: str, argument: str = "") -> dict[str, Any]:
    """The answer to one of `QUESTIONS` from a child process.

    Returns:
        What the question's function returns, with 'ok'; or 'ok' False and 'error', one line, when it failed or crashed.
    """
    command = [sys.executable, "-m", "desktop.cli.probes", question, *([argument] if argument else [])]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return {"ok": False, "error": f"no answer within {TIMEOUT_SECONDS:.0f} seconds"}
    for line in reversed(done.stdout.splitlines()):
        if line.startswith("{"):
            return {"ok": True, **json.loads(line)}
    words = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return {"ok": False, "error": words[-1] if words else f"the process ended with code {done.returncode}"}


def package(name: str) -> dict[str, Any]:
    """Whether a package can be imported: libraries of the system that are missing show only then."""
    importlib.import_module(name)
    return {}


def torch_devices(_: str) -> dict[str, Any]:
    """Version of torch, what it was built for, and what it finds."""
    import torch

    found = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    memory = [torch.cuda.get_device_properties(i).total_memory for i in range(len(found))]
    built = torch.version.cuda or getattr(torch.version, "hip", None)
    mps = bool(torch.backends.mps.is_available())
    return {"version": torch.__version__, "built_for": built, "devices": found, "memory": memory, "mps": mps}


def opengl(_: str) -> dict[str, Any]:
    """Draws one triangle in a hidden window with Open3D's OpenGL renderer."""
    import numpy as np
    import open3d

    window = open3d.visualization.Visualizer()
    if not window.create_window(width=64, height=64, visible=False):
        raise RuntimeError("no OpenGL window could be made")
    mesh = open3d.geometry.TriangleMesh.create_box()
    mesh.compute_vertex_normals()
    window.add_geometry(mesh)
    window.get_render_option().background_color = np.zeros(3)
    picture = np.asarray(window.capture_screen_float_buffer(True))
    if not picture.any():
        raise RuntimeError("the picture stayed empty")
    return {}


def vulkan(_: str) -> dict[str, Any]:
    """Draws with Open3D's Filament renderer, which ends the process where there is no Vulkan driver."""
    import numpy as np
    import open3d

    rendering = open3d.visualization.rendering
    renderer = rendering.OffscreenRenderer(64, 64)
    material = rendering.MaterialRecord()
    renderer.scene.set_background([0.0, 0.0, 0.0, 1.0])
    renderer.scene.add_geometry("box", open3d.geometry.TriangleMesh.create_box().paint_uniform_color([1, 1, 1]), material)
    renderer.setup_camera(60.0, [0.5, 0.5, 0.5], [2.0, 2.0, 2.0], [0.0, 0.0, 1.0])
    if not np.asarray(renderer.render_to_image()).any():
        raise RuntimeError("the picture stayed empty")
    return {}


QUESTIONS: dict[str, Callable[[str], dict[str, Any]]] = {"package": package, "torch": torch_devices, "opengl": opengl, "vulkan": vulkan}


if __name__ == "__main__":
    print(json.dumps(QUESTIONS[sys.argv[1]](sys.argv[2] if len(sys.argv) > 2 else "")), flush=True)
