"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

PACKAGES = ("photolith", "torch", "open3d", "pycolmap", "numpy", "scipy", "opencv-python-headless")


def machine_lines() -> list[str]:
    """Markdown lines: processor, memory, system, versions, commit."""
    memory = psutil.virtual_memory().total / 2**30
    versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return [
        f"- Machine: {_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB RAM, {_graphics()}.",
        f"- {platform.system()}, Python {platform.python_version()}.",
        f"- Versions: {versions}; commit {_commit()}.",
    ]


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _graphics() -> str:
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "no GPU"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _commit() -> str:
    root = Path(__file__).resolve().parents[3]
    answer = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=root, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"
