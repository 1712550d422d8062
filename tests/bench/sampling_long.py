"""Few steps without noise against all steps with DDPM's noise, and what either costs."""

from __future__ import annotations

import time
from pathlib import Path

from generative.training.class_pictures import ClassPictures
from tests.bench.sampling_pictures import (
    RESULTS,
    about_the_yardstick,
    sampled,
    spread,
    starts,
    steps,
    trained_network,
    unpacked,
    yardstick_of,
)
from tests.bench.support.machine import machine_lines
from tests.bench.support.tables import cell, table

COUNTS = (20, 50)
LONG, SAMPLES = 1000, 256
WORDS = """\
{samples} class-conditional pictures of 32x32 by `pictures-ddpm` ({ddpm}), classes in turn,
each row from the same noise. Fréchet distance to the {test} test pictures as in sampling_pictures.md; ± is a standard deviation by
bootstrap ({draws} draws, the same for all rows)."""


def run_long(data: Path, out: Path) -> None:
    """Writes the page."""
    folder = unpacked(data, out)
    train, test = ClassPictures(folder, "train"), ClassPictures(folder, "test")
    yardstick, right = yardstick_of(train, test)
    network, found, seconds = trained_network("pictures-ddpm"), {}, {}
    for count, eta in [*((count, 0.0) for count in COUNTS), (LONG, 1.0)]:
        begun = time.process_time()
        made = sampled(network, *starts(SAMPLES, len(train.classes)), steps(count), eta=eta)
        seconds[count] = time.process_time() - begun
        found[count] = yardstick.distances(made)
        print(f"S = {count}: {spread(found[count])}, {seconds[count]:.0f} s", flush=True)
    rows = [[f"DDPM (η = 1), S = {LONG}", spread(found[LONG]), "1.00", cell(seconds[LONG], 0), "1"]]
    for count in COUNTS:
        cost = f"1/{seconds[LONG] / seconds[count]:.1f}"
        rows.append([f"DDIM (η = 0), S = {count}", spread(found[count]), spread(found[count] / found[LONG]), cell(seconds[count], 0), cost])
    words = WORDS.format(samples=SAMPLES, **about_the_yardstick(train, test, right))
    header = ["", "distance", "relative", "processor seconds", "cost"]
    lines = ["# Few steps against a thousand", "", *machine_lines(), "", *words.split("\n"), "", *table(header, rows), ""]
    (RESULTS / "sampling_long.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))
