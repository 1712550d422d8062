"""From figures to a verdict with its reason, each photo compared with the whole set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recon.photos.config import PhotosConfig
from recon.photos.info import PhotoInfo


@dataclass(frozen=True)
class SetFigures:
    """Medians over the readable photos of a set; None where no photo has the figure."""

    blur_px: float | None
    high: float | None
    burnt: float | None

    @staticmethod
    def of(photos: Sequence[PhotoInfo]) -> SetFigures:
        """Medians of the photos' figures."""

        def median(name: str) -> float | None:
            values = [photo.figures[name] for photo in photos if photo.figures.get(name) is not None]
            return float(np.median(values)) if values else None

        return SetFigures(median("blur_px"), median("high"), median("burnt"))


def judge(photos: Sequence[PhotoInfo], duplicates: Mapping[str, tuple[str, float]], config: PhotosConfig) -> list[PhotoInfo]:
    """Gives every photo that is not already 'unreadable' its verdict: the gravest that applies.

    Args:
        photos: Photos with their figures, in project order.
        duplicates: Id -> (earlier id, correlation).
        config: Thresholds.
    """
    medians = SetFigures.of([photo for photo in photos if photo.verdict != "unreadable"])
    return [photo if photo.verdict == "unreadable" else _judge(photo, duplicates.get(photo.id), medians, config) for photo in photos]


def _judge(photo: PhotoInfo, duplicate: tuple[str, float] | None, medians: SetFigures, config: PhotosConfig) -> PhotoInfo:
    repeats = duplicate[0] if duplicate else None
    if min(photo.width, photo.height) < config.minimum_side:
        reason = f"It is {photo.width} x {photo.height} pixels; the shorter side must have at least {config.minimum_side}."
        return replace(photo, verdict="small", reason=reason, duplicate_of=repeats, usable=False)
    verdict, reason = _blur(photo, medians, config) or _exposure(photo, medians, config) or ("ok", "")
    if verdict == "ok" and duplicate is not None:
        verdict, reason = "duplicate", f"It shows the same view as '{duplicate[0]}' (correlation {duplicate[1]:.3f})."
    return replace(photo, verdict=verdict, reason=reason, duplicate_of=repeats)


def _blur(photo: PhotoInfo, medians: SetFigures, config: PhotosConfig) -> tuple[str, str] | None:
    blur = photo.figures["blur_px"]
    if blur is None or medians.blur_px is None:
        return None
    if blur > config.blur and blur > medians.blur_px + config.blur_over_median:
        return "blurred", f"Its edges are blurred by {blur:.1f} px; the median of the set is {medians.blur_px:.1f} px."
    if blur > config.blur_always:
        return "blurred", f"Its edges are blurred by {blur:.1f} px; more than {config.blur_always:.1f} px loses detail."
    return None


def _exposure(photo: PhotoInfo, medians: SetFigures, config: PhotosConfig) -> tuple[str, str] | None:
    low, high, burnt = photo.figures["low"], photo.figures["high"], photo.figures["burnt"]
    if high < config.dark:
        return "dark", f"Even its bright parts are dark: brightness {high:.0f} of 255."
    if medians.high is not None and high < 2 * config.dark and high < 0.45 * medians.high:
        return "dark", f"Its bright parts reach {high:.0f} of 255; the median of the set is {medians.high:.0f}."
    if low > config.bright:
        return "bright", f"Even its dark parts are bright: brightness {low:.0f} of 255."
    if medians.burnt is not None and burnt > medians.burnt + config.burnt:
        return "bright", f"{100 * burnt:.0f} % of what is lit in it is burnt out; the median of the set is {100 * medians.burnt:.0f} %."
    return None
