"""The command `photolith`. Exit codes: 0 done, 1 unexpected, 2 wrong usage, 3 input, 4 setting, 5 project, 6 locked,
7 the photos do not allow it, 8 out of disk or memory or a device is missing, 9 a training came apart, 130 stopped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desktop.cli.bench import bench_command
from desktop.cli.cloud import cloud_app
from desktop.cli.direct import direct_command
from desktop.cli.doctor import doctor_command
from desktop.cli.evaluate import evaluate_command
from desktop.cli.models import models_app
from desktop.cli.photos import photos_app
from desktop.cli.project_commands import export_command, info_command, render_command
from desktop.cli.reconstruct import reconstruct_command
from desktop.cli.train import train_command
from recon.errors import PhotolithError

_EPILOG = (
    "Exit codes: 0 done, 2 wrong usage, 3 input, 4 setting, 5 project, 6 project in use, 7 the photos do not allow it, "
    "8 out of disk, memory or a device, 9 a training came apart, 130 stopped."
)
_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
app = typer.Typer(
    name="photolith",
    help="Photographs in, 3D model out.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("reconstruct")(reconstruct_command)
app.command("direct")(direct_command)
app.command("info")(info_command)
app.command("export")(export_command)
app.command("evaluate")(evaluate_command)
app.command("render")(render_command)
app.command("doctor")(doctor_command)
app.add_typer(cloud_app)
app.add_typer(photos_app)
app.add_typer(models_app)
app.command("train", context_settings=_PASSED_ON)(train_command)
app.command("bench", context_settings=_PASSED_ON)(bench_command)


@app.command("gui")
def gui_command(project: Annotated[Path | None, typer.Argument(help="A project to open.")] = None) -> None:
    """Opens the window."""
    from desktop.app import main as open_window

    raise typer.Exit(open_window([] if project is None else [str(project)]))


def main() -> int:
    """Runs the command of `sys.argv`; returns the exit code."""
    try:
        app(standalone_mode=True)
    except PhotolithError as error:
        return _tell(error)
    except OSError as error:
        from recon.project.files import refused

        return _tell(refused(error))
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)
        return 130
    return 0


def _tell(error: PhotolithError) -> int:
    """Prints what, why and what to do; returns the exit code."""
    typer.secho(error.what, fg=typer.colors.RED, err=True)
    for part in (error.why, error.remedy):
        if part:
            typer.echo(part, err=True)
    return error.exit_code
