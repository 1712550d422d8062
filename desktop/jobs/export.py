"""Export in a process of its own: `python -m desktop.jobs.export KIND SOURCE TARGET` prints one JSON line.

KIND is 'cloud' or 'mesh' (SOURCE a PLY file), 'sparse' (SOURCE a `scene.npz`) or 'voxels' (SOURCE a project). The line is
{"ok": true, "bytes": n} or {"ok": false, "error": {"what", "why", "remedy"}}.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from recon.errors import PhotolithError, ResourceError


def export(kind: str, source: Path, target: Path) -> None:
    """Writes `source` in the format that the suffix of `target` names.

    Raises:
        InputError: Unknown suffix, or the source cannot be read.
        ResourceError: The target cannot be written.
    """
    from recon.io.formats import read_cloud, read_mesh, write_cloud, write_mesh

    if kind == "mesh":
        write_mesh(read_mesh(mesh_source(source, target.suffix)), target)
    elif kind == "sparse":
        write_cloud(sparse_cloud(source), target)
    elif kind == "voxels":
        from desktop.jobs.voxels import export_voxels
        from recon.project import Project

        export_voxels(Project.open(source), target)
    elif source.suffix.lower() == target.suffix.lower():
        try:
            shutil.copyfile(source, target)
        except OSError as error:
            raise ResourceError(f"'{target}' cannot be written.", str(error.strerror or error), "Choose another folder.") from error
    else:
        write_cloud(read_cloud(source), target)


def mesh_source(mesh: Path, suffix: str) -> Path:
    """The textured mesh that lies beside `mesh`, for formats that carry a texture; else, or when it is older, `mesh` itself."""
    textured = mesh.with_suffix(".obj")
    carried = suffix.lower() in (".obj", ".glb") and textured.is_file() and textured.with_suffix(".png").is_file()
    return textured if carried and textured.stat().st_mtime_ns >= mesh.stat().st_mtime_ns else mesh


def sparse_cloud(path: Path):
    """The sparse points of a scene as a `PointCloud`."""
    import numpy as np

    from recon.io.scene_npz import read_scene
    from recon.scene import PointCloud

    sparse = read_scene(path).sparse
    return PointCloud(sparse.points.astype(np.float32), colors=sparse.colors)


def main(arguments: list[str]) -> int:
    """Runs one export; the exit code is 0 when it worked."""
    kind, source, target = arguments
    result: dict[str, object]
    try:
        export(kind, Path(source), Path(target))
        result = {"ok": True, "bytes": Path(target).stat().st_size}
    except PhotolithError as error:
        result = {"ok": False, "error": {"what": error.what, "why": error.why, "remedy": error.remedy}}
    print(json.dumps(result), flush=True)
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
