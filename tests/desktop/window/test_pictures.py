import numpy as np
from PIL import Image

from desktop.jobs.inspection import read_map
from desktop.jobs.pictures import read_photo, read_thumbnail, to_image
from desktop.panels.picture_tabs import chosen_photo
from desktop.state import ViewFiles
from recon.inspection.colors import UNKNOWN
from recon.io.depth_npz import write_depth
from recon.scene import DepthMap


def rgb(image, x, y):
    color = image.pixelColor(x, y)
    return color.red(), color.green(), color.blue()


def test_a_picture_keeps_its_pixels_whatever_its_width():
    pixels = np.random.default_rng(0).integers(0, 255, (5, 7, 3), np.uint8)
    image = to_image(pixels)
    assert (image.width(), image.height()) == (7, 5)
    assert all(rgb(image, x, y) == tuple(pixels[y, x]) for x in range(7) for y in range(5))


def test_thumbnails_are_upright_and_small_and_broken_files_give_none(app, tmp_path):
    picture = Image.new("RGB", (800, 400), (200, 10, 10))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / "turned.jpg", exif=exif)
    image = read_thumbnail(tmp_path / "turned.jpg")
    assert (image.width(), image.height()) == (160, 320)
    assert read_photo(tmp_path / "turned.jpg").height() == 800
    (tmp_path / "text.jpg").write_text("no picture")
    assert read_thumbnail(tmp_path / "text.jpg").isNull()


def test_near_depth_is_warm_far_is_cool_and_unknown_is_dark(app, tmp_path):
    depth = np.full((40, 60), 4.0, np.float32)
    depth[:, :20] = 1.0
    depth[:10] = 0.0
    write_depth(DepthMap(depth), tmp_path / "d.npz")
    found = read_map(ViewFiles(tmp_path / "p.png", tmp_path / "d.npz"), "raw", "depth", "m")
    near, far, unknown = rgb(found.image, 5, 30), rgb(found.image, 50, 30), rgb(found.image, 5, 2)
    assert near[0] > near[2]
    assert far[2] > far[0]
    assert unknown == UNKNOWN
    assert "1 to 4 m" in found.text
    assert "75 %" in found.text


def test_compare_shows_photo_and_depth_side_by_side_with_one_zoom(project, until, tmp_path):
    name = "a b ü 1.png"
    write_depth(DepthMap(np.ones((48, 64), np.float32)), tmp_path / "d.npz")
    project.state.views = {name: ViewFiles(project.state.photo(name).file, tmp_path / "d.npz")}
    project.state.select("photo", name)
    assert chosen_photo(project.state) == name
    project.viewer.show_tab(2)
    compare = project.viewer.compare
    until(lambda: not compare.photo_view.empty and not compare.depth_view.empty)
    compare.photo_view.zoom(3.0)
    assert abs(compare.photo_view.transform().m11() - compare.depth_view.transform().m11()) < 0.01 * compare.photo_view.transform().m11()
    project.state.select("photo", "a b ü 2.png")
    until(lambda: compare.photo_view.empty)
    assert "has no camera" in compare.photo_view.hint


def test_the_photo_tab_shows_the_selected_photo(project, until):
    project.state.select("photo", "a b ü 2.png")
    project.viewer.show_tab(1)
    until(lambda: "64 × 48 px" in project.viewer.photo.caption.text())
    assert project.viewer.photo.caption.text().startswith("a b ü 2.png")
