"""Command line: `python -m recon.synth.training --meshes DIR --photos DIR -o DIR --sets N --validation M --seed S`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from recon.errors import PhotolithError
from recon.learning.photographs import Photographs
from recon.learning.view_sets import MAX_SIDE, MAX_VIEWS
from recon.synth.training.make import SetConfig
from recon.synth.training.pool import mesh_files
from recon.synth.training.run import Shard, make_data


def main(argv: Sequence[str] | None = None) -> int:
    """Makes view sets; shards that are there already are kept.

    Returns:
        The exit code.
    """
    options = _parser().parse_args(argv)
    try:
        if options.meshes is not None:
            mesh_files(options.meshes, "train")
        if options.photos is not None:
            Photographs(options.photos)  # says so if there are none
        config = SetConfig(options.width, options.height, options.views)
        make_data(
            options.out,
            meshes=options.meshes,
            photos=options.photos,
            sets=options.sets,
            validation=options.validation,
            seed=options.seed,
            per_shard=options.per_shard,
            processes=options.processes,
            config=config,
            on_shard=_told,
        )
    except PhotolithError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    room = "A set of 320 x 256 pixels takes about 210 kB; for 400 sets in less than 60 MB make them 256 x 208."
    about = "Makes view sets to train features and depth with."
    parser = argparse.ArgumentParser(prog="photolith train data", description=about, epilog=room)
    add, sizes = parser.add_argument, SetConfig()
    add("--meshes", type=Path, help="folder of textured meshes (GLB, OBJ, PLY); procedural shapes only when left out")
    add("--photos", type=Path, help="folder of photographs for textures; procedural ones only when left out")
    add("-o", "--out", type=Path, required=True, help="folder for the shards; those in it are kept")
    add("--sets", type=_whole(0), default=400, help="view sets for training (default: %(default)s)")
    add("--validation", type=_whole(0), default=32, help="view sets for validation (default: %(default)s)")
    add("--seed", type=_whole(0), default=0, help="another one gives other sets (default: %(default)s)")
    add("--views", type=_whole(3, MAX_VIEWS), default=sizes.views, help="pictures a set (default: %(default)s)")
    add("--width", type=_whole(64, MAX_SIDE), default=sizes.width, help="pixels (default: %(default)s)")
    add("--height", type=_whole(64, MAX_SIDE), default=sizes.height, help="pixels (default: %(default)s)")
    add("--per-shard", type=_whole(1), default=32, help="view sets a file (default: %(default)s)")
    add("--processes", type=_whole(1, 256), default=1, help="files made side by side (default: %(default)s)")
    return parser


def _whole(smallest: int, largest: int = 10**6) -> Callable[[str], int]:
    """Reads a whole number of a range."""

    def read(text: str) -> int:
        if not text.isdecimal() or not smallest <= int(text) <= largest:
            raise argparse.ArgumentTypeError(f"{text!r:.40} is no whole number from {smallest} to {largest}")
        return int(text)

    return read


def _told(shard: Shard, seconds: float | None) -> None:
    if seconds is None:
        print(f"{shard.path.name}: there already", flush=True)
        return
    size, each = shard.path.stat().st_size, shard.count
    figures = f"{size / 1e6:.1f} MB, {size / each / 1e3:.0f} kB and {seconds / each:.2f} s a set"
    print(f"{shard.path.name}: {each} sets, {figures}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
