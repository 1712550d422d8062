"""Leaves `report.html` beside `report.json`."""

from __future__ import annotations

import math
from uuid import uuid4

from recon.inspection.gather import gather
from recon.inspection.page import make_page
from recon.pipeline.finished import Finished

PAGE = "report.html"
STOPPING = 1.0
"""Seconds for pictures when somebody waits for the run to stop."""


def write_page(finished: Finished) -> None:
    """Writes `outputs/report.html` for a run that is over, also for one that was stopped or failed.

    What cannot be shown is named in the page and told through `finished.warn`.

    Raises:
        OSError: The page cannot be written.
    """
    stopped = (finished.report.get("outcome") or {}).get("state") == "cancelled"
    held_out = finished.report.get("stages", {}).get("texture", {}).get("notes", {}).get("held_out", ())
    found = gather(finished.artifacts, finished.photos, STOPPING if stopped else math.inf, held_out)
    for problem in () if stopped else found.problems:
        finished.warn(f"{PAGE}: {problem}")
    target = finished.outputs / PAGE
    temporary = target.with_name(f".{PAGE}.{uuid4().hex}.part")  # by this name the next run finds what a killed one has left
    try:
        temporary.write_text(make_page(finished.report, found), encoding="utf-8")
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
