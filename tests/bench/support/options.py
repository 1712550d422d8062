"""What benches are called with."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def bench_parser(description: str | None) -> argparse.ArgumentParser:
    """Where the data are, and where results go."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PHOTOLITH_DATA") or ROOT.parent / "shared" / "data"))
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "bench")
    return parser


def scene_parser(description: str | None) -> argparse.ArgumentParser:
    """Options of a bench that reconstructs scenes through the command line."""
    parser = bench_parser(description)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only scenes whose name contains NAME")
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--option", action="append", default=[], metavar="TEXT", help="passed on to `photolith reconstruct`")
    parser.add_argument("--label", default="", help="name of the variant; tables of a variant go to out/bench/ only")
    parser.add_argument("--views", type=int, default=18)
    parser.add_argument("--size", default="800x600", help="renders: WIDTHxHEIGHT")
    parser.add_argument("--fresh", action="store_true", help="run again what has finished")
    parser.add_argument("--table-only", action="store_true", help="write the tables from what has finished")
    return parser


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The options given; ends the program when the data are not there."""
    arguments = parser.parse_args()
    need_data(arguments, arguments.data.is_dir())
    return arguments


def need_data(arguments: argparse.Namespace, there: bool) -> None:
    """Ends the program with code 3 and a hint when they are not there."""
    if not there:
        print(f"The data for this bench are not in '{arguments.data}'. Set PHOTOLITH_DATA or give --data.", file=sys.stderr)
        raise SystemExit(3)
