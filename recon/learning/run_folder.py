"""The folder of a training run: its recipe, its log, and the names of what lies in it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from recon.errors import InputError, ResourceError
from recon.io.atomic import replacing
from recon.io.file_lock import FileLock, FileLockedError
from recon.learning.config import TrainConfig
from recon.learning.history import FILE_NAME

_REMEDY = "Choose another --out to train anew, or give the options of the run to take it up again."


class RunFolder:
    """Names and small files of a run.

    Args:
        path: The folder; made when it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.recipe, self.state, self.log = (self.path / name for name in ("recipe.json", "state.safetensors", "log.jsonl"))
        self.best, self.last = (self.path / name for name in ("best.safetensors", "last.safetensors"))
        self.history = self.path / FILE_NAME
        self.curves, self.samples = self.path / "curves.png", self.path / "samples"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keeps a second process out of the folder.

        Raises:
            ResourceError: Another process trains here, or the folder cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = f"The system says: {error.strerror}."
            raise ResourceError(f"The folder '{self.path}' cannot be made.", why, "Choose another folder.") from error
        with ExitStack() as held:
            try:
                held.enter_context(FileLock(self.path / "run.lock"))
            except FileLockedError as error:
                what, remedy = f"Another process trains in '{self.path}'.", "Wait until it has finished, or stop it."
                raise ResourceError(what, error.owner, remedy) from error
            except OSError as error:
                what, why = f"The folder '{self.path}' cannot be locked.", f"The system says: {error.strerror}."
                raise ResourceError(what, why, "Choose another folder.") from error
            yield

    def check_recipe(self, recipe: Mapping[str, Any]) -> None:
        """Writes the recipe into a new folder; in an old one compares it.

        Raises:
            InputError: The folder holds a run of another recipe; names the fields.
        """
        asked = json.loads(json.dumps(recipe))
        if not self.recipe.exists():
            self._refuse_strangers()
            with replacing(self.recipe) as temporary:
                temporary.write_text(json.dumps(asked, indent=2) + "\n", encoding="utf-8")
            return
        different = list(differences(self._read_recipe(), asked))
        if different:
            more = f" and {len(different) - 6} more" if len(different) > 6 else ""
            why = f"Different: {'; '.join(different[:6])}{more}."
            raise InputError(f"'{self.path}' holds a run of another recipe.", why, _REMEDY)

    def _refuse_strangers(self) -> None:
        """A folder with weights or state but no recipe is not ours to write into."""
        for path in (self.state, self.best, self.last):
            if path.exists():
                why = f"It holds {path.name}, but no {self.recipe.name}."
                raise InputError(f"'{self.path}' cannot be used for a training.", why, "Choose another --out.")

    def _read_recipe(self) -> Any:
        """The recipe; settings that are newer than the run had their usual values."""
        try:
            recipe = json.loads(self.recipe.read_text(encoding="utf-8"))
            recipe["config"] = TrainConfig(steps=1, batch=1).recipe() | recipe["config"]
        except (OSError, ValueError, RecursionError, TypeError, KeyError) as error:
            raise InputError(f"'{self.recipe}' cannot be read.", f"{error}.", "Choose another --out.") from error
        return recipe

    def append(self, line: Mapping[str, Any]) -> None:
        """Adds a line to the log; numbers that are not finite become null."""
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(_plain(line)) + "\n")

    def read_log(self) -> list[dict[str, Any]]:
        """All lines of the log that can be read."""
        lines = []
        for text in self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else ():
            try:
                line = json.loads(text)
            except ValueError:  # a line cut by the end of the process
                continue
            if isinstance(line, dict) and isinstance(line.get("step"), int):
                lines.append(line)
        return lines

    def cut_log(self, step: int) -> None:
        """Forgets the lines after `step`, which will be made again."""
        kept = [line for line in self.read_log() if line["step"] <= step]
        with replacing(self.log) as temporary:
            temporary.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")


def differences(old: Any, new: Any, name: str = "") -> Iterator[str]:
    """Sentences about the fields in which two JSON values differ, 'config.rate was 0.001 and is now 0.01'."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(set(old) | set(new)):
            yield from differences(old.get(key), new.get(key), f"{name}.{key}".lstrip("."))
    elif old != new:
        yield f"{name or 'it'} was {_short(old)} and is now {_short(new)}"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _plain(value: Any) -> Any:
    """The value with NaN and infinity as None."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
