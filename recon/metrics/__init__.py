"""How good is it: poses, depth, clouds, surfaces."""

from recon.metrics.align import umeyama
from recon.metrics.clouds import CloudScore, FScore, compare_clouds, f_score, nearest_distances
from recon.metrics.depth import DepthScore, depth_error
from recon.metrics.poses import align_centers, camera_center_rmse, pair_errors, pose_auc
from recon.metrics.sampling import evened, sample_mesh, sample_triangles

__all__ = [
    "CloudScore",
    "DepthScore",
    "FScore",
    "align_centers",
    "camera_center_rmse",
    "compare_clouds",
    "depth_error",
    "evened",
    "f_score",
    "nearest_distances",
    "pair_errors",
    "pose_auc",
    "sample_mesh",
    "sample_triangles",
    "umeyama",
]
