import json
import struct
from pathlib import Path
from types import SimpleNamespace

from desktop import snapshot
from desktop.state import LayerItem, PhotoItem, ViewFiles
from recon.photos import PhotoInfo
from recon.pipeline.stage import Artifact
from recon.project import Photo


def info(**values) -> PhotoInfo:
    known = {"id": "a.jpg", "width": 4000, "height": 3000, "focal_px": 2985.44, "focal_source": "exif35"}
    known |= {"camera": {"make": "Google", "model": "Google Pixel 7", "lens": None}, "camera_key": "k"}
    known |= {"gps": {"lat": 48.5, "lon": 9.25, "alt": 312.04}, "time": "2024-05-01T10:00:00"}
    return PhotoInfo(**{**known, **values})


def artifact(path: Path, **items: Path) -> Artifact:
    return Artifact("stage", path, "0123456789abcdef0123", items, dict.fromkeys(items, "k"))


def test_facts_of_a_photo_are_plain_words_with_units():
    assert snapshot.photo_facts(info()) == {
        "Size": "4000 × 3000 px",
        "Camera": "Google Pixel 7",
        "Focal length": "2985.4 px from the 35 mm equivalent",
        "Taken": "2024-05-01T10:00:00",
        "Position": "48.500000, 9.250000, 312.0 m",
    }


def test_facts_that_are_not_known_are_left_out():
    bare = info(camera=None, focal_px=None, focal_source=None, gps=None, time=None)
    assert snapshot.photo_facts(bare) == {"Size": "4000 × 3000 px"}


def test_verdict_and_registration_come_together_in_one_photo(tmp_path):
    (tmp_path / "registration.json").write_text(
        json.dumps(
            {"photos": {"a.jpg": {"registered": False, "reason": "No verified pair.", "closest": "b.jpg", "inliers": 9, "points": 0}}}
        )
    )
    placed = snapshot._registration(artifact(tmp_path))
    item = snapshot._photo(Photo("a.jpg", tmp_path / "a.jpg", True, "d"), info(verdict="blurred", reason="Sharpness 12."), placed["a.jpg"])
    assert (item.verdict, item.reason, item.registered) == ("blurred", "Sharpness 12.", False)
    assert (item.registration, item.closest, item.inliers) == ("No verified pair.", "b.jpg", 9)
    assert item.has_problem


def test_the_summary_weighs_the_reprojection_error_by_points():
    photos = (
        PhotoItem("a", Path("a"), registered=True, error_px=0.2, points=300),
        PhotoItem("b", Path("b"), registered=True, error_px=0.6, points=100),
        PhotoItem("c", Path("c"), registered=False),
    )
    summary = snapshot._summary(
        photos, (LayerItem("sparse", "sparse", Path("s"), "1", 50), LayerItem("cloud", "cloud", Path("c"), "1", 9000))
    )
    assert (summary.registered, summary.photos, summary.points) == (2, 3, 9000)
    assert abs(summary.error_px - 0.3) < 1e-9


def test_cameras_and_sparse_points_come_from_the_undistorted_scene_with_counts_from_the_model(tmp_path):
    (tmp_path / "scene.npz").write_bytes(b"x")
    sparse = tmp_path / "outputs" / "sparse"
    sparse.mkdir(parents=True)
    (sparse / "images.bin").write_bytes(struct.pack("<Q", 11) + b"...")
    (sparse / "points3D.bin").write_bytes(struct.pack("<Q", 4321) + b"...")
    layers = snapshot.find_layers(tmp_path / "outputs", artifact(tmp_path), tmp_path / "thumbs")
    assert [(layer.name, layer.count, layer.path.name) for layer in layers] == [("cameras", 11, "scene.npz"), ("sparse", 4321, "scene.npz")]
    assert layers[0].thumbnails == tmp_path / "thumbs"


def test_textured_mesh_and_distances_are_layers_of_their_own(tmp_path):
    for name, counts in (("cloud_distance", b"element vertex 4\n"), ("mesh_distance", b"element vertex 3\nelement face 1\n")):
        (tmp_path / f"{name}.ply").write_bytes(b"ply\n" + counts + b"end_header\n")
    (tmp_path / "mesh.glb").write_bytes(b"glTF")
    layers = snapshot.find_layers(tmp_path, None, None)
    assert [(layer.name, layer.kind, layer.count) for layer in layers] == [
        ("textured", "mesh", None),
        ("cloud_distance", "cloud", 4),
        ("mesh_distance", "mesh", 1),
    ]
    assert [layer.visible for layer in layers] == [True, False, False]


def test_refined_points_are_a_layer_of_their_own(tmp_path):
    for name, count in (("cloud", 9), ("cloud_refined", 7)):
        (tmp_path / f"{name}.ply").write_bytes(b"ply\nelement vertex %d\nend_header\n" % count)
    layers = snapshot.find_layers(tmp_path, None, None)
    assert [(layer.name, layer.kind, layer.count) for layer in layers] == [("cloud", "cloud", 9), ("refined", "cloud", 7)]
    assert snapshot._summary((), layers).points == 7


def test_a_ply_s_header_gives_counts_and_attributes_without_reading_the_rest(tmp_path):
    path = tmp_path / "m.ply"
    lines = ["ply", "format binary_little_endian 1.0", "element vertex 12", "property float x", "property float y", "property float z"]
    lines += ["property float nx", "property float ny", "property float nz", "property uchar red", "property uchar green"]
    lines += ["property uchar blue", "property float confidence", "element face 20", "property list uchar int vertex_indices", "end_header"]
    path.write_bytes("\n".join(lines).encode() + b"\n\xff\xff")
    assert snapshot.ply_counts(path) == (12, 20, ["position", "normal", "colour", "confidence"])
    path.write_bytes(b"\x00" * 100)
    assert snapshot.ply_counts(path) == (None, None, [])


def test_thumbnails_get_their_photos_names_and_old_ones_go(tmp_path):
    made = tmp_path / "items" / "ab12.jpg"
    made.parent.mkdir()
    made.write_bytes(b"jpg")
    old = tmp_path / "cache" / "old"
    old.mkdir(parents=True)
    photos = artifact(tmp_path, **{"a b.jpg": made, "verdict__a b.jpg": made})
    thumbnails = snapshot._thumbnails(photos)
    assert set(thumbnails) == {"a b.jpg"}
    folder = snapshot.named_thumbnails(tmp_path / "cache", photos, thumbnails)
    assert (folder / "a b.jpg.jpg").read_bytes() == b"jpg"
    assert not old.exists()
    assert snapshot.named_thumbnails(tmp_path / "cache", photos, thumbnails) == folder


def test_raw_and_filtered_depth_are_found_where_there_are_any(tmp_path):
    pictures = {"a.jpg": tmp_path / "a.png", "mask__a.jpg": tmp_path / "m.png", "b.jpg": tmp_path / "b.png"}
    artifacts = {
        "undistort": SimpleNamespace(items=pictures),
        "depth": SimpleNamespace(items={"a.jpg": tmp_path / "raw.npz", "b.jpg": tmp_path / "raw_b.npz"}),
        "cloud": SimpleNamespace(items={"a.jpg": tmp_path / "good.npz"}),
    }
    assert snapshot._views(artifacts) == {
        "a.jpg": ViewFiles(tmp_path / "a.png", tmp_path / "raw.npz", tmp_path / "good.npz"),
        "b.jpg": ViewFiles(tmp_path / "b.png", tmp_path / "raw_b.npz", None),
    }
