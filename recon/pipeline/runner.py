"""Runs the stages of a project: what is fresh is reused, what is missing is computed, and a report is left."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recon.errors import Cancelled, ProjectError, ReconstructionError, ResourceError
from recon.pipeline.context import RunContext
from recon.pipeline.events import EventHandler, OnEvent, Reporter, describe_error, expected
from recon.pipeline.finished import AfterRun, Finished
from recon.pipeline.keys import Conditions, read_sources, recipe
from recon.pipeline.machine import PeakMemory, cores, memory_budget, resolve_device
from recon.pipeline.plan import Request, until_stage
from recon.pipeline.publish import publish
from recon.pipeline.report import StageEntry, make_report, write_report
from recon.pipeline.settings import configs
from recon.pipeline.stage import Artifact, Stage
from recon.project.collect import collect_garbage
from recon.project.digests import digest_json
from recon.project.files import disk_errors, explain
from recon.project.project import Project
from recon.project.store import Record

_LOG = logging.getLogger("photolith.run")
_LOG.setLevel(logging.INFO)


def run(
    project: Project,
    stages: Sequence[Stage],
    *,
    until: str | None = None,
    device: str = "auto",
    seed: int = 0,
    deterministic: bool = False,
    on_event: OnEvent = lambda event: None,
    cancel: threading.Event | None = None,
    after: AfterRun | None = None,
) -> dict[str, Any]:
    """Brings the project up to date and returns the report, which is also written to `outputs/report.json`.

    A run that is stopped or fails leaves a report of what it has finished.

    Args:
        project: Locked while this runs.
        stages: All stages, in order.
        until: Name of the last stage wanted; None or 'report' for all.
        device: 'auto', 'cpu', 'cuda' or 'mps'.
        seed: For stochastic stages.
        deterministic: Same bytes on every run; may be slower.
        on_event: Receives every event as a plain dict, see `recon.pipeline.events`.
        cancel: Set it to stop; what is finished is kept.
        after: Called with every report that was written; what goes wrong there is logged and spoils nothing.

    Raises:
        Cancelled: `cancel` was set.
        ProjectLockedError: Another process works on the project.
        PhotolithError: A stage failed, a setting is wrong, the disk is full; the project stays as it was.
    """
    reporter = Reporter(on_event)
    try:
        with project.lock():
            project.reload()
            asked = Conditions(device, seed, deterministic)
            report = _Run(_prepare(project, stages, asked), reporter, cancel or threading.Event(), after).to(until_stage(stages, until))
    except Exception as error:
        known = _known(error, project)
        reporter.failed(expected(known))
        if known is error:
            raise
        raise known from error
    reporter.send("report", report=report)
    return report


def _known(error: Exception, project: Project) -> Exception:
    """What the system could not do, as the typed error for it; any other error as it is."""
    if isinstance(error, MemoryError):
        return ResourceError("Out of memory.", "", "Choose a smaller 'max_size', close other programs, or use the preset draft.")
    if isinstance(error, OSError):
        if not project.path.exists():
            return ProjectError(
                f"The project '{project.path}' is gone.", "Its folder does not exist any more.", "Open it at its new place."
            )
        return explain(error, project.path) or error
    return error


def _prepare(project: Project, stages: Sequence[Stage], asked: Conditions) -> Request:
    """Finds out before any work whether it can be done, and what is left of it."""
    settings, device = configs(project, stages), resolve_device(asked.device)
    project.store.check_writable()
    project.sweep()
    sources = read_sources(project)
    if not sources.photos:
        raise ReconstructionError("There are no photos.", "The project has none that are switched on.", "Add photos first.")
    return Request(project, stages, settings, sources, asked, device)


class _Run:
    """One run, with the project's lock held.

    Args:
        request: What is asked for; its device is known.
        reporter: Hears of every step.
        cancel: Set to stop.
        after: Called with the report.
    """

    def __init__(self, request: Request, reporter: Reporter, cancel: threading.Event, after: AfterRun | None = None) -> None:
        self._request, self._reporter, self._cancel, self._after = request, reporter, cancel, after
        self._project = request.project
        self._conditions = Conditions(request.device or "cpu", request.asked.seed, request.asked.deterministic)
        self._done: dict[str, Artifact] = {}
        self._entries: dict[str, StageEntry] = {}
        self._started = time.monotonic()

    def to(self, wanted: Sequence[Stage]) -> dict[str, Any]:
        """Runs the stages and returns the report."""
        self._reporter.send("run_started", stages=[stage.name for stage in wanted])
        for stage in wanted:
            try:
                self._entries[stage.name] = self._bring_up_to_date(stage)
            except Exception as error:
                self._report_end(stage, error)
                raise
        report = self._report({"state": "done"})
        collect_garbage(self._project, [stage.name for stage in wanted])
        self._project.digests.save()
        self._show(report)
        return report

    def _report(self, outcome: dict[str, Any]) -> dict[str, Any]:
        """Writes the report of what is finished."""
        report = make_report(self._request, self._entries, time.monotonic() - self._started, outcome)
        write_report(report, self._project.outputs)
        return report

    def _report_end(self, stage: Stage, error: Exception) -> None:
        """Reports a run that ends early; whatever goes wrong here must not hide why."""
        if not self._project.outputs.is_dir():
            return  # the project is gone, or nothing was ever finished
        state = "cancelled" if isinstance(error, Cancelled) else "failed"
        told = describe_error(expected(_known(error, self._project)))
        try:
            report = self._report({"state": state, "stage": stage.name, "title": stage.title, "error": told})
        except Exception as second:
            self._warn(f"There is no report: {second}")
        else:
            self._show(report)

    def _show(self, report: dict[str, Any]) -> None:
        """Hands the report to whoever shows it."""
        if self._after is None:
            return
        photos = {photo.id: photo.file for photo in self._project.photos if photo.id in self._request.sources.photos}
        try:
            self._after(Finished(report, dict(self._done), photos, self._project.outputs, self._warn))
        except Exception as error:
            _LOG.debug("the report is not shown", exc_info=error)
            self._warn(f"The page of the report was not made: {error or type(error).__name__}")

    def _warn(self, message: str) -> None:
        self._reporter.send("log", level="warning", message=message)

    def _bring_up_to_date(self, stage: Stage) -> StageEntry:
        """Reuses or computes one stage and publishes its results."""
        if self._cancel.is_set():
            raise Cancelled
        self._reporter.begin_stage(stage.name, stage.title)
        artifact, why = self._request.find(stage, self._done)
        reused, computed = artifact is not None, 0
        if artifact is None:
            self._reporter.send("log", level="info", message=f"{stage.title}: {why}")
            artifact, computed = self._compute(stage)
        self._project.make_current(stage.name, artifact.path.name)
        publish(stage, artifact, self._project.outputs, self._project.store)
        self._done[stage.name] = artifact
        record = self._project.store.record(stage.name, artifact.path.name)
        seconds = 0.0 if reused or record is None else round(record.seconds, 2)
        self._reporter.send("stage_finished", stage=stage.name, seconds=seconds, reused=reused)
        return StageEntry(artifact, record, reused, computed)

    def _compute(self, stage: Stage) -> tuple[Artifact, int]:
        """Runs one stage into a private folder and makes that its artifact; also says how many items it computed."""
        store, config = self._project.store, self._request.settings[stage.name]
        inputs = {name: self._done[name] for name in stage.needs}
        digests = {name: artifact.digest for name, artifact in inputs.items()}
        made = recipe(stage, config, digests, self._request.sources, self._conditions)
        key = digest_json(made)
        store.discard(stage.name, key)
        handler = EventHandler(self._reporter)
        _LOG.addHandler(handler)
        try:
            with store.temporary(folder=True) as output, PeakMemory() as memory, disk_errors(self._project.path):
                started = time.monotonic()
                context = self._context(stage, output)
                stage.run(inputs, config, context)
                context.check_cancelled()
                self._project.digests.save()
                record = Record(
                    stage=stage.name,
                    key=key,
                    recipe=made,
                    items=context.stored,
                    notes=context.notes,
                    seconds=time.monotonic() - started,
                    peak_memory=memory.peak,
                    device=self._conditions.device,
                )
                return store.commit(output, record), context.computed
        finally:
            _LOG.removeHandler(handler)

    def _context(self, stage: Stage, output: Path) -> RunContext:
        """What the stage is given."""
        project, sources = self._project, self._request.sources
        return RunContext(
            project=project,
            stage=stage,
            config=self._request.settings[stage.name],
            output=output,
            project_photos={photo.id: photo.file for photo in project.photos if photo.id in sources.photos},
            masks={name: path for name, path in project.masks.items() if name in sources.masks},
            digests={name: digest_json([digest, sources.masks.get(name)]) for name, digest in sources.photos.items()},
            given_cameras=project.cameras,
            cameras_use=project.cameras_use,
            threads=cores(),
            memory_budget=memory_budget(),
            log=_LOG,
            reporter=self._reporter,
            cancel=self._cancel,
            device=self._conditions.device,
            seed=self._conditions.seed,
            deterministic=self._conditions.deterministic,
        )
