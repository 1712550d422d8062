"""`photolith reconstruct`: photographs in, model out."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from recon.errors import Cancelled, InputError, PhotolithError


def reconstruct_command(
    output: Annotated[Path, typer.Option("-o", "--output", help="The project; made when it does not exist, otherwise gone on with.")],
    photos: Annotated[
        list[Path] | None, typer.Argument(help="A folder of photos, or photos; left out to go on with a project.", show_default=False)
    ] = None,
    preset: Annotated[str, typer.Option(help="draft, balanced, quality or learned.")] = "",
    features: Annotated[str, typer.Option(help="How keypoints are found: sift or cnn.")] = "",
    cameras: Annotated[Path | None, typer.Option(help="Known cameras: cameras.json, transforms.json or a COLMAP model folder.")] = None,
    cameras_use: Annotated[str, typer.Option(help="poses (take them as true; the default) or intrinsics (take only those).")] = "",
    masks: Annotated[Path | None, typer.Option(help="Folder of masks named as the photos; white is used.")] = None,
    link: Annotated[bool, typer.Option("--link", help="Leave the photos where they are instead of copying them.")] = False,
    until: Annotated[
        str, typer.Option(help="Last stage: photos, features, matches, sfm, undistort, depth, cloud, refine, mesh, texture, report.")
    ] = "report",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    deterministic: Annotated[bool, typer.Option("--deterministic", help="The same bytes on every run; may be slower.")] = False,
    settings: Annotated[list[str] | None, typer.Option("--set", help="stage.field=value; may be repeated.", metavar="SETTING")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object an event on stdout, the report last.")] = False,
) -> None:
    """Finds the cameras of photos, their depth, a cloud and a textured mesh."""
    from desktop.compose import stages as compose
    from recon.pipeline.plan import until_stage
    from recon.pipeline.settings import load_preset, parse_assignment
    from recon.project import Project
    from recon.project.imports import collect

    stages = compose()
    with _failures_told(as_json):
        until_stage(stages, until)
        texts = [*(settings or ()), *([f"features.extractor={features}"] if features else [])]
        changes = [parse_assignment(stages, text) for text in texts]
        if preset:
            load_preset(preset)
        exists = (output / "manifest.json").exists()
        if photos or not exists:
            collect(photos or ())  # names a wrong path before anything is made
        project = Project.open(output) if exists else Project.create(output)
        if photos:
            _import(project, photos, link, as_json)
        if preset and preset != project.preset:
            project.set_preset(preset)
        for stage, name, value in changes:
            project.set_settings(stage, {**project.settings.get(stage, {}), name: value})
        if masks is not None:
            project.set_masks(masks)
        if cameras is not None or cameras_use:
            _set_cameras(project, cameras, cameras_use)
    _run(project, stages, as_json, until=until, device=device, seed=seed, deterministic=deterministic)


@contextmanager
def _failures_told(as_json: bool) -> Iterator[None]:
    """Errors before the run are events too; those of the run are told by the runner."""
    from recon.pipeline.events import describe_error
    from recon.project.files import refused

    try:
        yield
    except (PhotolithError, OSError) as error:
        known = refused(error) if isinstance(error, OSError) else error
        if as_json:
            _print({"event": "failed", "error": describe_error(known)})
        if known is error:
            raise
        raise known from error


def _print(event: dict[str, Any]) -> None:
    typer.echo(json.dumps(event, default=str))


def _import(project: Any, photos: list[Path], link: bool, as_json: bool) -> None:
    """Adds photos that are not in the project yet; names what could not be added."""
    result = project.add_photos(photos, link=link)
    for path, reason in result.skipped:
        if reason.endswith(f"has the same file already, as '{path.name}'"):
            continue
        message = f"Not added: {path}: {reason}"
        if as_json:
            _print({"event": "log", "level": "warning", "message": message})
        else:
            typer.echo(message, err=True)
    if not project.photos:
        raise InputError(f"There are no photos in '{photos[0]}'.", "No file there is a picture.", "Give a folder of photos, or photos.")


def _set_cameras(project: Any, cameras: Path | None, use: str) -> None:
    """Gives the project cameras, or another use to those it has."""
    given = cameras or project.cameras
    if given is None:
        raise InputError("--cameras-use has nothing to use.", "The project has no given cameras.", "Give them with --cameras.")
    project.set_cameras(given, use or "poses")


def _run(project: Any, stages: Any, as_json: bool, **options: Any) -> None:
    """Runs, and stops cleanly on Ctrl-C."""
    from recon.inspection.report import PAGE, write_page
    from recon.pipeline.runner import run

    try:
        with _stopped_by_signals() as cancel:
            if as_json:
                run(project, stages, on_event=_print, cancel=cancel, after=write_page, **options)
                return
            from rich.console import Console

            from desktop.cli.progress import TerminalProgress

            with TerminalProgress(Console(stderr=True, highlight=False)) as show:
                report = run(project, stages, on_event=show, cancel=cancel, after=write_page, **options)
    except Cancelled:
        raise Cancelled(remedy="Run the same command again to go on; what is finished is kept.") from None
    typer.echo(summary(report))
    typer.echo(f"Results: {project.outputs}")
    if (project.outputs / PAGE).exists():
        typer.echo(f"Report:  {project.outputs / PAGE}")


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; a second one ends the process at once."""
    import pycolmap  # noqa: F401  (it takes SIGTERM for itself when it is imported; ours must come after)

    cancel = threading.Event()

    def stop(*_: object) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield cancel
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def summary(report: dict[str, Any]) -> str:
    """The outcome in a few lines."""
    photos = report["photos"]
    placed = {name: entry["registration"] for name, entry in photos.items() if "registration" in entry}
    lines = []
    if placed:
        lines.append(report["note"])
        lines += [f"  {name}: {entry['reason']}" for name, entry in placed.items() if not entry["registered"]]
    lines += [f"  {name}: {entry['reason']}" for name, entry in photos.items() if entry.get("verdict") not in (None, "ok")]
    lines.append(f"Finished in {report['seconds']:.0f} s.")
    return "\n".join(lines)
