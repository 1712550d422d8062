"""pycolmap's mappers in a process of their own: `python -m recon.sfm.mapper_child JOB.json`.

Prints one JSON object a line: `{"placed": n}` when a photo is placed, `{"step": text}` at steps without a count, and
`{"doubtful": [names]}` for given poses that contradict the matches.
Models are written into numbered folders under the job's `output`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recon.pipeline.child import follow_parent

_MOST = 0.9
"""Part of the photos from which on an attempt is good enough."""
_TURNS = 4
"""Times that a model is gone on with at most, while photos are added."""


@dataclass(frozen=True)
class Job:
    """What the child is asked to do.

    Args:
        method: 'incremental', 'global' or 'triangulate' (poses of the model in `start` are known).
        database: The database.
        output: Empty folder for the models.
        start: Folder of a model with known poses; for 'triangulate'.
        photos: How many there are.
        exact: Number of keypoints of each photo, in the order of COLMAP's numbers, before those of its tilted views.
        constant_cameras: COLMAP's numbers of cameras that stay as they are.
        move_poses: 'triangulate': whether the known poses are refined at the end.
        principal_point: 'centre' leaves it in the middle, 'auto' estimates it at the end where the photos determine it, 'free' always.
        max_error: Pixels.
        min_angle: Degrees.
        min_model_size: Photos.
        calibrate: 'global': focal lengths are first estimated from pairs, since some are only guessed.
        threads: For the solver; 1 gives the same bytes every time.
        seed: Of random samples.
    """

    method: str
    database: str
    output: str
    start: str
    photos: int
    exact: list[int]
    constant_cameras: list[int]
    move_poses: bool
    principal_point: str
    max_error: float
    min_angle: float
    min_model_size: int
    calibrate: bool
    threads: int
    seed: int


def main(path: Path) -> None:
    """Runs the job described in the file."""
    import pycolmap

    job = Job(**json.loads(path.read_text(encoding="utf-8")))
    pycolmap.logging.minloglevel = 2
    pycolmap.set_random_seed(job.seed)
    {"incremental": _incremental, "global": _global, "triangulate": _triangulate}[job.method](job)


def _say(**values: Any) -> None:
    print(json.dumps(values), flush=True)


class _Counter:
    """Counts placed photos of the model in progress."""

    def __init__(self, placed: int = 0) -> None:
        self.placed = placed

    def first_pair(self) -> None:
        self.placed = 2
        _say(placed=self.placed)

    def next_image(self) -> None:
        self.placed += 1
        _say(placed=self.placed)


def _options(job: Job, *, relaxed: bool = False, lone_pair: bool = False) -> Any:
    """Options of the incremental mapper.

    Args:
        job: What was asked for.
        relaxed: Place photos by fewer points, and start from weaker pairs and from pairs along the line of sight (a walk down a street).
        lone_pair: Points that only two photos see will do; they always have to when there are no more.
    """
    import pycolmap

    options = pycolmap.IncrementalPipelineOptions()
    options.num_threads = options.mapper.num_threads = job.threads
    options.random_seed = options.mapper.random_seed = options.triangulation.random_seed = job.seed
    options.min_model_size = job.min_model_size
    options.ignore_watermarks = True
    options.extract_colors = False
    options.constant_cameras = options.mapper.constant_cameras = set(job.constant_cameras)
    options.ba_refine_principal_point = job.principal_point == "free"
    options.mapper.filter_max_reproj_error = job.max_error
    options.triangulation.merge_max_reproj_error = options.triangulation.complete_max_reproj_error = job.max_error
    options.mapper.filter_min_tri_angle = options.triangulation.min_angle = job.min_angle
    options.triangulation.ignore_two_view_tracks = job.photos > 2 and not lone_pair
    if relaxed:
        options.mapper.init_min_num_inliers //= 2
        options.mapper.abs_pose_min_num_inliers //= 3
        options.mapper.abs_pose_min_inlier_ratio = 0.15
        options.mapper.init_min_tri_angle /= 4
        options.mapper.init_max_forward_motion = 1.0
    return options


def _incremental(job: Job) -> None:
    """Maps as usual; while many photos are missing, anew with relaxed options and then all at once.

    Kept is the attempt with most photos that agree with their matches. Where no three photos share anything, two of them make a
    model.
    """
    models = _extended(job, _run_incremental(job, "usual", _options(job)))
    if _largest(models) < _MOST * job.photos:
        _say(step="starting again from weaker pairs")
        models = _better(models, _extended(job, _run_incremental(job, "relaxed", _options(job, relaxed=True))))
    if 3 <= _largest(models) < _MOST * job.photos:
        models = _better(models, _extended(job, _run_global(job, "global")))
    _finish(job, models or _run_incremental(job, "pair", _options(job, relaxed=True, lone_pair=True)))


def _better(models: dict[int, Any], others: dict[int, Any]) -> dict[int, Any]:
    return others if _largest(others) > _largest(models) else models


def _extended(job: Job, models: dict[int, Any]) -> dict[int, Any]:
    """The models without photos that contradict their matches, and with those that relaxed options add."""
    import pycolmap

    from recon.sfm.adjust import adjust
    from recon.sfm.consistency import drop_inconsistent

    with pycolmap.Database.open(job.database) as database:
        for number in sorted(models):
            drop_inconsistent(models[number], database)
            for turn in range(_TURNS):
                if models[number].num_reg_images() >= job.photos:
                    break
                more = _continued(job, models[number], f"more{number}.{turn}", _options(job, relaxed=True))
                if drop_inconsistent(more, database):
                    adjust(more, constant=job.constant_cameras, principal_point=job.principal_point == "free", threads=job.threads)
                if more.num_reg_images() <= models[number].num_reg_images():
                    break
                models[number] = more
    return {number: model for number, model in models.items() if model.num_reg_images() >= 2}


def _run_incremental(job: Job, name: str, options: Any) -> dict[int, Any]:
    import pycolmap

    counter, target = _Counter(), _folder(job, name)
    return dict(
        pycolmap.incremental_mapping(
            job.database,
            job.output,
            target,
            options,
            initial_image_pair_callback=counter.first_pair,
            next_image_callback=counter.next_image,
        )
    )


def _continued(job: Job, model: Any, name: str, options: Any) -> Any:
    """The model with further photos, or the same one when none could be placed."""
    import pycolmap

    known = model.num_reg_images()
    target = _folder(job, name)
    model.write(target)
    options.multiple_models = False
    options.min_model_size = 1
    models = pycolmap.incremental_mapping(
        job.database, job.output, target, options, input_path=target, next_image_callback=_Counter(known).next_image
    )
    best = max(models.values(), key=lambda other: other.num_reg_images(), default=model)
    return best if best.num_reg_images() > known else model


def _largest(models: dict[int, Any]) -> int:
    return max((model.num_reg_images() for model in models.values()), default=0)


def _global(job: Job) -> None:
    if job.photos < 3:  # it takes points that three photos see
        _incremental(job)
    else:
        _finish(job, _run_global(job, "global"))


def _run_global(job: Job, name: str) -> dict[int, Any]:
    import pycolmap

    from recon.sfm.adjust import adjust
    from recon.sfm.database import add_relative_poses

    _say(step="placing all photos at once")
    with pycolmap.Database.open(job.database) as database:
        add_relative_poses(database)
    if job.calibrate:
        pycolmap.calibrate_view_graph(job.database)
    options = pycolmap.GlobalPipelineOptions()
    options.num_threads = options.mapper.num_threads = job.threads
    options.random_seed = options.mapper.random_seed = job.seed
    options.min_model_size = job.min_model_size
    options.ignore_watermarks = True
    solver = options.mapper.bundle_adjustment
    solver.refine_principal_point = job.principal_point == "free"
    if job.constant_cameras:
        solver.refine_focal_length = solver.refine_extra_params = solver.refine_principal_point = False
    models = dict(pycolmap.global_mapping(job.database, job.output, _folder(job, name), options))
    if job.constant_cameras:
        _say(step="refining cameras")
        for model in models.values():
            adjust(model, constant=job.constant_cameras, principal_point=job.principal_point == "free", threads=job.threads)
    return models


def _finish(job: Job, models: dict[int, Any]) -> None:
    """The last refinement of each model, and writing it."""
    from recon.sfm.adjust import adjust, free_principal_points
    from recon.sfm.exact import leave_out_coarse

    for number, model in models.items():
        if leave_out_coarse(model, job.exact):
            _say(step="refining cameras")
            adjust(model, constant=job.constant_cameras, principal_point=job.principal_point == "free", threads=job.threads)
        if job.principal_point == "auto":
            _say(step="estimating the principal point")
            model = free_principal_points(model, constant=job.constant_cameras, threads=job.threads)
        model.write(_folder(job, str(number)))


def _folder(job: Job, name: str) -> str:
    folder = Path(job.output) / name
    folder.mkdir(exist_ok=True)
    return str(folder)


def _triangulate(job: Job) -> None:
    """Points for known poses; photos without one are then placed among them."""
    import pycolmap

    from recon.sfm.adjust import adjust
    from recon.sfm.consistency import contradicted

    _say(step="points for the given poses")
    target, options = _folder(job, "0"), _options(job)
    model = pycolmap.Reconstruction(job.start)
    known = model.num_reg_images()
    model = pycolmap.triangulate_points(model, job.database, job.output, target, True, options, refine_intrinsics=False)
    if job.move_poses:
        _say(step="refining the given poses")
        adjust(model, constant=job.constant_cameras, robust=True, threads=job.threads)
        model = pycolmap.triangulate_points(model, job.database, job.output, target, True, options, refine_intrinsics=False)
        adjust(model, constant=job.constant_cameras, threads=job.threads)
    if known < job.photos:
        options = _options(job, relaxed=True)
        options.fix_existing_frames = options.mapper.fix_existing_frames = True
        model = _continued(job, model, "more", options)
    with pycolmap.Database.open(job.database) as database:
        _say(doubtful=sorted(model.images[number].name for number in contradicted(model, database)))
    model.write(target)


if __name__ == "__main__":
    follow_parent()
    main(Path(sys.argv[1]))
