"""Which device computes, as a short word for the status bar and, where something can be mended, a message. Qt-free."""

from __future__ import annotations

from desktop.state import Message


def look() -> tuple[str, Message | None]:
    """Asks torch in a process of its own; takes some seconds, so call it from a thread.

    Returns:
        'CPU', 'MPS' or the GPU's name, and what to tell the user when a GPU lies idle.
    """
    from desktop.cli.doctor import judge_torch, nvidia_gpu
    from desktop.cli.probes import ask

    answer, gpu = ask("torch"), nvidia_gpu()
    finding = judge_torch(answer, gpu)
    told = None if finding.state == "ok" else Message(f"{finding.name}: {finding.value}.", finding.meaning, finding.remedy, "info")
    return device_name(answer), told


def device_name(answer: dict) -> str:
    """The device 'auto' stands for."""
    if answer.get("devices"):
        return str(answer["devices"][0])
    return "CPU"
