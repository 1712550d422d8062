"""Leaves `report.html` beside `report.json`."""

from __future__ import annotations

from recon.inspection.gather import gather
from recon.inspection.page import make_page
from recon.io.atomic import replacing
from recon.pipeline.finished import Finished

PAGE = "report.html"


def write_page(finished: Finished) -> None:
    """Writes `outputs/report.html` for a run that is over, also for one that was stopped or failed.

    What cannot be shown is named in the page and told through `finished.warn`.

    Raises:
        ResourceError: The page cannot be written.
    """
    found = gather(finished.artifacts, finished.photos)
    for problem in found.problems:
        finished.warn(f"{PAGE}: {problem}")
    with replacing(finished.outputs / PAGE) as temporary:
        temporary.write_text(make_page(finished.report, found), encoding="utf-8")
