"""Messages between window and renderer process, good and bad."""

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from desktop.viewport import protocol
from desktop.viewport.frames import GRID, FrameBuffer
from desktop.viewport.layers import LayerSpec, ViewStyle
from desktop.viewport.mailbox import Mailbox
from desktop.viewport.orbit import Orbit
from recon.errors import InputError, SettingsError
from tests.data_paths import ROOT


def through(message: dict) -> dict:
    """What arrives at the other side."""
    return json.loads(json.dumps(message))


def test_messages_arrive_as_they_were_sent() -> None:
    line = protocol.packed("do", "pick", {"x": 0.25, "name": "ü\n\"'"})
    assert line.count(b"\n") == 1
    assert protocol.unpacked("do", line) == {"do": "pick", "x": 0.25, "name": "ü\n\"'"}


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"junk", b"[1]", b'"do"', b'{"is": "x"}', b'{"do": 5}', b"\xff\xfe{}", b"[" * 100_000, b'{"do": "x"']
)
def test_a_line_that_is_no_message_is_named_not_obeyed(line: bytes) -> None:
    with pytest.raises(ValueError):
        protocol.unpacked("do", line)


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_LINE", 100)
    with pytest.raises(ValueError, match="more than"):
        protocol.unpacked("do", b'{"do": "' + b"x" * 200 + b'"}')


def test_a_view_keeps_pose_and_intrinsics() -> None:
    orbit = Orbit(yaw=0.3, pitch=-0.2).with_up(np.array([0.0, 1.0, 0.2]))
    view, up = protocol.read_view(through(protocol.view_message(orbit, 321, 123)))
    np.testing.assert_allclose(view.cam_from_world.matrix, orbit.cam_from_world.matrix)
    assert view.camera == orbit.camera(321, 123)
    assert (view.near, view.far) == orbit.near_far()
    np.testing.assert_allclose(up, orbit.world_from_base[:, 2])


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0},
        {"height": -5},
        {"width": 20_000},
        {"width": 16_000, "height": 16_000},
        {"fov_y": 0.0},
        {"fov_y": float("nan")},
        {"near": 0.0},
        {"near": 5.0, "far": 4.0},
        {"rotation": [1.0] * 9},
        {"translation": [float("inf"), 0, 0]},
    ],
)
def test_a_view_that_cannot_be_drawn_is_refused_before_memory_is_taken(change: dict) -> None:
    with pytest.raises(InputError):
        protocol.read_view(protocol.view_message(Orbit(), 100, 80) | change)


def test_layers_and_styles_cross_the_border_unchanged(tmp_path) -> None:
    for spec in (LayerSpec("a b", "cloud", tmp_path / "ü.ply", False), LayerSpec("c", "cameras", tmp_path, True, tmp_path / "t", "7")):
        assert LayerSpec.from_json(through(spec.to_json())) == spec
    style = ViewStyle("height", "flat", "light", 2.0, 0.5)
    assert ViewStyle(**through(style.to_json())) == style


@pytest.mark.parametrize(
    "values", [{"color_mode": "plaid"}, {"shading": ""}, {"background": "pink"}, {"point_size": 0.0}, {"point_size": 99}]
)
def test_a_style_that_does_not_exist_is_refused(values: dict) -> None:
    with pytest.raises(SettingsError):
        ViewStyle(**values)


# ---------------------------------------------------------------- mailbox


def closed(mailbox: Mailbox) -> Mailbox:
    """After it has read everything."""
    thread = threading.Thread(target=mailbox.wait_closed, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    return mailbox


def test_of_many_cameras_only_the_newest_is_drawn_and_commands_keep_their_order() -> None:
    lines = [b'{"do": "camera", "id": %d}\n' % i for i in range(100)]
    lines[50:50] = [b'{"do": "visible", "name": "a"}\n', b'{"do": "remove", "name": "a"}\n']
    taken = closed(Mailbox(io.BytesIO(b"".join(lines)))).take(wait=False)
    assert [c["do"] for c in taken] == ["visible", "remove", "camera"]
    assert taken[-1]["id"] == 99


def test_junk_between_messages_is_complained_about_and_left_out() -> None:
    heard: list[str] = []
    source = io.BytesIO(b'{"do": "style"}\n\x00\xff\xfe\n{}\n{"do": "ack"}\n{"do": "ack", "sequence": "x"}\n{"do": "pick"}\n')
    mailbox = closed(Mailbox(source, heard.append))
    assert [c["do"] for c in mailbox.take(wait=False)] == ["style", "pick"]
    assert len(heard) == 2


def test_the_end_of_the_pipe_wakes_the_renderer() -> None:
    read, write = os.pipe()
    mailbox = Mailbox(os.fdopen(read, "rb"))
    threading.Timer(0.05, os.close, (write,)).start()
    assert mailbox.take(wait=True) == []
    assert mailbox.closed


# ---------------------------------------------------------------- frames


@pytest.fixture
def buffer() -> Iterator[FrameBuffer]:
    memory = FrameBuffer(64, 48)
    yield memory
    memory.close()


def test_a_frame_arrives_as_it_was_written_and_an_overwritten_one_is_dropped(buffer: FrameBuffer) -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (48 - i, 64 - i, 4), np.uint8) for i in range(3)]
    depth = rng.random((6, 8)).astype(np.float32)
    told = [buffer.write(picture, depth) for picture in pictures]
    assert buffer.read(*told[0]) is None  # two slots: the third frame took the place of the first
    for picture, (slot, sequence) in zip(pictures[1:], told[1:], strict=True):
        frame = buffer.read(slot, sequence)
        assert frame is not None
        np.testing.assert_array_equal(frame.pixels, picture)
        np.testing.assert_array_equal(frame.depth, depth)


def test_a_frame_that_does_not_fit_is_refused_not_written_over_other_memory(buffer: FrameBuffer) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        buffer.write(np.zeros((49, 64, 4), np.uint8), np.zeros((1, 1), np.float32))
    with pytest.raises(ValueError, match="does not fit"):
        buffer.write(np.zeros((4, 4, 4), np.uint8), np.zeros((GRID[0] + 1, 1), np.float32))
    with pytest.raises(ValueError, match="slot"):
        buffer.read(7, 2)


def test_a_renderer_does_not_use_a_buffer_smaller_than_it_was_told_and_leaves_it_to_the_window(buffer: FrameBuffer) -> None:
    code = f"from desktop.viewport.frames import FrameBuffer; FrameBuffer(640, 480, {buffer.name!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert "smaller than frames of 640 x 480" in done.stderr
    assert buffer.write(np.zeros((4, 4, 4), np.uint8), np.zeros((1, 1), np.float32)) == (0, 2)
    again = subprocess.run([sys.executable, "-c", code.replace("640, 480", "64, 48")], cwd=ROOT, check=False)
    assert again.returncode == 0  # the memory is still there after the first renderer's death
