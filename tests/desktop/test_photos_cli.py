"""`photolith photos restore`: what it writes, prints and returns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from desktop.cli.restore_options import dial_of, next_dials

SIZE = (60, 44)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A noisy ramp."""
    ramp = np.linspace(40, 200, SIZE[0])[None, :, None] + np.zeros((SIZE[1], 1, 3))
    noisy = np.clip(ramp + 15 * np.random.default_rng(0).standard_normal(ramp.shape), 0, 255)
    Image.fromarray(noisy.astype(np.uint8)).save(tmp_path / "a photo.png")
    return tmp_path / "a photo.png"


def test_a_photo_is_denoised_and_the_noise_assumed_is_said(photolith, photo: Path, tmp_path: Path) -> None:
    code, out, _ = photolith("photos", "restore", str(photo), "-o", str(tmp_path / "out"), "--task", "denoise", "--method", "classical")
    assert code == 0
    assert "assumed: noise of 1" in out
    assert "origin: 100 % of the pixels moved" in out
    before, after = (np.asarray(Image.open(p), float) for p in (photo, tmp_path / "out" / "a photo.png"))
    assert after.shape == before.shape
    assert np.abs(np.diff(after, axis=0)).mean() < 0.5 * np.abs(np.diff(before, axis=0)).mean()


def test_holes_are_filled_by_the_mask_of_the_same_name(photolith, photo: Path, tmp_path: Path) -> None:
    mask = np.full(SIZE[::-1], 255, np.uint8)
    mask[10:20, 10:20] = 0
    (tmp_path / "masks").mkdir()
    arguments = ("photos", "restore", str(photo), "-o", str(tmp_path / "out"), "--task", "inpaint", "--mask", str(tmp_path / "masks"))
    code, _, err = photolith(*arguments)
    assert code == 3
    assert "no mask for 'a photo.png'" in err
    Image.fromarray(mask).save(tmp_path / "masks" / "a photo.png")
    assert photolith(*arguments)[0] == 0
    before, after = (np.asarray(Image.open(p)) for p in (photo, tmp_path / "out" / "a photo.png"))
    assert (before[mask > 0] == after[mask > 0]).all()
    origin = np.asarray(Image.open(tmp_path / "out" / "a photo.origin.png"))
    assert (origin == np.where(mask > 0, 0, 2)).all()


def test_photos_are_enlarged(photolith, photo: Path, tmp_path: Path) -> None:
    assert photolith("photos", "restore", str(photo), "-o", str(tmp_path / "out"), "--task", "sr", "--scale", "3")[0] == 0
    assert Image.open(tmp_path / "out" / "a photo.png").size == (180, 132)


def test_an_enlargement_is_found_said_and_undone(photolith, tmp_path: Path) -> None:
    small = Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8))
    small.resize((150, 120), Image.Resampling.BICUBIC).save(tmp_path / "large.png")
    arguments = ("photos", "restore", str(tmp_path / "large.png"), "-o", str(tmp_path / "out"), "--task", "sr", "--scale", "auto")
    code, out, _ = photolith(*arguments)
    assert code == 0
    assert "enlarged 3 times, and is reduced to 50 x 40 first" in out
    assert Image.open(tmp_path / "out" / "large.png").size == (150, 120)
    small.save(tmp_path / "large.png")
    code, _, err = photolith(*arguments)
    assert code == 4
    assert "does not look enlarged" in err


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--task", "colorize", "--method", "classical"), 4, "ddnm, ddnm+, ddrm"),
        (("--task", "denoise", "--ratio", "0.5"), 4, "option of 'cs'"),
        (("--task", "sr", "--scale", "much"), 4, "'much'"),
        (("--task", "sr", "--scale", "40"), 4, "scale of 40"),
        (("--task", "sr", "--method", "ddrm", "--t0", "0.5"), 4, "has no 't0'"),
        (("--task", "sr", "--method", "sdedit", "--t0", "0.6,0.3"), 4, "LOW,HIGH"),
        (("--task", "sr", "--method", "sdedit", "--t0", "1.5"), 4, "from 0 to 1"),
        (("--task", "draw"), 4, "no task 'draw'"),
        (("--task", "denoise", "--sigma", "loud"), 4, "'loud'"),
        (("--task", "deblur"), 4, "--kernel"),
        (("--task", "deblur", "--kernel", "gaussian:0"), 4, "gaussian:WIDTH"),
        (("--task", "sr", "--method", "ddnm", "--travel", "3"), 4, "LENGTH,REPEATS"),
        (("--task", "denoise", "--method", "ddrm", "--prior", "nothing"), 3, "no weights named 'nothing'"),
    ],
)
def test_what_cannot_be_is_told_in_words(photolith, photo: Path, tmp_path: Path, options, code: int, words: str) -> None:
    found, _, err = photolith("photos", "restore", str(photo), "-o", str(tmp_path / "out"), *options)
    assert found == code
    assert words in err


def test_the_bounds_of_t0_are_halved_towards_what_is_asked_for() -> None:
    dial = dial_of("0.3,0.6")
    assert dial is not None
    assert next_dials(dial) == "t0 0.45; strays too far: --t0 0.3,0.45; still shows the photo's faults: --t0 0.45,0.6"
    exact = dial_of("0.4")
    assert exact is not None
    assert (exact.t0, next_dials(exact), dial_of(None)) == (0.4, "", None)


def test_a_folder_of_diffusers_restores_with_previews(photolith, photo: Path, tmp_path: Path) -> None:
    from generative.networks.unet2d import unet2d, unet_settings
    from generative.priors.diffusers_folder import write_folder
    from generative.priors.prior import DiffusionPrior
    from generative.schedules import linear

    write_folder(DiffusionPrior(unet2d(unet_settings(16, 8)), linear(50), "eps", 16), tmp_path / "prior")
    options = ("--task", "cs", "--method", "ddnm", "--prior", str(tmp_path / "prior"), "--steps", "2", "--previews", "--ratio", "0.3")
    code, out, err = photolith("photos", "restore", str(photo), "-o", str(tmp_path / "out"), *options)
    assert code == 0
    assert "step 2 of 2" in err
    assert "30 % of the Walsh-Hadamard coefficients" in out
    assert float(out.split("|A x - y| <= ")[1].split()[0]) < 1e-4
    assert len(list((tmp_path / "out" / "previews").glob("*.png"))) == 2
