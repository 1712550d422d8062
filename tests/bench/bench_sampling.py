"""Samplers: `photolith bench sampling [--ideal [--steps 50] [--draws 3]] [--pictures [--samples 256]] [--long] [--heads] [--overhead]`.

All parts when none is named. --pictures, --long, --heads, --overhead: with trained networks, see `sampling_pictures`, `sampling_long`,
`sampling_heads`, `sampling_overhead`. --ideal: pictures 8x8 from a Gaussian prior, so the denoiser, the data's law and every posterior
are known. Each sampler's own law is computed exactly, by its recursion on mean and covariance (tests/generative/laws.py; the tests hold
the samplers to it), so no figure has Monte-Carlo error.
Tables go to tests/bench/results/, with other options to out/bench/.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from generative import schedules
from tests.bench.sampling_cases import Problem, operators, pictures
from tests.bench.sampling_heads import run_heads
from tests.bench.sampling_long import run_long
from tests.bench.sampling_overhead import run_overhead
from tests.bench.sampling_pictures import run_pictures
from tests.bench.support.machine import machine_lines
from tests.bench.support.options import bench_parser, need_data
from tests.bench.support.tables import cell, table
from tests.generative import laws

SCHEDULE = schedules.linear(1000)
COUNTS = (10, 20, 50, 100, 1000)
NOISES = (0.0, 0.05, 0.2)
PARTS = ("ideal", "pictures", "long", "heads", "overhead")
ROOT = Path(__file__).resolve().parents[2]


def steps(S: int, choose=schedules.trailing):
    return SCHEDULE.steps(schedules.pairs(choose(1000, S)))


def generation() -> list[str]:
    """Distance to the data's law against the number of steps."""
    data = pictures(1)
    scale = math.sqrt(len(data.law.mean))
    methods = {f"DDIM, η = {eta}": (lambda s, eta=eta: laws.ddim_law(data, s, eta)) for eta in (0.0, 0.2, 0.5, 1.0)}
    methods["DDPM, σ̂"] = lambda s: laws.ddim_law(data, s, 1.0, sigma_hat=True)
    methods["DPM-Solver++ 2M"] = lambda s: laws.dpm_solver_law(data, s)
    rows = [[name, *(cell(law(steps(S)).distance(data.law) / scale, 4) for S in COUNTS)] for name, law in methods.items()]
    return [
        "## Generation",
        "",
        "2-Wasserstein distance a pixel between the sampler's law and the data's (standard deviation of a pixel: 0.5), linear schedule,",
        "trailing sub-sequence. Gaussian data and a perfect denoiser: here the larger noise σ̂ pays, because the errors of",
        "few steps make samples too narrow. With trained networks σ̂ is the worst at few steps (Song et al. 2021, table 1).",
        "",
        *table(["", *(f"S = {S}" for S in COUNTS)], rows),
        "",
    ]


def solutions(problem: Problem, S: int) -> dict[str, laws.Law]:
    """Method -> law of its results."""
    measured, sigma_y, data = problem.measured, problem.sigma_y, problem.data
    found = {"A⁺y": problem.pseudo_inverse(), "DDRM": laws.ddrm_law(data, steps(S), measured, sigma_y, 0.85, 1.0)}
    found["DDNM"] = laws.ddnm_law(data, steps(S), measured, 0.85)
    if sigma_y > 0:
        found["DDNM+"] = laws.ddnm_plus_law(data, steps(S), measured, sigma_y, 0.85)
        travelling = SCHEDULE.steps(schedules.time_travel(schedules.pairs(schedules.trailing(1000, S)), 5, 3))
        found["DDNM+, travel"] = laws.ddnm_plus_law(data, travelling, measured, sigma_y, 0.85)
    return found | {"exact posterior": problem.posterior}


def restoration(S: int, draws: int) -> list[str]:
    """Distance to the exact posterior, and errors, for every operator."""
    lines = [
        "## Restoration",
        "",
        f"{S} steps, η = 0.85, η_b = 1; means over {draws} pictures. Gap: 2-Wasserstein distance a pixel to the exact posterior. Sample,",
        "mean: root mean square error a pixel of one sample, and of the mean of many. DDNM does not know of the noise. Travel: every five",
        "steps three times. These samplers are approximations: their gap does not vanish with an ideal denoiser.",
        "With η_b = 1 DDNM+ is DDRM, written differently: their laws are the same.",
        "",
    ]
    for sigma_y in NOISES:
        rows = []
        for name, (operator, channels) in operators().items():
            problems = [Problem.draw(operator, channels, sigma_y, seed) for seed in range(draws)]
            solved = [solutions(problem, S) for problem in problems]
            for method in solved[0]:
                figures = [
                    sum(figure(problem, laws_of[method]) for problem, laws_of in zip(problems, solved, strict=True)) / draws
                    for figure in (Problem.gap, Problem.rmse, Problem.rmse_of_mean)
                ]
                rows.append([name if method == "A⁺y" else "", method, *map(cell, figures)])
            print(f"σ_y = {sigma_y}: {name}", flush=True)
        lines += [f"### σ_y = {sigma_y}", "", *table(["", "method", "gap", "sample", "mean"], rows), ""]
    return lines


def run_ideal(out: Path, S: int, draws: int) -> None:
    """Writes the page of the ideal denoiser."""
    lines = ["# Samplers with an ideal denoiser", "", *machine_lines(), "", *generation(), *restoration(S, draws)]
    folder = Path(__file__).parent / "results" if (S, draws) == (50, 3) else out
    (folder / "sampling.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


def main() -> int:
    """Command line."""
    parser = bench_parser(__doc__)
    parser.add_argument("--ideal", action="store_true", help="an ideal denoiser of Gaussian pictures")
    parser.add_argument("--pictures", action="store_true", help="trained networks")
    parser.add_argument("--long", action="store_true", help="few steps against all thousand")
    parser.add_argument("--heads", action="store_true", help="RDDM's samplers on a network that is trained here")
    parser.add_argument("--overhead", action="store_true", help="time besides networks and operators")
    parser.add_argument("--steps", type=int, default=50, help="ideal: steps of restorations")
    parser.add_argument("--draws", type=int, default=3, help="ideal: pictures of each measurement")
    parser.add_argument("--samples", type=int, default=256, help="pictures: samples of each row")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    chosen = [part for part in PARTS if getattr(arguments, part)] or PARTS
    need_data(arguments, arguments.data.is_dir() or not set(chosen) & {"pictures", "long", "heads"})
    if "overhead" in chosen:
        run_overhead()
    if "heads" in chosen:
        run_heads(arguments.data, arguments.out)
    if "long" in chosen:
        run_long(arguments.data, arguments.out)
    if "pictures" in chosen:
        run_pictures(arguments.data, arguments.out, arguments.samples, arguments.samples == 256)
    if "ideal" in chosen:
        run_ideal(arguments.out, arguments.steps, arguments.draws)
    return 0


if __name__ == "__main__":
    sys.exit(main())
