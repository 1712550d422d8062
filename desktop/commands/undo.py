"""What can be undone: changes of the project, each with the call that makes it and the call that takes it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtGui import QUndoCommand

Edit = Callable[[Any], Any]
"""Something done to an open `Project`, on a thread."""


class ProjectCommand(QUndoCommand):
    """One change of the project.

    Args:
        text: What the Edit menu shows after 'Undo'.
        submit: Takes an `Edit` and runs it in order, off the GUI thread.
        forward, backward: The change and its opposite.
        done: The change has been made already; only undo and redo are left.
    """

    def __init__(self, text: str, submit: Callable[[Edit], None], forward: Edit, backward: Edit, *, done: bool = False) -> None:
        super().__init__(text)
        self._submit, self._forward, self._backward, self._skip = submit, forward, backward, done

    def redo(self) -> None:
        """Makes the change."""
        if self._skip:
            self._skip = False
            return
        self._submit(self._forward)

    def undo(self) -> None:
        """Takes it back."""
        self._submit(self._backward)


def taken_in(submit: Callable[[Edit], None], ids: tuple[str, ...]) -> ProjectCommand:
    """Photos have been added."""
    out, back = _out_and_back(ids)
    return ProjectCommand(f"Add {_photos(ids)}", submit, back, out, done=True)


def take_out(submit: Callable[[Edit], None], ids: tuple[str, ...]) -> ProjectCommand:
    """Takes photos out of the project."""
    return ProjectCommand(f"Remove {_photos(ids)}", submit, *_out_and_back(ids))


def switch_photos(submit: Callable[[Edit], None], ids: tuple[str, ...], on: bool) -> ProjectCommand:
    """Switches photos on or off."""

    def turn(state: bool) -> Edit:
        return lambda project: project.set_enabled(ids, state)

    text = f"{'Use' if on else 'Leave out'} {_photos(ids)}"
    return ProjectCommand(text, submit, turn(on), turn(not on))


def change_settings(submit: Callable[[Edit], None], stage: str, before: dict[str, Any], after: dict[str, Any], text: str) -> ProjectCommand:
    """Replaces a stage's own settings."""
    return ProjectCommand(
        text, submit, lambda project: project.set_settings(stage, after), lambda project: project.set_settings(stage, before)
    )


def change_preset(submit: Callable[[Edit], None], before: str, after: str) -> ProjectCommand:
    """Chooses another preset."""
    return ProjectCommand(f"Preset {after}", submit, lambda project: project.set_preset(after), lambda project: project.set_preset(before))


def _photos(ids: tuple[str, ...]) -> str:
    return ids[0] if len(ids) == 1 else f"{len(ids)} photos"


def _out_and_back(ids: tuple[str, ...]) -> tuple[Edit, Edit]:
    """Taking photos out of a project, and bringing back what was taken out last."""
    from desktop.importing import remove_photos, restore_photos

    box: dict[str, Any] = {}
    return lambda project: remove_photos(project, ids, box), lambda project: restore_photos(project, box)
