"""What `photolith doctor` concludes, and that a driver that crashes does not crash it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from desktop.cli import doctor, probes

GB = 1 << 30
NO_CUDA: dict[str, Any] = {"ok": True, "version": "2.13.0+cpu", "built_for": None, "devices": [], "memory": [], "mps": False}


@pytest.fixture(scope="module")
def printed() -> tuple[int, str]:
    application = typer.Typer()
    application.command()(doctor.doctor_command)
    result = CliRunner().invoke(application, ["--json"])
    return result.exit_code, result.stdout


def test_this_machine_can_do_the_main_job(printed: tuple[int, str]) -> None:
    code, text = printed
    report = json.loads(text)
    assert (code, report["ok"]) == (0, True), report
    names = [finding["name"] for finding in report["findings"]]
    assert {"Python", "System", "Memory", "Disk", "Libraries", "Computing", "Drawing", "Extra [dev]"} <= set(names)


def test_a_gpu_without_cuda_torch_is_told_with_the_command_that_mends_it() -> None:
    finding = doctor.judge_torch(NO_CUDA, ("NVIDIA GeForce RTX 4070", (12, 6)))
    assert finding.state == "note"
    assert "without CUDA" in finding.meaning
    assert "torch==2.13.0 --index-url https://download.pytorch.org/whl/cu126" in finding.remedy


def test_the_newest_cuda_the_driver_takes_is_chosen() -> None:
    assert "/cu130" in doctor.cuda_command("2.13.0", (13, 1))
    assert "/cu128" in doctor.cuda_command("2.13.0", (12, 9))
    assert "/cu118" in doctor.cuda_command("2.13.0", (11, 8))


def test_devices_are_named() -> None:
    assert doctor.judge_torch(NO_CUDA, None).value == "processor"
    gpu = NO_CUDA | {"built_for": "12.8", "devices": ["NVIDIA H100"], "memory": [80 * GB]}
    assert "NVIDIA H100 (80 GB)" in doctor.judge_torch(gpu, None).value
    assert "driver" in doctor.judge_torch(NO_CUDA | {"built_for": "12.8"}, ("NVIDIA T4", (11, 4))).remedy
    assert "MPS" in doctor.judge_torch(NO_CUDA | {"mps": True}, None).value


def test_a_missing_library_is_a_problem_and_a_missing_window_is_not() -> None:
    whole = {name: {"ok": True} for name in doctor.REQUIRED | doctor.WINDOW}
    error = {"ok": False, "error": "ImportError: libGL.so.1: cannot open shared object file: No such file or directory"}
    assert doctor.Report(tuple(doctor.judge_packages(whole))).ok
    no_open3d = doctor.judge_packages(whole | {"open3d": error})
    assert not doctor.Report(tuple(no_open3d)).ok
    assert "libGL.so.1" in no_open3d[-1].remedy
    no_window = doctor.judge_packages(
        whole | {"PySide6.QtWidgets": {"ok": False, "error": "ModuleNotFoundError: No module named 'PySide6'"}}
    )
    assert doctor.Report(tuple(no_window)).ok
    assert "pip install" in no_window[-1].remedy


def test_memory_disk_and_drawing_are_judged() -> None:
    assert [doctor.judge_memory(n * GB, GB).state for n in (2, 4, 16)] == ["warning", "note", "ok"]
    assert [doctor.judge_disk(n).state for n in (GB // 2, 5 * GB, 50 * GB)] == ["problem", "note", "ok"]
    works, fails = {"ok": True}, {"ok": False, "error": "aborted"}
    assert doctor.judge_drawing(works, fails).state == doctor.judge_drawing(fails, works).state == "ok"
    assert doctor.judge_drawing(fails, fails).state == "warning"


def test_a_driver_that_ends_the_process_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VK_ICD_FILENAMES", "nowhere.json")
    monkeypatch.setenv("VK_DRIVER_FILES", "nowhere.json")
    answer = probes.ask("vulkan")
    assert answer["ok"] is False
    assert answer["error"]


def test_a_package_that_is_not_there_is_named() -> None:
    answer = probes.ask("package", "no_such_package")
    assert "no_such_package" in answer["error"]
