"""Training code on a machine that has little more than torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.data_paths import ROOT

BLOCK = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"open3d", "pycolmap", "trimesh", "typer", "rich", "matplotlib", "PySide6", "scipy", "accelerate",
                                      "torch_geometric", "pillow_heif", "xatlas", "fast_simplification", "platformdirs", "psutil"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
"""
IMPORTS = "import recon.learning.command, recon.learning.loop, recon.learning.weights, recon.learning.ship, recon.learning.curves"
TRAIN = "from tests.recon.learning.toy import ToyTask; from recon.learning.command import main; import sys, tempfile\n"
TRAIN += "with tempfile.TemporaryDirectory() as folder: sys.exit(main('toy', lambda o: ToyTask(), ['--tiny', '--out', folder]))"


@pytest.mark.parametrize("code", [IMPORTS, TRAIN], ids=["import", "train"])
def test_training_needs_little_more_than_torch(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", BLOCK + code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_cards_and_names_need_no_torch() -> None:
    code = "import recon.learning, recon.learning.card, recon.learning.shelf, desktop.cli.train, desktop.cli.models, sys\n"
    code += "assert not {'torch', 'cv2', 'numpy'} & set(sys.modules), sorted(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
