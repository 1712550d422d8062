"""The command line with its death foretold: `python -m tests.desktop.mortal STAGE item|step NUMBER arguments...`.

The process group is killed (SIGKILL) when the stage has NUMBER items in place and puts the next, or has told NUMBER steps and
tells the next.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from desktop.cli.main import main
from recon.pipeline.context import RunContext
from recon.project.store import Store


def die_after(number: int, applies: Callable[..., bool], function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, in whose place the process group is killed once it has been called `number` times."""
    done = 0

    def mortal(*arguments: Any) -> Any:
        nonlocal done
        if done >= number:
            os.killpg(0, signal.SIGKILL)
        result = function(*arguments)
        done += applies(*arguments)
        return result

    return mortal


if __name__ == "__main__":
    _, stage, moment, number, *sys.argv[1:] = sys.argv
    if moment == "item":
        Store.put_item = die_after(int(number), lambda store, temporary, target: target.parts[-3] == stage, Store.put_item)  # type: ignore[method-assign]
    else:
        RunContext.progress = die_after(int(number), lambda context, step: context.stage.name == stage, RunContext.progress)  # type: ignore[method-assign]
    sys.exit(main())
