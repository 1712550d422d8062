"""Focal length, position, time and camera from EXIF, and damaged EXIF."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image, TiffImagePlugin

from recon.photos.exif import Exif, parse_gps, read_exif
from recon.photos.focal import focal_px, sensor_width
from recon.photos.inspect import camera_key, inspect_photo


def save(path: Path, base: dict[int, Any], detail: dict[int, Any], gps: dict[int, Any] | None = None) -> Path:
    exif = Image.Exif()
    exif.update(base)
    exif.get_ifd(ExifTags.IFD.Exif).update(detail)
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps or {})
    Image.effect_noise((600, 400), 60).convert("RGB").save(path, exif=exif)
    return path


def rational(value: float) -> TiffImagePlugin.IFDRational:
    return TiffImagePlugin.IFDRational(round(value * 1000), 1000)


def test_what_the_camera_wrote_is_read_back(tmp_path: Path) -> None:
    base = {271: "Canon\0", 272: "Canon EOS REBEL T3 "}
    detail = {37386: rational(55), 36867: "2021:03:04 05:06:07", 42036: "EF-S18-55mm"}
    gps = {1: "S", 2: tuple(map(rational, (12, 30, 36))), 3: "E", 4: tuple(map(rational, (100, 0, 0))), 5: b"\x01", 6: rational(7.5)}
    with Image.open(save(tmp_path / "a.jpg", base, detail, gps)) as image:
        exif = read_exif(image)
    assert (exif.make, exif.model, exif.lens, exif.focal_mm) == ("Canon", "Canon EOS REBEL T3", "EF-S18-55mm", 55.0)
    assert exif.time == "2021-03-04T05:06:07"
    assert exif.gps == pytest.approx({"lat": -12.51, "lon": 100.0, "alt": -7.5})


def test_35_mm_equivalent_counts_by_diagonal_in_either_orientation() -> None:
    expected = 50 / math.hypot(36, 24) * math.hypot(4000, 3000)
    for size in ((4000, 3000), (3000, 4000)):
        focal, source = focal_px(Exif(focal35_mm=50.0, focal_mm=6.0), *size)
        assert focal == pytest.approx(expected)
        assert source == "exif35"


def test_sensor_table_gives_the_focal_length_without_35_mm_equivalent() -> None:
    exif = Exif(make="Canon", model="Canon EOS REBEL T3", focal_mm=55.0)
    assert focal_px(exif, 1280, 853) == (pytest.approx(55 / 22.2 * 1280), "sensor")
    assert focal_px(exif, 853, 1280) == (pytest.approx(55 / 22.2 * 1280), "sensor")


def test_focal_plane_resolution_helps_for_unknown_cameras(tmp_path: Path) -> None:
    detail = {37386: rational(10), 40962: 600, 40963: 400, 41486: rational(600 / 36 * 25.4), 41488: 2}
    info = inspect_photo("a", save(tmp_path / "a.jpg", {271: "Nobody", 272: "Unheard of"}, detail))
    assert info.focal_px == pytest.approx(600 / 36 * 10, rel=1e-3)


def test_cropped_pictures_and_absurd_values_give_no_prior() -> None:
    assert focal_px(Exif(focal35_mm=50.0, full_size=(4000, 3000)), 1000, 1000) == (None, None)
    assert focal_px(Exif(focal35_mm=50.0, full_size=(3000, 4000)), 400, 300)[1] == "exif35"
    assert focal_px(Exif(focal35_mm=65535.0), 400, 300) == (None, None)
    assert focal_px(Exif(), 400, 300) == (None, None)


@pytest.mark.parametrize(
    ("make", "model", "width"),
    [
        ("NIKON CORPORATION", "NIKON D3200", 23.2),
        ("SONY", "ILCE-7M3", 35.6),
        ("Apple", "iPhone 4S", 4.54),
        ("OLYMPUS IMAGING CORP.", "E-M10MarkII", 17.3),
        ("RICOH IMAGING COMPANY, LTD.", "PENTAX K-1", 36.0),
        ("EASTMAN KODAK COMPANY", "KODAK Z612 ZOOM DIGITAL CAMERA", 5.76),
        ("Nobody", "Unheard of", None),
        ("", "", None),
    ],
)
def test_cameras_are_found_as_they_spell_themselves(make: str, model: str, width: float | None) -> None:
    assert sensor_width(make, model) == width


@pytest.mark.parametrize(
    "tags", [{}, {2: "x", 4: "y"}, {2: (91, 0, 0), 4: (0, 0, 0)}, {2: (0, 0, 0), 4: (0, 0, 0)}, {2: (float("nan"), 0, 0), 4: (1, 0, 0)}]
)
def test_a_position_that_cannot_be_is_absent(tags: dict[int, Any]) -> None:
    assert parse_gps(tags) is None


def test_damaged_exif_does_not_make_a_photo_unreadable(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", {271: "Canon", 272: "EOS 5D"}, {37386: rational(50)})
    data = bytearray(path.read_bytes())
    start = data.index(b"Exif\0\0") + 14
    for i in range(start, start + 40):
        data[i] = 0xFF
    path.write_bytes(data)
    info = inspect_photo("a", path)
    assert info.verdict == "ok"
    assert (info.width, info.height) == (600, 400)


def test_camera_key_tells_zoom_size_and_body_apart() -> None:
    one = Exif(make="A", model="B", serial="1", focal_mm=24.0)
    keys = {
        camera_key(one, 600, 400),
        camera_key(one, 400, 600),
        camera_key(Exif(make="A", model="B", serial="1", focal_mm=35.0), 600, 400),
        camera_key(Exif(make="A", model="B", serial="2", focal_mm=24.0), 600, 400),
    }
    assert len(keys) == 4
    assert camera_key(Exif(), 600, 400) == camera_key(Exif(), 600, 400)
