"""What the window shows, as plain data. No Qt; views subscribe to topics and read; only the session writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recon.inspection.pairs import PairTable

TOPICS = ("project", "photos", "layers", "stages", "job", "selection", "log", "messages", "recents")
_REPLACES = (("cloud", "sparse"), ("refined", "cloud"), ("textured", "cloud"), ("textured", "refined"))
PROBLEMS = ("blurred", "dark", "bright", "small", "duplicate", "unreadable")


@dataclass(frozen=True)
class PhotoItem:
    """One photo of the project.

    Args:
        id: Unique file name in the project. file: Where it lies.
        verdict: '' until somebody has looked; then 'ok' or one of `PROBLEMS`. reason: The sentence with the figure.
        usable: False when it cannot take part at all.
        facts: Label -> text, from EXIF and the file. figures: Name -> number behind the verdict.
        registered: None until cameras are known. registration: Why not, or how well. error_px: Mean reprojection error.
    """

    id: str
    file: Path
    enabled: bool = True
    verdict: str = ""
    reason: str = ""
    usable: bool = True
    facts: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    registered: bool | None = None
    registration: str = ""
    closest: str = ""
    inliers: int | None = None
    points: int | None = None
    error_px: float | None = None

    @property
    def has_problem(self) -> bool:
        """Whether somebody should look at it."""
        return self.verdict in PROBLEMS or self.registered is False


@dataclass(frozen=True)
class ViewFiles:
    """What there is of a placed photo.

    Args:
        picture: Without lens distortion.
        raw: Depth map as it was estimated; None before that.
        consistent: The part of it that other views confirm; None before that.
    """

    picture: Path
    raw: Path | None = None
    consistent: Path | None = None


@dataclass(frozen=True)
class LayerItem:
    """Something that can be shown in the viewport.

    Args:
        name: 'cameras', 'sparse', 'cloud', 'mesh'. kind: The same words; what the renderer does with the file.
        stamp: Changes whenever the file's content does. count: Cameras, points or faces; None = not known.
        facts: Label -> text for the inspector. thumbnails: Folder with a small picture of each view, for cameras.
    """

    name: str
    kind: str
    path: Path
    stamp: str
    count: int | None = None
    unit: str = "points"
    visible: bool = True
    facts: Mapping[str, str] = field(default_factory=dict)
    thumbnails: Path | None = None


@dataclass(frozen=True)
class SettingItem:
    """One field of a stage's settings: what a form shows.

    Args:
        kind: bool, int, float or str. default: What 'reset' goes back to (preset included). value: In force now.
    """

    name: str
    kind: type
    default: Any
    value: Any
    doc: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] | None = None
    advanced: bool = False

    @property
    def changed(self) -> bool:
        """Whether it differs from the preset."""
        return bool(self.value != self.default)


@dataclass(frozen=True)
class StageItem:
    """One stage of the pipeline: state is 'fresh', 'stale', 'never', 'blocked', 'running' or 'failed'."""

    name: str
    title: str
    state: str = "never"
    why: str = ""
    seconds: float | None = None
    memory_bytes: int | None = None
    device: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)
    settings: tuple[SettingItem, ...] = ()


@dataclass(frozen=True)
class Job:
    """The work going on. `total` 0 = not known; `quiet` = started by the window itself (looking at new photos)."""

    title: str
    stage: str = ""
    done: int = 0
    total: int = 0
    detail: str = ""
    eta_seconds: float | None = None
    stopping: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class Message:
    """A line of the message bar. `action` is the name of an action offered beside it ('resume', '')."""

    what: str
    why: str = ""
    remedy: str = ""
    level: str = "error"
    action: str = ""

    @property
    def text(self) -> str:
        """All of it as one line."""
        return " ".join(part for part in (self.what, self.why, self.remedy) if part)


@dataclass(frozen=True)
class LogLine:
    """One line of the log: 'info', 'warning' or 'error'; `time` as HH:MM:SS."""

    time: str
    level: str
    text: str


@dataclass(frozen=True)
class Selection:
    """What the inspector shows: kind 'photo', 'layer', 'stage' or ''."""

    kind: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Summary:
    """Figures of the last run for the status bar."""

    registered: int | None = None
    photos: int | None = None
    error_px: float | None = None
    points: int | None = None
    faces: int | None = None


@dataclass
class AppState:
    """Everything the window shows. Change it through the methods, so that observers hear of it."""

    project: Path | None = None
    name: str = ""
    thumbnails: dict[str, Path] = field(default_factory=dict)
    views: dict[str, ViewFiles] = field(default_factory=dict)
    pairs: PairTable | None = None
    report: Path | None = None
    preset: str = "balanced"
    photos: tuple[PhotoItem, ...] = ()
    layers: tuple[LayerItem, ...] = ()
    stages: tuple[StageItem, ...] = ()
    job: Job | None = None
    failed_stage: str = ""
    failed_why: str = ""
    interrupted: bool = False
    selection: Selection = Selection()
    summary: Summary = Summary()
    messages: tuple[Message, ...] = ()
    log: list[LogLine] = field(default_factory=list)
    recents: tuple[Path, ...] = ()
    loading: bool = False
    _observers: dict[str, list[Callable[[], None]]] = field(default_factory=dict)

    def subscribe(self, topic: str, observer: Callable[[], None]) -> None:
        """Calls `observer()` after every change of `topic`.

        Raises:
            KeyError: There is no such topic.
        """
        if topic not in TOPICS:
            raise KeyError(topic)
        self._observers.setdefault(topic, []).append(observer)

    def notify(self, *topics: str) -> None:
        """Tells the observers of `topics`."""
        for topic in topics:
            for observer in tuple(self._observers.get(topic, ())):
                observer()

    def set(self, topic: str, **values: Any) -> None:
        """Sets attributes and, when one of them is new, tells the observers of `topic`."""
        changed = [name for name, value in values.items() if getattr(self, name) != value]
        for name in changed:
            setattr(self, name, values[name])
        if changed:
            self.notify(topic)

    def clear_project(self) -> None:
        """Back to 'no project'."""
        self.photos, self.layers, self.stages = (), (), ()
        self.thumbnails, self.views, self.pairs, self.report = {}, {}, None, None
        self.job, self.failed_stage, self.interrupted, self.summary = None, "", False, Summary()
        self.project, self.name, self.selection, self.messages = None, "", Selection(), ()
        self.notify("project", "photos", "layers", "stages", "job", "selection", "messages")

    def photo(self, name: str) -> PhotoItem | None:
        """The photo with this id."""
        return next((item for item in self.photos if item.id == name), None)

    def layer(self, name: str) -> LayerItem | None:
        """The layer with this name."""
        return next((item for item in self.layers if item.name == name), None)

    def stage(self, name: str) -> StageItem | None:
        """The stage with this name."""
        return next((item for item in self.stages if item.name == name), None)

    def set_layers(self, found: tuple[LayerItem, ...]) -> None:
        """Takes over layers found on disk; what was shown or hidden by hand stays so."""
        known = {layer.name: layer for layer in self.layers}
        fresh = {layer.name for layer in found} - set(known)
        kept = tuple(_like(layer, known[layer.name]) if layer.name in known else layer for layer in found)
        for better, worse in _REPLACES:
            if better in fresh:  # on the screen the better replaces the other
                kept = tuple(replace(layer, visible=False) if layer.name == worse else layer for layer in kept)
        self.set("layers", layers=kept)

    def show_layer(self, name: str, visible: bool) -> None:
        """Shows or hides one layer."""
        self.set("layers", layers=tuple(replace(x, visible=visible) if x.name == name else x for x in self.layers))

    def select(self, kind: str, *names: str) -> None:
        """Makes something the subject of the inspector."""
        self.set("selection", selection=Selection(kind, names) if names else Selection())

    def add_message(self, message: Message) -> None:
        """Puts a message on top (the last three stay) and into the log."""
        others = tuple(m for m in self.messages if m.what != message.what)
        self.set("messages", messages=(message, *others)[:3])

    def dismiss(self, message: Message) -> None:
        """Takes one message away."""
        self.set("messages", messages=tuple(m for m in self.messages if m is not message))

    def add_log(self, line: LogLine) -> None:
        """Appends to the log; the oldest of more than 5000 lines go."""
        self.log.append(line)
        del self.log[:-5000]
        self.notify("log")

    @property
    def metric(self) -> bool:
        """Whether one unit of the scene is a metre: it was placed by the photos' GPS."""
        cameras = self.stage("sfm")
        return cameras is not None and str(cameras.notes.get("frame", "")).startswith("gps")

    @property
    def unit(self) -> str:
        """Unit of lengths in the scene."""
        return "m" if self.metric else "scene units"

    @property
    def ready_photos(self) -> int:
        """How many photos can take part: those that are switched on, without the ones found unusable."""
        return sum(photo.enabled and photo.usable for photo in self.photos)

    def shown_stages(self) -> tuple[StageItem, ...]:
        """The plan with what is running or has failed laid over it."""
        shown = self.stages
        if self.failed_stage:
            name, why = self.failed_stage, self.failed_why
            shown = tuple(replace(x, state="failed", why=why or x.why) if x.name == name and x.state != "fresh" else x for x in shown)
        if self.job is not None and self.job.stage:
            shown = tuple(replace(x, state="running", why=self.job.detail) if x.name == self.job.stage else x for x in shown)
        return shown

    def page(self) -> str:
        """What the middle shows: 'start', 'drop' (no photos yet), 'empty' (no model yet) or 'model'."""
        if self.project is None:
            return "start"
        if not self.photos:
            return "drop"
        return "model" if self.layers else "empty"

    def primary(self) -> str:
        """The one primary action: 'new', 'add', 'run', 'resume', 'stop' or 'export'."""
        if self.project is None:
            return "new"
        if self.job is not None and not self.job.quiet:
            return "stop"
        if self.ready_photos < 2:
            return "add"
        if self.stages and all(stage.state == "fresh" for stage in self.stages):
            return "export"
        return "resume" if self.interrupted else "run"


def _like(layer: LayerItem, old: LayerItem) -> LayerItem:
    """The layer, shown or hidden as the old one; of an unchanged file all that was known stays."""
    facts = {**old.facts, **layer.facts} if layer.stamp == old.stamp else layer.facts
    return replace(layer, visible=old.visible, facts=facts)
