"""`photolith doctor`: what this machine has, and what that means for the work."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Annotated, Any

import typer

from desktop.cli.probes import ask

REQUIRED = {
    "torch": "torch",
    "open3d": "open3d",
    "pycolmap": "pycolmap",
    "cv2": "opencv-python-headless",
    "PIL": "Pillow",
    "pillow_heif": "pillow-heif",
    "scipy": "scipy",
    "trimesh": "trimesh",
}
"""Module -> distribution: without these no photograph becomes a model."""
WINDOW = {"PySide6.QtWidgets": "PySide6-Essentials", "pyqtgraph": "pyqtgraph"}
MIN_MEMORY, GOOD_MEMORY = 3 << 30, 7 << 30
MIN_DISK, GOOD_DISK = 1 << 30, 10 << 30
_CUDA_BUILDS = ((13, 0), (12, 8), (12, 6), (11, 8))


@dataclass(frozen=True)
class Finding:
    """One thing the machine has or lacks.

    Args:
        name: What was looked at.
        value: What was found.
        state: 'ok', 'note' (works, could be better), 'warning' (a part will not work), 'problem' (the main job will not run).
        meaning: What that means, one sentence; '' when it needs none.
        remedy: What to do, where there is something to do.
    """

    name: str
    value: str
    state: str = "ok"
    meaning: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Report:
    """All findings."""

    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether photographs can be made into a model here."""
        return all(finding.state != "problem" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"ok": self.ok, "findings": [asdict(finding) for finding in self.findings]}


def doctor(folder: Path | None = None) -> Report:
    """Looks at the machine; takes some seconds, since libraries and drivers are tried in processes of their own.

    Args:
        folder: Where projects will be kept; its free space is looked at. The current folder when left out.
    """
    modules = [*(REQUIRED | WINDOW)]
    with ThreadPoolExecutor(max(2, min(4, os.cpu_count() or 2))) as pool:
        packages = {name: pool.submit(ask, "package", name) for name in modules if name != "torch"}
        torch, opengl, vulkan = (pool.submit(ask, question) for question in ("torch", "opengl", "vulkan"))
        answers = {name: future.result() for name, future in packages.items()} | {"torch": torch.result()}
        drawing = judge_drawing(opengl.result(), vulkan.result())
    machine = (_python(), _system(), judge_memory(*_memory()), judge_disk(shutil.disk_usage(folder or Path.cwd()).free))
    libraries = (*judge_packages(answers), judge_torch(answers["torch"], nvidia_gpu()))
    return Report((*machine, *libraries, drawing, *_extras()))


def _python() -> Finding:
    fits = sys.version_info >= (3, 11) and sys.maxsize > 2**32
    value = f"Python {platform.python_version()}, Photolith {_version('photolith')}"
    return Finding("Python", value) if fits else Finding("Python", value, "problem", "Photolith needs a 64-bit Python 3.11 or newer.")


def _system() -> Finding:
    return Finding("System", f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count() or 1} processors")


def _memory() -> tuple[int, int]:
    """Total and available memory in bytes."""
    import psutil

    memory = psutil.virtual_memory()
    return memory.total, memory.available


def judge_memory(total: int, available: int) -> Finding:
    """What `total` and `available` bytes of memory are good for."""
    value = f"{total / 2**30:.1f} GB, {available / 2**30:.1f} GB of it free"
    if total < MIN_MEMORY:
        return Finding("Memory", value, "warning", "Dense reconstruction of large photos may not fit.", "Use --preset draft.")
    if total < GOOD_MEMORY:
        return Finding("Memory", value, "note", "Enough; with large photos, close other programs.")
    return Finding("Memory", value)


def judge_disk(free: int) -> Finding:
    """What `free` bytes of disk space are good for."""
    value = f"{free / 2**30:.1f} GB free here"
    if free < MIN_DISK:
        return Finding("Disk", value, "problem", "A project does not fit: each photo takes some ten megabytes.", "Free some space.")
    if free < GOOD_DISK:
        return Finding("Disk", value, "note", "Enough for some hundred photos; each takes some ten megabytes.")
    return Finding("Disk", value)


def judge_packages(answers: dict[str, dict[str, Any]]) -> list[Finding]:
    """Which libraries are there, and which are missing or cannot be loaded."""
    broken = {name: answer["error"] for name, answer in answers.items() if not answer["ok"]}
    works = [f"{dist} {_version(dist)}" for name, dist in (REQUIRED | WINDOW).items() if name not in broken]
    findings = [Finding("Libraries", ", ".join(works))] if works else []
    for name, error in broken.items():
        needed = name in REQUIRED
        meaning = "Without it no model can be made." if needed else "The window does not start; the command line works."
        findings.append(Finding((REQUIRED | WINDOW)[name], error, "problem" if needed else "warning", meaning, remedy_for(name, error)))
    return findings


def remedy_for(module: str, error: str) -> str:
    """How to mend an import that failed with `error`."""
    library, found, _ = error.partition(": cannot open shared object file")
    if found:
        return f"Install the system package that has {library.split()[-1]} (Debian, from a source checkout: make setup)."
    return f"{Path(sys.executable).name} -m pip install --upgrade {(REQUIRED | WINDOW)[module]}"


def nvidia_gpu() -> tuple[str, tuple[int, int] | None] | None:
    """Name of an NVIDIA GPU and the CUDA version its driver supports, by its own tool; None when there is none."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    try:
        names = subprocess.run(
            [tool, "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
        table = subprocess.run([tool], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    digits = table.partition("CUDA Version:")[2].split()[:1]
    major, _, minor = (digits[0] if digits else "").partition(".")
    cuda = (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None
    return (names.splitlines()[0].strip(), cuda) if names.strip() else None


def judge_torch(answer: dict[str, Any], gpu: tuple[str, tuple[int, int] | None] | None) -> Finding:
    """Which device the heavy work runs on.

    Args:
        answer: Of the question 'torch'.
        gpu: NVIDIA GPU that the system has, see `nvidia_gpu`.
    """
    if not answer["ok"]:
        return Finding("Computing", "torch does not load", "problem", "Depth cannot be computed.")
    if answer["devices"]:
        names = ", ".join(f"{name} ({size / 2**30:.0f} GB)" for name, size in zip(answer["devices"], answer["memory"], strict=True))
        return Finding("Computing", f"{names}, torch for CUDA {answer['built_for']}", "ok", "Depth is computed on the GPU.")
    if gpu is not None and answer["built_for"]:
        meaning = f"torch is built for CUDA {answer['built_for']} but cannot use the GPU: its driver may be too old."
        return Finding("Computing", gpu[0], "note", meaning + " Everything runs on the processor.", "Update the NVIDIA driver.")
    if gpu is not None:
        meaning = "There is a GPU, but torch came without CUDA: everything runs on the processor, slower."
        return Finding("Computing", gpu[0], "note", meaning, cuda_command(answer["version"], gpu[1]))
    if answer["mps"]:
        return Finding("Computing", "Apple GPU (MPS) and processor", "ok", "What torch supports there can run on the GPU (--device mps).")
    return Finding(
        "Computing", "processor", "ok", "There is no GPU that torch can use; the processor does everything: minutes, not seconds."
    )


def cuda_command(torch_version: str, driver: tuple[int, int] | None) -> str:
    """The command that replaces torch by the same version with CUDA, for the newest CUDA the driver takes."""
    build = next((b for b in _CUDA_BUILDS if driver is None or b <= driver), _CUDA_BUILDS[-1])
    torch = f"torch=={torch_version.partition('+')[0]}"
    index = f"https://download.pytorch.org/whl/cu{build[0]}{build[1]}"
    return f'"{sys.executable}" -m pip install --force-reinstall {torch} --index-url {index}'


def judge_drawing(opengl: dict[str, Any], vulkan: dict[str, Any]) -> Finding:
    """How the window will draw models."""
    value = f"OpenGL {'works' if opengl['ok'] else 'does not work'}, Vulkan {'works' if vulkan['ok'] else 'does not work'}"
    if opengl["ok"] or vulkan["ok"]:
        return Finding("Drawing", value)
    meaning = "The window shows photos, settings and progress but no model; reconstruction, export and 'photolith render' work."
    return Finding(
        "Drawing", value, "warning", meaning, "Install or update the graphics driver (Debian: libgl1-mesa-dri, mesa-vulkan-drivers)."
    )


def _extras() -> list[Finding]:
    """Optional parts of the installation."""
    found: dict[str, list[tuple[str, bool]]] = {}
    for line in (requires("photolith") or []) if _version("photolith") else []:
        extra = line.partition("extra == ")[2].strip("\"' ")
        name = re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]
        if extra:
            found.setdefault(extra, []).append((name, bool(_version(name))))
    return [_extra(name, parts) for name, parts in found.items()]


def _extra(name: str, parts: Sequence[tuple[str, bool]]) -> Finding:
    missing = [package for package, there in parts if not there]
    if not missing:
        return Finding(f"Extra [{name}]", "installed")
    value = "not installed" if len(missing) == len(parts) else f"without {', '.join(missing)}"
    return Finding(f"Extra [{name}]", value, "ok", "Optional.", f"{Path(sys.executable).name} -m pip install 'photolith[{name}]'")


def _version(name: str) -> str:
    """Installed version of a distribution, '' when it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def doctor_command(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Says what this machine has and what that means."""
    report = doctor()
    if as_json:
        typer.echo(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        show(report)
    raise typer.Exit(0 if report.ok else 8)


def show(report: Report) -> None:
    """Prints the report for people."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    looks = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "warning": "[yellow]warning[/]", "problem": "[bold red]problem[/]"}
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for finding in report.findings:
        text = "\n".join(part for part in (finding.value, finding.meaning, finding.remedy and f"-> {finding.remedy}") if part)
        table.add_row(looks[finding.state], f"[bold]{escape(finding.name)}[/]", escape(text))
    console = Console(highlight=False)
    console.print(table)
    console.print(
        "\nPhotographs can be made into models here." if report.ok else "\nSomething that is needed is missing, see 'problem' above."
    )
