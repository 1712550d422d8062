"""What importing the library does to the process."""

import os
import subprocess
import sys

import pytest

SHOWN = "import {package}, os, sys; print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules)"


@pytest.mark.parametrize(
    ("package", "given", "shown"), [("recon", None, "passive"), ("generative", None, "passive"), ("recon", "active", "active")]
)
def test_waiting_threads_sleep_unless_told_otherwise_and_torch_is_not_imported_yet(package: str, given: str | None, shown: str) -> None:
    surroundings = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"} | (
        {} if given is None else {"OMP_WAIT_POLICY": given}
    )
    command = [sys.executable, "-c", SHOWN.format(package=package)]
    assert subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True).stdout.split() == [shown, "False"]
