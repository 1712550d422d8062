import base64
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from recon.inspection.gather import gather
from recon.inspection.html import el, text
from recon.inspection.page import make_page
from recon.inspection.report import write_page
from recon.pipeline.finished import Finished
from tests.recon.inspection.made_up import project

HOSTILE = '<script>alert("1")</script>&.jpg'
NAMES = [HOSTILE, '" onerror="alert(1).png', "c\udcff\x00\x1b[31m.jpg"]
VOID = {"meta", "img", "br", "hr", "link"}


class Reader(HTMLParser):
    """Checks that elements are nested, and collects what is there."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.attributes, self.words = [], [], [], []
        self.feed(page)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(self.words)


def report(names, **more):
    placed = {"registered": True, "reason": "", "points": 12, "error_px": 0.5}
    left = {"registered": False, "reason": "No verified pair; it came closest to <b>x</b>.", "points": 0, "error_px": None}
    photos = {name: {"enabled": True, "digest": "ab12", "verdict": "ok", "reason": "", "width": 80, "height": 60} for name in names}
    for number, photo in enumerate(photos.values()):
        photo["registration"] = left if number == 2 else placed
    stage = {"title": "Features", "version": 1, "digest": "cd34", "reused": False, "items_computed": 3, "settings": {"max": 1}}
    stage |= {"changed_settings": {"max": 1}, "seconds": 1.25, "peak_memory": 2e8, "device": "cpu", "notes": {"keypoints": {names[0]: 7}}}
    return {
        "project": "<b>Statue</b>", "preset": "draft", "seed": 4, "deterministic": False, "seconds": 3.0, "photos": photos,
        "note": "2 of 3 photos placed.", "stages": {"features": stage}, "versions": {"numpy": "2.4"}, **more,
    }  # fmt: skip


@pytest.fixture
def page(tmp_path):
    made, photos = project(tmp_path, NAMES)
    found = gather(made, photos)
    assert not found.problems
    return make_page(report(NAMES), found)


def test_hostile_names_stay_text(page):
    read = Reader(page)
    assert "script" not in read.tags
    assert not [key for key, _ in read.attributes if key.startswith("on")]
    assert HOSTILE in read.text
    assert "<b>Statue</b>" in read.text
    assert "closest to <b>x</b>" in read.text
    assert "\\udcff" in read.text, "bytes that are no text are shown as such"
    assert "\x1b" not in page
    assert "\x00" not in page
    page.encode("utf-8")


def test_the_page_needs_nothing_besides_itself(page):
    read = Reader(page)
    sources = [value for key, value in read.attributes if key in ("src", "href", "srcset", "data", "action")]
    assert sources
    assert all(re.match(r"data:image/(png|jpeg);base64,", value) for value in sources)
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in dict(read.attributes)["content"] or any("default-src 'none'" in (v or "") for _, v in read.attributes)
    assert not {"script", "iframe", "object", "link", "form"} & set(read.tags)


def test_the_pictures_in_the_page_can_be_decoded(page):
    pictures = re.findall(r'src="data:image/\w+;base64,([^"]+)" width="(\d+)" height="(\d+)"', page)
    assert len(pictures) >= 3 + 2 + 1 + 3 * 6  # thumbnails, matrix twice, pair, views
    for data, width, height in pictures:
        picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape[:2] == (int(height), int(width))


def test_figures_of_photos_pairs_stages_and_recipe_are_told(page):
    words = Reader(page).text
    for part in ("2 of 3", "0.50 px", "2 verified of 4 matches (calibrated)", "2 pairs of photos were compared, 1 have"):
        assert part in words
    for part in ("1.2 s", "200 MB", "computed", "3 items", "Seed", "2.4", "cd34", "ab12", 'Changed by hand: {"max": 1}'):
        assert part in words


@pytest.mark.parametrize("stages", [(), ("photos",), ("photos", "features"), ("photos", "features", "matches"), ("undistort", "depth")])
def test_a_partial_run_gives_a_page_with_what_is_there(tmp_path, stages):
    made, photos = project(tmp_path, NAMES)
    found = gather({name: made[name] for name in stages}, photos)
    assert not found.problems
    words = Reader(make_page(report(NAMES), found)).text
    assert ("pairs of photos were compared" in words) == ("matches" in stages)
    assert ("Depth, raw" in words) == ("depth" in stages)
    assert "Depth, consistent" not in words


def test_a_page_of_nothing_is_still_a_page():
    Reader(make_page({}, gather({}, {})))


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_run_that_ended_early_says_where_and_why(state):
    error = {"type": "ResourceError", "what": "The disk is full.", "why": "<0 MB> are free.", "remedy": "Free some space."}
    outcome = {"state": state, "stage": "depth", "title": "Depth maps", "error": error}
    words = Reader(make_page(report(NAMES, outcome=outcome), gather({}, {}))).text
    assert "'Depth maps'" in words
    assert ("<0 MB> are free." in words) == (state == "failed")


def test_what_is_damaged_is_named_and_the_rest_is_shown(tmp_path):
    made, photos = project(tmp_path, NAMES)
    made["depth"].items[NAMES[1]].write_bytes(b"no depth map")
    made["matches"].items[next(name for name in made["matches"].items if name.endswith("__again"))].write_bytes(b"PK no matches")
    told = []
    outputs = tmp_path / "out"
    outputs.mkdir()
    write_page(Finished(report(NAMES), made, photos, outputs, told.append))
    assert len(told) == 2
    words = Reader((outputs / "report.html").read_text(encoding="utf-8")).text
    assert "Not shown" in words
    assert words.count("Depth, raw") == 2
    assert [path.name for path in outputs.iterdir()] == ["report.html"]


def test_missing_lists_of_pairs_are_named(tmp_path):
    made, photos = project(tmp_path, NAMES)
    (made["matches"].path / "pairs.json").write_text("[{}]")
    found = gather(made, photos)
    assert len(found.problems) == 1
    assert found.pairs is None
    assert found.views


def test_elements_escape_children_and_attributes():
    assert el("a", "<b>", el("i", "&"), None, title='"<', cls="x", hidden=True, id=None) == (
        '<a title="&quot;&lt;" class="x" hidden>&lt;b&gt;<i>&amp;</i></a>'
    )
    assert text("a\tb\nc\x07\x85") == "a\tb\nc\ufffd\ufffd"


def test_a_stopped_run_is_not_kept_waiting_for_pictures(tmp_path):
    made, photos = project(tmp_path, NAMES)
    found = gather(made, photos, seconds=0.0)
    assert not found.views
    assert not found.matches
    assert found.pairs is not None
    assert "had to end soon" in Reader(make_page(report(NAMES), found)).text
