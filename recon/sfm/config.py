"""Settings of the stages that find the cameras and straighten the photos."""

from __future__ import annotations

from dataclasses import dataclass

from recon.pipeline.config import setting


@dataclass(frozen=True)
class SfmConfig:
    """Settings of the cameras."""

    mapper: str = setting(
        "incremental", "Photos are placed one after the other, or all at once (faster for hundreds).", choices=("incremental", "global")
    )
    camera_model: str = setting(
        "SIMPLE_RADIAL",
        "Lens distortion that is estimated where cameras are not given.",
        choices=("PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV", "OPENCV_FISHEYE"),
    )
    shared_intrinsics: bool = setting(True, "Photos of the same camera, zoom and size share focal length and distortion.")
    adjust_keypoints: str = setting(
        "learned",
        "Keypoints are first moved to where the photos that share them look alike: learned ones, all, or none.",
        choices=("learned", "all", "none"),
    )
    principal_point: str = setting(
        "auto",
        "Where the lens looks through the picture: estimated at the end if the photos determine it, the middle, or always estimated.",
        choices=("auto", "centre", "free"),
        advanced=True,
    )
    refine_given_poses: bool = setting(False, "Let given poses move to fit the photos better.", advanced=True)
    max_error: float = setting(4.0, "Points that project farther from their keypoint are dropped.", unit="px", minimum=0.5, maximum=32.0)
    min_angle: float = setting(1.5, "Points seen under a smaller angle are dropped.", unit="deg", minimum=0.1, maximum=20.0, advanced=True)
    min_model_size: int = setting(3, "Groups of fewer photos are not kept.", minimum=2, maximum=100, advanced=True)


@dataclass(frozen=True)
class UndistortConfig:
    """Settings of undistortion."""

    max_size: int = setting(3200, "Larger photos are reduced to this for everything after.", unit="px", minimum=320, maximum=16384)
    blank: float = setting(0.0, "0 cuts the border until no blank pixel is left, 1 keeps every pixel.", minimum=0.0, maximum=1.0)
