"""Habits every source file keeps."""

from __future__ import annotations

import ast
import re

from tests.architecture.sources import PACKAGES, all_sources, imports, modules, strings, text
from tests.data_paths import ROOT

MAX_LINES = 400
COLMAP_SHIFT = {"recon/io/colmap.py"}
"""Where COLMAP's half-pixel shift happens, see recon/CONVENTIONS.md."""
LEFT_OVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|X{3})\b")
MACHINE_PATH = re.compile(r"^(/(home|root|work|tmp|opt|mnt|usr|var|Users|data)/|[A-Za-z]:[\\/]\w|~/)")
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def test_files_can_be_held_in_the_head() -> None:
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in all_sources()}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


def test_every_module_says_what_it_is() -> None:
    assert [name for name, tree in modules().items() if not ast.get_docstring(tree)] == []


def test_every_folder_with_code_is_a_package() -> None:
    folders = {path.parent for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_nothing_is_left_for_later() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {line}"
        for path in all_sources()
        for line in path.read_text("utf-8").splitlines()
        if LEFT_OVER.search(line)
    ]
    assert found == []


def test_no_path_of_somebodys_machine() -> None:
    assert MACHINE_PATH.match("/home/" + "me/photos")
    assert MACHINE_PATH.match("C:" + "\\photos")
    assert {name: found for name, tree in modules().items() if (found := [s for s in strings(tree) if MACHINE_PATH.match(s)])} == {}


def unsafe(tree: ast.Module) -> list[str]:
    """Ways of running what a file or a user's text says, found in `tree`."""
    found = [name for name in imports(tree) if name.partition(".")[0] in UNSAFE_MODULES]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called in ("eval", "exec", "os.system", "os.popen", "torch.load", "yaml.load", "__import__"):
            found.append(called)
        for keyword in node.keywords:
            if keyword.arg in ("shell", "allow_pickle", "trust_remote_code") and not (
                isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            ):
                found.append(f"{called}({keyword.arg}=...)")
    return found


def test_the_search_for_unsafe_calls_finds_them() -> None:
    bad = "import pickle\neval(x)\ntorch.load(f)\nrun(a, shell=True)\nnp.load(f, allow_pickle=True)"
    good = "net.eval()\nnp.load(f, allow_pickle=False)\nrun(a)"
    assert len(unsafe(ast.parse(bad))) == 5
    assert unsafe(ast.parse(good)) == []


def test_nothing_runs_what_a_file_says() -> None:
    assert {name: found for name, tree in modules().items() if (found := unsafe(tree))} == {}


def shifts_by_half(tree: ast.Module) -> bool:
    """Whether something is added to or taken from 0.5."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
            sides = (node.right, node.left) if isinstance(node, ast.BinOp) else (node.value,)
            if any(isinstance(side, ast.Constant) and side.value == 0.5 for side in sides):
                return True
    return False


def test_colmaps_half_pixel_shift_is_in_one_place_only() -> None:
    assert shifts_by_half(ast.parse("x = y + 0.5"))
    assert shifts_by_half(ast.parse("x -= 0.5"))
    users = {name for name, tree in modules().items() if any(n.partition(".")[0] == "pycolmap" for n in imports(tree))}
    assert {name for name in users if shifts_by_half(modules()[name])} <= COLMAP_SHIFT
    assert all(shifts_by_half(modules()[name]) for name in COLMAP_SHIFT), "the shift has moved: correct this test and the conventions"


def test_conventions_name_the_places_of_the_shift() -> None:
    conventions = text("recon/CONVENTIONS.md")
    assert all(name.removeprefix("recon/") in conventions for name in COLMAP_SHIFT)
