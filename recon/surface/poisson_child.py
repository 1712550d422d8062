"""Screened Poisson reconstruction in a process of its own, so that it can be stopped and its memory returns.

`python -m recon.surface.poisson_child IN.npz OUT.npz DEPTH THREADS`
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from recon.pipeline.child import follow_parent


def main(source: Path, target: Path, depth: int, threads: int) -> None:
    """Reads points and normals `[N, 3]`, writes vertices, faces and the density of the points at each vertex."""
    import open3d as o3d

    with np.load(source, allow_pickle=False) as data:
        cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(data["points"].astype(np.float64)))
        cloud.normals = o3d.utility.Vector3dVector(data["normals"].astype(np.float64))
    mesh, density = o3d.geometry.TriangleMesh.create_from_point_cloud_poisson(cloud, depth=depth, linear_fit=False, n_threads=threads)
    vertices, faces = np.asarray(mesh.vertices, np.float64), np.asarray(mesh.triangles, np.int32)
    with target.open("wb") as file:
        np.savez(file, vertices=vertices, faces=faces, density=np.asarray(density, np.float32))


if __name__ == "__main__":
    follow_parent()
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
