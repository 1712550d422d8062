"""Keys of artifacts and items: digests of everything that can change the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from recon.pipeline.config import canonical
from recon.pipeline.stage import Item, Stage
from recon.project.contents import cameras_digest, mask_digests, photo_digests
from recon.project.digests import digest_json
from recon.project.project import Project

DEVICES = ("cpu", "cuda", "mps")


@dataclass(frozen=True)
class Sources:
    """Digests of what the user put in.

    Args:
        photos: Photo id -> digest, in order, those switched on.
        masks: Photo id -> digest of its mask.
        cameras: Digest of given cameras, or None.
        cameras_use: 'poses' or 'intrinsics'.
    """

    photos: dict[str, str]
    masks: dict[str, str]
    cameras: str | None
    cameras_use: str


def read_sources(project: Project) -> Sources:
    """Digests of photos, masks and cameras as they are on the disk now.

    Raises:
        ProjectError: One of them is missing; it is named.
    """
    photos = photo_digests(project)
    masks = {name: digest for name, digest in mask_digests(project).items() if name in photos}
    cameras = cameras_digest(project)
    return Sources(photos, masks, cameras, project.cameras_use)


@dataclass(frozen=True)
class Conditions:
    """How a run is asked to compute.

    Args:
        device: 'cpu', 'cuda', 'mps', or 'auto': any result will do, whatever device made it.
        seed: For stochastic stages.
        deterministic: Same bytes on every run.
    """

    device: str = "auto"
    seed: int = 0
    deterministic: bool = False


def recipe(stage: Stage, config: Any, inputs: Mapping[str, str], sources: Sources, conditions: Conditions) -> dict[str, Any]:
    """What the key of a stage's artifact is the digest of; kept in the artifact so that a change can be explained.

    Args:
        stage: The stage.
        config: Its settings.
        inputs: Content digests of the artifacts it needs.
        sources: What the user put in; only what the stage declares is taken.
        conditions: Taken only where the stage declares that it depends on them; `device` must not be 'auto'.
    """
    result: dict[str, Any] = {
        "stage": stage.name,
        "version": stage.version,
        "config": canonical(config),
        "inputs": {name: inputs[name] for name in stage.needs},
    }
    if "photos" in stage.sources:
        result["photos"] = [[name, digest] for name, digest in sources.photos.items()]
    if "masks" in stage.sources:
        result["masks"] = sources.masks
    if "cameras" in stage.sources:
        result["cameras"] = None if sources.cameras is None else [sources.cameras, sources.cameras_use]
    return {**result, **conditions_of(stage, config, conditions)}


def conditions_of(stage: Stage, config: Any, conditions: Conditions) -> dict[str, Any]:
    """The part of a key that says how it was computed."""
    result: dict[str, Any] = {}
    weights = stage.weights_digest(config)
    if weights:
        result["weights"] = weights
    if stage.device_dependent:
        result["device"] = conditions.device
    if stage.stochastic:
        result["seed"] = conditions.seed
    if conditions.deterministic:
        result["deterministic"] = True
    return result


def accepted(stage: Stage, conditions: Conditions, device: str | None) -> list[Conditions]:
    """Conditions whose results are as good as asked, the one that would be computed first.

    Without an explicit device a result of any device is taken, and a deterministic one always does.

    Args:
        stage: The stage.
        conditions: As asked.
        device: What 'auto' stands for on this machine, when that is known.
    """
    first = device or conditions.device
    devices = [first] if first != "auto" else []
    if conditions.device == "auto" and stage.device_dependent:
        devices += [d for d in DEVICES if d != first]
    flags = [True] if conditions.deterministic else [False, True]
    return [Conditions(d, conditions.seed, flag) for flag, d in product(flags, devices or ["cpu"])]


def item_key(stage: Stage, config: Any, item: Item, suffix: str, conditions: Conditions) -> str:
    """The store key of one item."""
    values = canonical(config) if item.config is None else item.config
    return digest_json(
        {
            "stage": stage.name,
            "version": stage.version,
            "name": item.name,
            "suffix": suffix,
            "config": values,
            "inputs": list(item.inputs),
            **conditions_of(stage, config, conditions),
        }
    )


def explain(old: Mapping[str, Any], new: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """Why a stage has to run again, in words, from its old and its new recipe."""
    reasons: list[str] = []
    before, after = old.get("config", {}), new["config"]
    for name in after:
        if name not in before:
            reasons.append(f"{name} is new")
        elif before[name] != after[name]:
            reasons.append(f"{name} changed from {before[name]} to {after[name]}")
    reasons += _photo_changes(old.get("photos"), new.get("photos"))
    if old.get("masks", {}) != new.get("masks", {}):
        reasons.append("masks changed")
    if old.get("cameras") != new.get("cameras"):
        reasons.append("given cameras changed" if old.get("cameras") and new.get("cameras") else "cameras were given or taken away")
    if not reasons:  # results of earlier stages change because of the above in most cases
        reasons += [f"{titles.get(n, n)} changed" for n in new["inputs"] if old.get("inputs", {}).get(n) != new["inputs"][n]]
    for name, words in (
        ("version", "the method was updated"),
        ("weights", "the trained weights changed"),
        ("device", "the device changed"),
    ):
        if old.get(name) != new.get(name):
            reasons.append(words)
    if old.get("seed") != new.get("seed"):
        reasons.append("the seed changed")
    if old.get("deterministic") != new.get("deterministic"):
        reasons.append("a deterministic result is asked for")
    return ", ".join(reasons) or "it was computed differently"


def _photo_changes(old: Sequence[Sequence[str]] | None, new: Sequence[Sequence[str]] | None) -> list[str]:
    """'2 photos added', '1 photo removed', '1 photo changed'."""
    if old is None or new is None:
        return []
    before, after = {p[0]: p[1] for p in old}, {p[0]: p[1] for p in new}
    counts = (
        (len(after.keys() - before.keys()), "added"),
        (len(before.keys() - after.keys()), "removed"),
        (sum(before[name] != after[name] for name in before.keys() & after.keys()), "changed"),
    )
    words = [f"{n} photo{'s' if n > 1 else ''} {what}" for n, what in counts if n]
    return words or (["the order of the photos changed"] if list(before) != list(after) else [])
