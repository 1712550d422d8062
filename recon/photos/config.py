"""Settings of the photo check."""

from __future__ import annotations

from dataclasses import dataclass

from recon.pipeline.config import setting


@dataclass(frozen=True)
class PhotosConfig:
    """When a photo gets a warning. Only unreadable and too small photos are left out; the other verdicts warn."""

    minimum_side: int = setting(160, "Photos whose shorter side is smaller cannot be used.", unit="px", minimum=16, maximum=10000)
    blur: float = setting(
        1.0,
        "Edges blurred by more than this, and clearly more than in the other photos, are a warning.",
        unit="px",
        minimum=0.1,
        maximum=10.0,
    )
    blur_over_median: float = setting(
        0.5, "How much more than the set's median blur counts as clearly more.", unit="px", minimum=0.0, maximum=10.0, advanced=True
    )
    blur_always: float = setting(2.2, "Edges blurred by more than this are a warning in any set.", unit="px", minimum=0.1, maximum=12.0)
    dark: float = setting(60.0, "A photo whose bright parts (99th percentile) stay below this is too dark.", minimum=0.0, maximum=255.0)
    bright: float = setting(180.0, "A photo whose dark parts (2nd percentile) stay above this is too bright.", minimum=0.0, maximum=255.0)
    burnt: float = setting(
        0.3, "A photo with this much more burnt-out area than the others is too bright.", minimum=0.0, maximum=1.0, advanced=True
    )
    duplicate: float = setting(
        0.97, "Photos whose small pictures correlate by more than this repeat each other.", minimum=0.5, maximum=1.0, advanced=True
    )
