import sys

from desktop.jobs.bridge import JobBridge


def behave(window, how: str) -> None:
    (window.state.project / "behave").write_text(how)


def test_a_run_shows_progress_with_time_left_and_finishes(project, until):
    behave(project, "wait")
    project.actions_["run"].trigger()
    until(lambda: project.state.job is not None and project.state.job.total == 3)
    assert (project.state.job.stage, project.state.job.done, project.state.job.eta_seconds) == ("photos", 1, 61.0)
    assert project.status.bar.isVisible()
    assert project.status.left.text() == "1:01 left"
    assert project.pipeline.rows["photos"].bar.isVisible()
    assert project.state.shown_stages()[0].state == "running"
    assert not project.actions_["run"].isEnabled()
    project.actions_["stop"].trigger()
    until(lambda: project.state.job is None)
    assert project.state.interrupted
    assert project.state.primary() == "resume"
    assert project.actions_["run"].text() == "Resume"
    behave(project, "finish")
    project.actions_["run"].trigger()
    until(lambda: project.state.job is None)
    assert not project.state.interrupted
    assert not project.state.messages
    assert any(line.text == "a library prints something" for line in project.state.log)


def test_the_worker_stays_warm_between_runs(project, until):
    project.session.runs.run("photos")
    until(lambda: project.session.bridge.pid and project.state.job is None)
    first = project.session.bridge.pid
    project.session.runs.run("photos")
    until(lambda: project.state.job is None)
    assert project.session.bridge.pid == first


def test_a_failed_run_says_what_why_and_remedy_and_marks_the_stage(project, until):
    behave(project, "fail")
    project.session.runs.run()
    until(lambda: project.state.messages)
    message = project.state.messages[0]
    assert (message.what, message.why, message.remedy) == ("No depth was found.", "The photos overlap too little.", "Add photos.")
    assert project.state.failed_stage == "toy"
    assert project.pipeline.rows["toy"].time.text() == "Failed"
    assert project.log.errors() == 1


def test_an_error_that_nobody_foresaw_leaves_its_place_in_the_log(project, until):
    behave(project, "bug")
    project.session.runs.run()
    until(lambda: project.state.messages)
    until(lambda: any("File toy.py, line 3" in line.text for line in project.state.log))


def test_a_crashed_worker_is_told_with_its_last_words_and_resume(project, until):
    behave(project, "crash")
    project.session.runs.run()
    until(lambda: project.state.messages)
    assert project.state.messages[0].action == "resume"
    assert any("Segmentation fault in the toy" in line.text for line in project.state.log)
    behave(project, "finish")
    project.viewer.messages.action.emit("resume")
    until(lambda: project.state.job is None)
    assert project.state.failed_stage == ""
    assert not project.state.messages


def test_a_worker_that_does_not_stop_is_ended(project, until):
    behave(project, "hang")
    project.session.runs.run()
    until(lambda: project.state.job is not None and project.state.job.total == 3)
    project.session.runs.stop()
    assert project.state.job.stopping
    until(lambda: project.state.job is None)
    assert project.state.interrupted
    assert not project.state.messages, "stopping is no error"


def test_a_worker_that_cannot_be_started_is_told(app, until):
    bridge, ends = JobBridge(("/nowhere/python",)), []
    bridge.finished.connect(lambda *arguments: ends.append(arguments))
    bridge.run("x")
    until(lambda: ends)
    assert ends[0][0] == "crashed"
    assert not bridge.running


def test_photos_can_be_changed_while_a_run_goes_on(project, until):
    behave(project, "wait")
    project.session.runs.run()
    until(lambda: project.state.job is not None and project.state.job.total == 3)
    project.session.photos.set_enabled(["a b ü 2.png"], False)
    until(lambda: project.state.ready_photos == 2)
    assert project.state.job is not None
    project.session.runs.stop()
    until(lambda: project.state.job is None)


def test_a_run_asked_for_while_photos_are_looked_at_begins_afterwards(project, until):
    behave(project, "wait")
    project.session.runs.run("photos", quiet=True)
    until(lambda: project.state.job is not None and project.state.job.total == 3)
    behave(project, "finish")
    seen = []
    project.session.bridge.received.connect(lambda event: seen.append(event.get("stage")) if event["event"] == "stage_started" else None)
    project.session.runs.run()
    assert not project.state.job.quiet
    project.session.bridge.cancel()
    until(lambda: project.state.job is None)
    assert "toy" not in seen, "a run that was stopped must not go on by itself"


def test_the_worker_ends_with_the_window(project, until):
    project.session.runs.run("photos")
    until(lambda: project.session.bridge.pid and project.state.job is None)
    import psutil

    process = psutil.Process(project.session.bridge.pid)
    project.close()
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert sys.executable
