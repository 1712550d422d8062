"""A run that is over, for whoever wants to show it. Knows neither stations nor the project on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recon.pipeline.stage import Artifact


@dataclass(frozen=True)
class Finished:
    """What a run left.

    Args:
        report: As in `report.json`.
        artifacts: Stage -> its result, of the stages that are finished.
        photos: Photo id -> file, of the photos that are switched on.
        outputs: Folder of the results.
        warn: Puts a warning into the log.
    """

    report: Mapping[str, Any]
    artifacts: Mapping[str, Artifact]
    photos: Mapping[str, Path]
    outputs: Path
    warn: Callable[[str], None]


AfterRun = Callable[[Finished], None]
