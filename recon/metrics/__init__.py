"""How good is it: poses, depth, clouds, surfaces."""

from recon.metrics.align import umeyama
from recon.metrics.clouds import CloudScore, FScore, chamfer, compare_clouds, f_score, nearest_distances
from recon.metrics.depth import DepthScore, depth_error
from recon.metrics.icp import IcpResult, icp
from recon.metrics.images import psnr, ssim
from recon.metrics.poses import align_centers, camera_center_rmse, pair_errors, pose_auc
from recon.metrics.sampling import evened, sample_mesh, sample_triangles
from recon.metrics.surfaces import closest_on_mesh, normal_consistency

__all__ = [
    "CloudScore",
    "DepthScore",
    "FScore",
    "IcpResult",
    "align_centers",
    "camera_center_rmse",
    "chamfer",
    "closest_on_mesh",
    "compare_clouds",
    "depth_error",
    "evened",
    "f_score",
    "icp",
    "nearest_distances",
    "normal_consistency",
    "pair_errors",
    "pose_auc",
    "psnr",
    "sample_mesh",
    "sample_triangles",
    "ssim",
    "umeyama",
]
