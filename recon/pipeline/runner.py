"""Runs the stages of a project: what is fresh is reused, what is missing is computed, and a report is left."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from recon.errors import Cancelled, PhotolithError, ProjectError, ReconstructionError, ResourceError
from recon.pipeline.context import RunContext
from recon.pipeline.events import EventHandler, OnEvent, Reporter
from recon.pipeline.keys import Conditions, Sources, read_sources, recipe
from recon.pipeline.machine import PeakMemory, cores, memory_budget, resolve_device
from recon.pipeline.plan import find, until_stage
from recon.pipeline.publish import publish
from recon.pipeline.report import make_report, write_report
from recon.pipeline.settings import configs
from recon.pipeline.stage import Artifact, Stage
from recon.project.digests import digest_json
from recon.project.files import disk_errors, explain
from recon.project.project import Project
from recon.project.store import Record, check_writable

_LOG = logging.getLogger("photolith.run")


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
) -> dict[str, Any]:
    """Brings the project up to date and returns the report, which is also written to `outputs/report.json`.

    Args:
        project: Locked while this runs.
        stages: All stages, in order.
        until: Name of the last stage wanted; None or 'report' for all.
        device: 'auto', 'cpu', 'cuda' or 'mps'.
        seed: For stochastic stages.
        deterministic: Same bytes on every run; may be slower.
        on_event: Receives every event as a plain dict, see `recon.pipeline.events`.
        cancel: Set it to stop; what is finished is kept.

    Raises:
        Cancelled: `cancel` was set.
        ProjectLockedError: Another process works on the project.
        PhotolithError: A stage failed, a setting is wrong, the disk is full; the project stays as it was.
    """
    reporter = Reporter(on_event)
    try:
        with project.lock():
            project.reload()
            report = _run(project, stages, until, Conditions(device, seed, deterministic), reporter, cancel or threading.Event())
    except PhotolithError as error:
        reporter.failed(error)
        raise
    except MemoryError as error:
        full = ResourceError("Out of memory.", "", "Choose a smaller 'max_size', close other programs, or use the preset draft.")
        reporter.failed(full)
        raise full from error
    except OSError as error:
        known = explain(error, project.path)
        if known is None:
            raise
        reporter.failed(known)
        raise known from error
    reporter.send("report", report=report)
    return report


def _run(
    project: Project, stages: Sequence[Stage], until: str | None, asked: Conditions, reporter: Reporter, cancel: threading.Event
) -> dict[str, Any]:
    """`run` with the lock held."""
    wanted, settings = until_stage(stages, until), configs(project, stages)
    device = resolve_device(asked.device)
    check_writable(project.path)
    project.sweep()
    sources = read_sources(project)
    if not sources.photos:
        raise ReconstructionError("There are no photos.", "The project has none that are switched on.", "Add photos first.")
    reporter.send("run_started", stages=[stage.name for stage in wanted])
    started = time.monotonic()
    done: dict[str, Artifact] = {}
    entries: dict[str, dict[str, Any]] = {}
    titles = {stage.name: stage.title for stage in stages}
    for stage in wanted:
        if cancel.is_set():
            raise Cancelled
        reporter.begin_stage(stage.name, stage.title)
        inputs = {name: done[name].digest for name in stage.needs}
        artifact, why = find(project, stage, settings[stage.name], inputs, sources, asked, device, titles)
        reused, computed = artifact is not None, 0
        if artifact is None:
            reporter.send("log", level="info", message=f"{stage.title}: {why}")
            artifact, computed = _compute(project, stage, settings[stage.name], done, sources, _on(asked, device), reporter, cancel)
        project.make_current(stage.name, artifact.path.name)
        publish(stage, artifact, project.outputs, project.store)
        done[stage.name] = artifact
        record = project.store.record(stage.name, artifact.path.name)
        seconds = 0.0 if reused or record is None else record.seconds
        entries[stage.name] = {"record": record, "reused": reused, "items_computed": computed}
        reporter.send("stage_finished", stage=stage.name, seconds=round(seconds, 2), reused=reused)
    report = make_report(project, wanted, settings, done, entries, asked, time.monotonic() - started)
    write_report(report, project.outputs)
    return report


def _on(asked: Conditions, device: str) -> Conditions:
    """The conditions with the device that 'auto' stands for."""
    return Conditions(device, asked.seed, asked.deterministic)


def _compute(
    project: Project,
    stage: Stage,
    config: Any,
    done: Mapping[str, Artifact],
    sources: Sources,
    conditions: Conditions,
    reporter: Reporter,
    cancel: threading.Event,
) -> tuple[Artifact, int]:
    """Runs one stage into a private folder and makes that its artifact; also says how many items it computed."""
    inputs = {name: done[name] for name in stage.needs}
    made = recipe(stage, config, {name: artifact.digest for name, artifact in inputs.items()}, sources, conditions)
    key = digest_json(made)
    project.store.discard(stage.name, key)
    handler = EventHandler(reporter)
    _LOG.addHandler(handler)
    try:
        with project.store.temporary(folder=True) as output, PeakMemory() as memory, disk_errors(project.path):
            started = time.monotonic()
            context = _context(project, stage, config, conditions, output, sources, reporter, cancel)
            stage.run(inputs, config, context)
            context.check_cancelled()
            project.digests.save()
            record = Record(
                stage=stage.name,
                key=key,
                digest="",
                recipe=made,
                files={},
                items=context.stored,
                notes=context.notes,
                seconds=time.monotonic() - started,
                peak_memory=memory.peak,
                device=conditions.device,
            )
            return project.store.commit(output, record), context.computed
    finally:
        _LOG.removeHandler(handler)


def _context(
    project: Project,
    stage: Stage,
    config: Any,
    conditions: Conditions,
    output: Any,
    sources: Sources,
    reporter: Reporter,
    cancel: threading.Event,
) -> RunContext:
    """What the stage is given."""
    photos = {photo.id: photo.file for photo in project.photos if photo.id in sources.photos}
    gone = [name for name, path in photos.items() if not path.is_file()]
    if gone:
        raise ProjectError(f"The photo '{gone[0]}' is missing.", "Its file is gone.", "Put it back, or remove it from the project.")
    masks = {name: path for name, path in project.masks.items() if name in photos}
    digests = {name: digest_json([digest, sources.masks.get(name)]) for name, digest in sources.photos.items()}
    return RunContext(
        project=project,
        stage=stage,
        config=config,
        conditions=conditions,
        output=output,
        project_photos=photos,
        masks=masks,
        digests=digests,
        given_cameras=project.cameras,
        cameras_use=project.cameras_use,
        threads=cores(),
        memory_budget=memory_budget(),
        log=_LOG,
        reporter=reporter,
        cancel=cancel,
        device=conditions.device,
        seed=conditions.seed,
        deterministic=conditions.deterministic,
    )
