"""The command line that trainings share: `python -m recon.features.cnn.train --data DIR --out DIR`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING
from pathlib import Path
from shutil import get_terminal_size
from typing import Any

from recon.errors import InputError, PhotolithError
from recon.learning.config import TrainConfig
from recon.learning.loop import train
from recon.learning.task import TrainingTask
from recon.pipeline.config import build, describe

TINY: Mapping[str, Any] = {"steps": 6, "batch": 2, "warmup": 1, "log_every": 2, "checkpoint_every": 4, "validate_every": 3}
"""Settings of `--tiny`: enough to see that everything works, in seconds."""
_NEEDED = {"steps": 20000, "batch": 8}


def main(
    task_name: str,
    make_task: Callable[[argparse.Namespace], TrainingTask],
    argv: Sequence[str] | None = None,
    *,
    defaults: Mapping[str, Any] | None = None,
    tiny: Mapping[str, Any] | None = None,
    add_options: Callable[[argparse.ArgumentParser], None] | None = None,
) -> int:
    """Reads the options, makes the task and trains it.

    Args:
        task_name: What is trained, e.g. 'features'.
        make_task: Gets the parsed options: `data` (Path or None), `tiny` (bool), `out`, all of TrainConfig, and those of `add_options`.
            With `tiny` it has to make do with little, and without data.
        argv: The options; those of the process when left out.
        defaults: Values of TrainConfig that suit the task.
        tiny: Values of TrainConfig for `--tiny` that differ from the usual ones.
        add_options: Adds options of the task's own.

    Returns:
        The exit code: 0 done, 130 stopped (a checkpoint was written), others as in recon.errors.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    parser = _parser(task_name, {**_NEEDED, **(defaults or {})}, add_options)
    options = parser.parse_args(argv)
    try:
        config = _config(options, {**TINY, **(tiny or {})})
        _check(options)
        weights = train(
            make_task(options),
            options.out,
            config,
            on_event=Printer(),
            start=options.start,
            command=f"photolith train {task_name} {_plain_paths(argv)}".strip(),
        )
    except PhotolithError as error:
        print("\n".join(part for part in (error.what, error.why, error.remedy) if part), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    print(f"Best weights: {weights}")
    return 0


def _parser(
    task_name: str, defaults: Mapping[str, Any], add_options: Callable[[argparse.ArgumentParser], None] | None
) -> argparse.ArgumentParser:
    """Options of every training and of this one."""
    parser = argparse.ArgumentParser(prog=f"photolith train {task_name}", formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    hidden = argparse.SUPPRESS
    parser.add_argument("--data", type=Path, help="folder with the training data", default=None)
    parser.add_argument(
        "--out", "-o", type=Path, required=True, help="folder of the run; an earlier run in it is taken up again", default=hidden
    )
    parser.add_argument("--resume", action="store_true", help="fail when there is nothing to take up again", default=False)
    parser.add_argument("--start", type=Path, help="weights to begin with", default=None)
    parser.add_argument("--tiny", action="store_true", help="a run of seconds that shows whether everything works", default=False)
    group = parser.add_argument_group("training")
    for name, (kind, default, info) in describe(TrainConfig).items():
        flag, value = f"--{name.replace('_', '-')}", defaults.get(name, None if default is MISSING else default)
        doc = f"{info.doc} [{value}]".replace("%", "%%")
        if kind is bool:
            group.add_argument(flag, action=argparse.BooleanOptionalAction, help=doc, default=hidden)
        else:
            group.add_argument(flag, type=kind, choices=info.choices, help=doc, default=hidden)
    if add_options is not None:
        add_options(parser)
    parser.set_defaults(_defaults=dict(defaults))
    return parser


def _config(options: argparse.Namespace, tiny: Mapping[str, Any]) -> TrainConfig:
    """The config asked for; its values are put into the options too."""
    known = describe(TrainConfig)
    asked = {name: value for name, value in vars(options).items() if name in known}
    values = {name: value for name, value in options._defaults.items() if name in known}
    config = build(TrainConfig, {**values, **(tiny if options.tiny else {}), **asked})
    for name in known:
        setattr(options, name, getattr(config, name))
    return config


def _check(options: argparse.Namespace) -> None:
    """Data are there, and a run if one is to be taken up."""
    if options.data is None and not options.tiny:
        raise InputError("There is nothing to train on.", "--data is missing.", "Give the folder that 'photolith train data' made.")
    if options.data is not None and not options.data.is_dir():
        raise InputError(f"'{options.data}' is no folder.", "", "Give the folder that 'photolith train data' made.")
    if options.resume and not (options.out / "state.safetensors").exists():
        raise InputError(f"There is no run in '{options.out}' to take up again.", "", "Leave --resume out to begin one.")


def _plain_paths(argv: Sequence[str]) -> str:
    """The options for the card, with folders as their last name: a card tells nothing of this machine."""
    return " ".join(Path(word).name if "/" in word or "\\" in word else word for word in argv)


class Printer:
    """Prints the events of a training: a line that renews itself on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        self._live = sys.stdout.isatty()
        self._open = False

    def __call__(self, event: dict[str, Any]) -> None:
        """Prints one event of `train`."""
        kind = event["event"]
        if kind == "begun":
            verb = f"Goes on from step {event['step']}" if event["step"] else "Begins"
            limit = f" or {event['minutes']:g} minutes" if event["minutes"] else ""
            self._print(f"{verb}: {event['steps']} steps{limit}, {event['parameters']:,} parameters")
        elif kind == "progress":
            line = progress_line(event)
            self._print(line[: get_terminal_size().columns - 1] if self._live else line, live=self._live)
        elif kind == "validated":
            figures = "  ".join(f"{name} {value:.4g}" for name, value in event["measured"].items())
            self._print(f"step {event['step']}  validation: {figures}{'  (best)' if event['best'] else ''}")

    def _print(self, text: str, live: bool = False) -> None:
        if self._open:
            print("\r\x1b[K", end="")
        print(text, end="" if live else "\n", flush=True)
        self._open = live


def progress_line(event: Mapping[str, Any]) -> str:
    """'step 1200/20000  0:41:07 left  12.3 examples/s  loss 0.532', and further figures."""
    minutes, seconds = divmod(round(event["eta_seconds"]), 60)
    skipped = f"  skipped {event['skipped']}" if event["skipped"] else ""
    figures = "  ".join(f"{name} {value:.4g}" for name, value in event["train"].items())
    eta = f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    return f"step {event['step']}/{event['steps']}  {eta} left  {event['examples_per_second']:.3g} examples/s{skipped}  {figures}"
