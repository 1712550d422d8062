"""Who may import whom, and what must stay cheap to import. (Layers between packages: import-linter, in pyproject.toml.)"""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tests.architecture.sources import imports, module_level_imports, modules
from tests.data_paths import ROOT

HEAVY = {"open3d", "pycolmap", "torch", "torch_geometric", "diffusers", "matplotlib", "PySide6", "trimesh"}
QT = {"PySide6", "shiboken6", "qtawesome", "superqt", "pyqtgraph"}
TRAINING = {"torch", "numpy", "PIL", "cv2", "torch_geometric", "safetensors", "accelerate", "recon", "generative"}
"""What training code may import when it is imported, besides the standard library: it runs on bare GPU nodes."""


def loaded_by(code: str) -> set[str]:
    """Top-level names of the modules a fresh interpreter holds after `code`."""
    script = f"import sys\n{code}\nprint('loaded:', *sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("loaded:")[2].split())


HELP = """
import contextlib
from desktop.cli.main import main
sys.argv = ["photolith", "--help"]
with contextlib.suppress(SystemExit):
    main()
"""


@pytest.mark.parametrize(
    "code",
    [
        "import recon, recon.errors, recon.scene",
        "import recon.photos.stage",
        "import recon.io.formats",
        "import recon.pipeline.stage",
        HELP,
    ],
    ids=["recon", "photos", "formats", "pipeline", "photolith --help"],
)
def test_nothing_heavy_is_paid_for_before_it_is_used(code: str) -> None:
    assert loaded_by(code) & HEAVY == set()


def test_the_list_of_stages_costs_no_heavy_import() -> None:
    """A window that shows the pipeline has not used it yet; torch is allowed, it is what the stages are written in."""
    assert loaded_by("from desktop.compose import stages; assert stages()") & (HEAVY - {"torch"}) == set()


@pytest.mark.parametrize("module", ["desktop.state", "desktop.viewport.orbit"])
def test_application_state_and_camera_maths_know_no_qt(module: str) -> None:
    assert loaded_by(f"import {module}") & QT == set()


def test_only_the_application_knows_open3d_windows() -> None:
    found = {
        name: list(windows)
        for name, tree in modules().items()
        if not name.startswith("desktop/") and (windows := [n for n in imports(tree) if n.startswith("open3d.visualization")])
    }
    drawing = {n for n, tree in modules().items() if not n.startswith("desktop/") and ".visualization" in ast.unparse(tree)}
    assert found == {}
    assert drawing == set()


def test_packages_never_import_tests() -> None:
    assert [name for name, tree in modules().items() if any(n.partition(".")[0] == "tests" for n in imports(tree))] == []


def is_training(name: str) -> bool:
    """Whether a file holds training code."""
    return (
        name.startswith(("recon/learning/", "recon/features/cnn/", "recon/mvs/cnn/", "recon/points/", "generative/training/"))
        or "training" in name.split("/")[-2:][0]
        or name.endswith("training.py")
    )


def beyond(tree: ast.Module, allowed: set[str]) -> set[str]:
    """Top-level names imported with the module that are neither allowed nor in the standard library."""
    return {name.partition(".")[0] for name in module_level_imports(tree)} - allowed - set(sys.stdlib_module_names)


def test_training_code_runs_without_window_mapper_and_meshes() -> None:
    assert beyond(
        ast.parse("import torch, open3d.t\nif True:\n    from pycolmap import Image\ndef f():\n    import diffusers"), TRAINING
    ) == {
        "open3d",
        "pycolmap",
    }
    assert {name: extra for name, tree in modules().items() if is_training(name) and (extra := beyond(tree, TRAINING))} == {}
