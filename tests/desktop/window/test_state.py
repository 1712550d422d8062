from dataclasses import replace
from pathlib import Path

import pytest

from desktop.state import AppState, Job, LayerItem, Message, PhotoItem, StageItem
from desktop.style.tokens import THEMES, contrast


def layer(name: str, stamp: str = "1") -> LayerItem:
    return LayerItem(name, name, Path(name), stamp)


def with_photos(count: int) -> AppState:
    return AppState(project=Path("p"), photos=tuple(PhotoItem(f"{n}.jpg", Path("x")) for n in range(count)))


def test_observers_hear_only_of_changes_of_their_topic():
    state, heard = AppState(), []
    state.subscribe("photos", lambda: heard.append("photos"))
    state.set("project", name="x")
    state.set("photos", photos=())
    assert heard == []
    state.set("photos", photos=(PhotoItem("a", Path("a")),))
    assert heard == ["photos"]


def test_an_unknown_topic_is_refused():
    with pytest.raises(KeyError):
        AppState().subscribe("nothing", lambda: None)


def test_photos_that_are_off_or_cannot_be_read_are_not_ready():
    state = with_photos(4)
    assert state.ready_photos == 4
    one, two, *rest = state.photos
    state.photos = (replace(one, usable=False), replace(two, enabled=False), *rest)
    assert state.ready_photos == 2
    state.photos = (replace(one, usable=False), two)
    assert state.primary() == "add", "a broken photo counts as one of the two that it takes"


def test_the_page_follows_project_photos_and_layers():
    state = AppState()
    assert state.page() == "start"
    state.project = Path("p")
    assert state.page() == "drop"
    state = with_photos(3)
    assert state.page() == "empty"
    state.set_layers((layer("sparse"),))
    assert state.page() == "model"


def test_there_is_one_primary_action_and_it_is_the_next_step():
    assert AppState().primary() == "new"
    assert with_photos(1).primary() == "add"
    state = with_photos(3)
    assert state.primary() == "run"
    state.interrupted = True
    assert state.primary() == "resume"
    state.stages = (StageItem("mesh", "Mesh", "fresh"),)
    assert state.primary() == "export"
    state.job = Job("Depth")
    assert state.primary() == "stop"
    state.job = Job("Looking", quiet=True)
    assert state.primary() == "export"


def test_the_dense_cloud_hides_the_sparse_points_but_only_when_it_appears():
    state = AppState()
    state.set_layers((layer("sparse"),))
    state.set_layers((layer("sparse"), layer("cloud")))
    assert not state.layer("sparse").visible
    state.show_layer("sparse", True)
    state.set_layers((layer("sparse"), layer("cloud", "2")))
    assert state.layer("sparse").visible, "what somebody switched on by hand must stay on"
    state.set_layers((layer("sparse"), layer("cloud", "2"), layer("refined")))
    assert not state.layer("cloud").visible, "refined points are hidden by those they were made of"
    state.set_layers((layer("sparse"), layer("cloud", "2"), layer("refined"), layer("textured")))
    shown = [item.name for item in state.layers if item.visible]
    assert shown == ["sparse", "textured"], "the textured surface is shown in place of its points"


def test_running_and_failed_stages_lie_over_the_plan():
    state = AppState(stages=(StageItem("sfm", "Cameras", "stale", "old"), StageItem("depth", "Depth", "never")))
    state.job = Job("Depth", "depth", 1, 2, "view 1")
    assert [stage.state for stage in state.shown_stages()] == ["stale", "running"]
    state.job, state.failed_stage, state.failed_why = None, "sfm", "no overlap"
    assert state.shown_stages()[0] == replace(state.stages[0], state="failed", why="no overlap")


def test_only_three_messages_stay_and_one_is_never_doubled():
    state = AppState()
    for number in range(5):
        state.add_message(Message(f"m{number}"))
    state.add_message(Message("m4", "again"))
    assert [message.what for message in state.messages] == ["m4", "m3", "m2"]


GROUNDS = ("window", "panel", "sunken", "hover", "selection", "error_surface", "warn_surface", "info_surface")
PAIRS = [(text, ground) for text in ("text", "muted") for ground in GROUNDS]
PAIRS += [(text, ground) for text in ("link", "ok", "warn", "error", "info") for ground in ("panel", "sunken")]
PAIRS += [("on_accent", "accent"), ("on_accent", "accent_hover"), ("text", "raised")]
PAIRS += [("on_badge", "ok"), ("on_badge", "warn"), ("on_badge", "error"), ("on_badge", "muted")]


@pytest.mark.parametrize("name", sorted(THEMES))
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out_from_its_ground(name, text, ground):
    tokens = THEMES[name]
    assert contrast(getattr(tokens, text), getattr(tokens, ground)) >= 4.5
