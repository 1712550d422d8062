"""Speaks the worker's protocol. What it does is chosen by a file 'behave' in the project: finish, fail, bug, crash, hang, wait."""

import json
import sys
import threading
import time
from pathlib import Path

cancelled = threading.Event()


def say(event: str, **values: object) -> None:
    print(json.dumps({"event": event, **values}), flush=True)


def run(request: dict) -> None:
    note = Path(request["project"]) / "behave"
    behave = note.read_text() if note.exists() else "finish"
    until = request.get("until")
    stages = ["photos"] if until == "photos" else ["photos", "toy"]
    say("run_started", stages=stages)
    for stage in stages:
        say("stage_started", stage=stage, title=stage.capitalize())
        say("progress", stage=stage, done=1, total=3, detail="one of three", eta_seconds=61.0)
        if behave == "fail" and stage == "toy":
            words = {"what": "No depth was found.", "why": "The photos overlap too little.", "remedy": "Add photos."}
            say("failed", error={"type": "ReconstructionError", **words})
            return
        if behave == "bug" and stage == "toy":
            words = {"what": "Something went wrong inside.", "why": "KeyError: 'x'", "remedy": "The log has the details."}
            say("failed", error={"type": "PhotolithError", **words})
            sys.stderr.write("Traceback (most recent call last):\n  File toy.py, line 3\nKeyError: 'x'\n")
            sys.stderr.flush()
            return
        if behave == "crash":
            sys.stderr.write("Segmentation fault in the toy\n")
            sys.stderr.flush()
            time.sleep(0.1)
            import os

            os._exit(11)
        while behave in ("wait", "hang"):
            if cancelled.wait(0.05) and behave == "wait":
                say("failed", error={"type": "Cancelled", "what": "Stopped.", "why": "", "remedy": ""})
                return
        say("stage_finished", stage=stage, seconds=0.1, reused=False)
    print("a library prints something", flush=True)
    say("report", report={})


for line in sys.stdin:
    message = json.loads(line)
    if message["command"] == "run":
        cancelled.clear()
        threading.Thread(target=run, args=(message,), daemon=True).start()
    elif message["command"] == "cancel":
        cancelled.set()
