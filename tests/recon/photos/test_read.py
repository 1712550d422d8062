"""Every kind of picture file comes out as upright 8-bit RGB, or is named with the reason."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from recon.errors import InputError
from recon.photos import formats, read_image, read_mask, read_thumbnail

pillow_heif.register_heif_opener()


@pytest.fixture
def picture() -> np.ndarray:
    """`[48, 64, 3]`, smooth, a different colour in every corner."""
    y, x = np.mgrid[0:48, 0:64]
    return np.stack([4 * x, 5 * y, 255 - 2 * x - 2 * y], axis=-1).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "tolerance"), [("a b.jpg", 12), ("ü ß 写真.png", 0), ("t.tif", 0), ("w.webp", 14), ("h.heic", 14), ("b.bmp", 0)]
)
def test_every_format_keeps_its_colours(tmp_path: Path, picture: np.ndarray, name: str, tolerance: int) -> None:
    Image.fromarray(picture).save(tmp_path / name, quality=95)
    result = read_image(tmp_path / name)
    assert result.dtype == np.uint8
    assert result.shape == picture.shape
    assert np.abs(result.astype(int) - picture).max() <= tolerance


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bit_is_scaled_not_cut_off(tmp_path: Path, suffix: str, channels: int) -> None:
    deep = np.random.default_rng(0).integers(0, 65536, (20, 30, channels), np.uint16)
    if channels == 4:
        deep[..., 3] = 65535
    cv2.imwrite(str(tmp_path / f"deep.{suffix}"), deep)
    expected = deep[..., [0, 0, 0]] if channels == 1 else deep[..., 2::-1]
    assert np.abs(read_image(tmp_path / f"deep.{suffix}") - expected / 257.0).max() <= 1.0


def test_float_tiff_is_scaled(tmp_path: Path) -> None:
    values = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)
    Image.fromarray(values).save(tmp_path / "f.tif")
    assert np.array_equal(read_image(tmp_path / "f.tif")[..., 0].ravel(), np.arange(256))


@pytest.mark.parametrize("mode", ["CMYK", "P", "L", "1", "YCbCr"])
def test_every_mode_becomes_rgb(tmp_path: Path, picture: np.ndarray, mode: str) -> None:
    path = tmp_path / ("m.png" if mode in ("P", "L", "1") else "m.tif")
    Image.fromarray(picture).convert(mode).save(path)
    result = read_image(path).astype(int)
    assert result.shape == picture.shape
    expected = np.array(Image.fromarray(picture).convert("L").convert("RGB")) if mode in ("L", "1") else picture
    assert np.abs(result.mean((0, 1)) - expected.mean((0, 1))).max() < 8


def test_transparent_pixels_are_black_and_opaque_ones_unchanged(tmp_path: Path, picture: np.ndarray) -> None:
    alpha = np.full(picture.shape[:2], 255, np.uint8)
    alpha[:, :32] = 0
    Image.fromarray(np.dstack([picture, alpha])).save(tmp_path / "a.png")
    result = read_image(tmp_path / "a.png")
    assert not result[:, :32].any()
    assert np.array_equal(result[:, 32:], picture[:, 32:])


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "heic"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(tmp_path: Path, picture: np.ndarray, orientation: int, suffix: str) -> None:
    stored = {
        1: picture,
        2: picture[:, ::-1],
        3: picture[::-1, ::-1],
        4: picture[::-1],
        5: picture.transpose(1, 0, 2),
        6: np.rot90(picture, 1),
        7: picture[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(picture, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"o.{suffix}"
    Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif.tobytes() if suffix == "heic" else exif, quality=95)
    assert np.abs(read_image(path).astype(int) - picture).max() <= (0 if suffix in ("png", "tif") else 16)
    assert read_thumbnail(path, 320).size == (64, 48)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "heic", "avif", "bmp"])
def test_damaged_files_never_end_in_another_error(tmp_path: Path, picture: np.ndarray, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    Image.fromarray(picture).save(path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refused: list[InputError] = []
    for turn in range(120):
        changed = bytearray(whole)
        for at in rng.integers(0, min(len(whole), 1000), 1 + turn % 6):
            changed[at] = rng.integers(256)
        path.write_bytes(changed if turn % 2 else changed[: rng.integers(len(whole))])
        try:
            read_image(path)
        except InputError as error:
            refused.append(error)
    assert len(refused) > 20
    assert all(error.why and error.remedy for error in refused)


def test_broken_files_are_named_with_the_reason(tmp_path: Path, picture: np.ndarray) -> None:
    Image.fromarray(picture).resize((640, 480)).save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut off.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "empty.jpg").write_bytes(b"")
    for name, reason in (("cut off.jpg", "incomplete"), ("text.jpg", "not a picture"), ("empty.jpg", "empty"), ("gone.jpg", "no file")):
        with pytest.raises(InputError, match=name) as caught:
            read_image(tmp_path / name)
        assert reason in caught.value.why
        assert caught.value.remedy


def test_a_decompression_bomb_is_refused_before_it_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "MAX_PIXELS", 1000)
    Image.new("RGB", (100, 100)).save(tmp_path / "large.png")
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(InputError, match="100 x 100"):
        read_image(tmp_path / "large.png")


def test_pictures_above_pillows_own_limit_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    Image.new("RGB", (100, 100)).save(tmp_path / "phone.png")
    assert read_image(tmp_path / "phone.png").shape == (100, 100, 3)
    assert Image.MAX_IMAGE_PIXELS == 100


def test_mask_is_white_for_use_in_any_size_and_depth(tmp_path: Path) -> None:
    left = np.zeros((24, 32), np.uint8)
    left[:, :16] = 255
    for name, values in (("grey.png", left), ("zero_one.png", left // 255), ("deep.png", left.astype(np.uint16) * 257)):
        cv2.imwrite(str(tmp_path / name), values)
        mask = read_mask(tmp_path / name, 64, 48)
        assert mask.shape == (48, 64)
        assert mask[:, :32].all(), name
        assert not mask[:, 32:].any(), name


def test_mask_of_another_shape_is_refused(tmp_path: Path) -> None:
    Image.new("L", (32, 32)).save(tmp_path / "square.png")
    with pytest.raises(InputError, match="32 x 32 pixels, the photo 64 x 48"):
        read_mask(tmp_path / "square.png", 64, 48)


def test_thumbnail_is_upright_and_small(tmp_path: Path, picture: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(picture).resize((1280, 960)).save(tmp_path / "p.jpg", exif=exif)
    assert read_thumbnail(tmp_path / "p.jpg", 320).size == (240, 320)
