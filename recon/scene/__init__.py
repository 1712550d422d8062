"""The nouns every station shares: frozen dataclasses over numpy arrays, no input or output."""

from recon.scene.camera import Camera
from recon.scene.depth_map import DepthMap
from recon.scene.origin import Origin
from recon.scene.point_cloud import PointCloud
from recon.scene.scene import Scene, SparsePoints, View
from recon.scene.transforms import Rigid3, Sim3
from recon.scene.tri_mesh import TriMesh

__all__ = [
    "Camera",
    "DepthMap",
    "Origin",
    "PointCloud",
    "Rigid3",
    "Scene",
    "Sim3",
    "SparsePoints",
    "TriMesh",
    "View",
]
