"""Writes constraints.txt: the installed version of everything the project and its development extra depend on.

Usage: python .ci/pins.py constraints.txt [--check]
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ACCELERATORS = re.compile(r"nvidia-|cuda-|triton")
"""Left out: a CUDA build of torch pins these itself, and another build has none."""


def closure(root: str, extras: frozenset[str]) -> dict[str, str]:
    """Name -> 'Name==version' of all that `root[extras]` needs and that is installed, `root` left out."""
    found: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    stack = [(root, extras)]
    while stack:
        name, wanted = stack.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue  # wanted on another system, or optional
        if name != root and not ACCELERATORS.match(name):
            found[name] = f"{package.metadata['Name']}=={package.version.split('+')[0]}"
        for line in package.requires or []:
            requirement = Requirement(line)
            if any(requirement.marker is None or requirement.marker.evaluate({"extra": extra}) for extra in (wanted or {""})):
                stack.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return found


def main(path: Path, check: bool) -> int:
    """Writes `path`, or with `check` says whether it is up to date (0) or not (1)."""
    text = "".join(f"{pin}\n" for _, pin in sorted(closure("photolith", frozenset({"dev"})).items()))
    if not check:
        path.write_text(text)
        return 0
    return 0 if path.read_text() == text else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), "--check" in sys.argv))
