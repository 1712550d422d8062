"""The errors a user can cause or meet, each with what happened, why, and what to do about it.

Window and command line print the same words (`str(error)`), and the command line exits with `exit_code`.
"""

from __future__ import annotations


class PhotolithError(Exception):
    """Base of every expected failure.

    Args:
        what: What could not be done, one sentence.
        why: The reason, with the figure behind it where there is one.
        remedy: What the user can do now.
    """

    exit_code = 1

    def __init__(self, what: str, why: str = "", remedy: str = "") -> None:
        self.what, self.why, self.remedy = what, why, remedy
        super().__init__(" ".join(part for part in (what, why, remedy) if part))

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.what, self.why, self.remedy)


class InputError(PhotolithError):
    """A file or folder that the user gave cannot be used."""

    exit_code = 3


class WeightsError(InputError):
    """A file with trained weights is missing, damaged, or of another network."""


class SettingsError(PhotolithError):
    """A setting is unknown, of the wrong type or out of its range."""

    exit_code = 4


class ProjectError(PhotolithError):
    """The project folder is damaged, too new, read-only or not a project."""

    exit_code = 5


class ProjectLockedError(ProjectError):
    """Another process works on this project."""

    exit_code = 6


class ReconstructionError(PhotolithError):
    """The photographs do not allow this step (too few, no overlap, no depth)."""

    exit_code = 7


class ResourceError(PhotolithError):
    """Out of disk, memory, or a device is missing."""

    exit_code = 8


class TrainingError(PhotolithError):
    """A training cannot go on (the loss is no longer a number)."""

    exit_code = 9


class Cancelled(PhotolithError):
    """The user asked to stop; the project can be resumed."""

    exit_code = 130

    def __init__(self, what: str = "Stopped.", why: str = "", remedy: str = "Run again to resume.") -> None:
        super().__init__(what, why, remedy)


class ShapeError(ValueError):
    """An array handed to a public function has the wrong shape or type."""
