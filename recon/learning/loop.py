"""The training loop: AdamW, warm-up and cosine, averaged weights, checkpoints that resume to the same bits on a CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from recon.errors import Cancelled, PhotolithError, TrainingError, WeightsError
from recon.learning.batches import batches_from, step_seed
from recon.learning.card import ModelCard
from recon.learning.config import TrainConfig, learning_rate, share_done
from recon.learning.curves import draw_curves
from recon.learning.ema import Average
from recon.learning.hardware import Hardware
from recon.learning.history import append_call, call, read_history
from recon.learning.run_folder import RunFolder
from recon.learning.state import Progress, load_state, save_state
from recon.learning.stopping import stop_requests
from recon.learning.tally import Tally
from recon.learning.task import TrainingTask
from recon.learning.weights import load_into, load_weights, save_weights

PATIENCE = 20
"""Steps in a row without a finite loss after which a training ends."""


def train(
    task: TrainingTask,
    folder: Path,
    config: TrainConfig,
    *,
    on_event: Callable[[dict[str, Any]], None] = lambda event: None,
    check: Callable[[], None] = lambda: None,
    start: Path | None = None,
    command: str = "",
) -> Path:
    """Trains, or goes on where an earlier call in the same folder ended.

    Args:
        task: Network, examples and loss.
        folder: Gets recipe.json, history.jsonl (the calls), state.safetensors, log.jsonl, curves.png, samples/, best.safetensors and
            last.safetensors (averaged weights, each with its card).
        config: The settings; those that do not decide the result may differ from the earlier call's, and so may `steps`.
        on_event: Is told of 'begun', 'progress', 'validated', 'checkpoint' and 'finished' (JSON-able dicts).
        check: Is called every step; a PhotolithError from it ends the training after a checkpoint.
        start: Weights to begin with instead of fresh ones.
        command: For the card.

    Returns:
        The best averaged weights by the validation score.

    Raises:
        Cancelled: Ctrl-C or SIGTERM; a checkpoint was written.
        InputError: The folder holds a run of another recipe.
        TrainingError: The loss was not finite 20 times in a row.
        WeightsError: The state of the earlier call, or `start`, is damaged.
    """
    config = config.checked()
    run = RunFolder(folder)
    given = None if start is None else load_weights(start)
    with Hardware(config) as hardware, run.lock() if hardware.main else nullcontext():
        if hardware.main:
            run.check_recipe(_recipe(task, config, hardware, "" if given is None else given[1].sha256))
        hardware.wait()
        return _Training(task, run, config, hardware, on_event, given, command).run(check)


def _recipe(task: TrainingTask, config: TrainConfig, hardware: Hardware, start: str) -> dict[str, Any]:
    """Everything that decides the result, besides the number of steps; `start` is the digest of the weights to begin with."""
    values = {"task": task.name, "architecture": task.architecture(), "data": task.data(), "config": config.recipe()}
    return values | {"processes": hardware.processes, "start": start}


class _Training:
    """One call of `train`: the objects that change from step to step."""

    def __init__(
        self,
        task: TrainingTask,
        folder: RunFolder,
        config: TrainConfig,
        hardware: Hardware,
        on_event: Callable[[dict[str, Any]], None],
        given: tuple[dict[str, Tensor], ModelCard] | None,
        command: str,
    ) -> None:
        self.task, self.folder, self.config, self.hardware = task, folder, config, hardware
        self.on_event = on_event if hardware.main else lambda event: None
        self.command, self.given = command, None if given is None else given[1]
        torch.manual_seed(config.seed)
        self.network = task.network()
        if given is not None:
            load_into(self.network, given[0])
        self.network.to(hardware.device).train()
        self.average = Average(self.network, config.ema)
        groups, betas = _groups(self.network, config.weight_decay), (config.momentum, 0.999)
        self.optimizer = torch.optim.AdamW(groups, lr=config.rate, betas=betas, fused=True)
        self.progress = Progress()
        if folder.state.exists():
            self.progress = load_state(folder.state, self.network, self.average, self.optimizer)
        if config.compile:
            self.network.compile()
        self.loss = hardware.loss(self.network, task.loss)
        self.tally = Tally(config.batch * hardware.processes)
        self.measured: dict[str, float] = {}
        self.before = self.progress.seconds

    def run(self, check: Callable[[], None]) -> Path:
        """All steps that are left."""
        self._begin()
        with stop_requests() as asked, batches_from(self.task, self.config, self.hardware.rank, self.progress.step) as batches:
            self.tally.start()
            while not self._over():
                stop = self._step(next(batches), self.progress.step, asked)
                self._after()
                if stop and not self._over():
                    self._leave(Cancelled(f"Stopped after step {self.progress.step} of {self.config.steps}."))
                try:
                    check()
                except PhotolithError as error:
                    self._leave(error)
        self.hardware.wait()
        self.on_event({"event": "finished", "step": self.progress.step, "best": self.progress.best, "weights": str(self.folder.best)})
        return self.folder.best

    def _over(self) -> bool:
        """Whether all steps are done, or all minutes spent."""
        return share_done(self.progress.step, self.progress.seconds, self.config) >= 1

    def _begin(self) -> None:
        """Makes folder and log fit the step that the run goes on from."""
        done, steps = self.progress.step, self.config.steps
        if done > steps:
            raise TrainingError(
                f"The run is at step {done} already.", f"Only {steps} steps were asked for.", "Ask for more steps, or use its weights."
            )
        if self.hardware.main:
            self.folder.samples.mkdir(exist_ok=True)
            self.folder.cut_log(done)
            if not self._over():
                append_call(self.folder.history, call(done, steps, self._about(), self.given))
            if self.progress.best is not None and not _intact(self.folder.best):
                self.progress.best = None
        size = {"steps": steps, "minutes": self.config.minutes, "parameters": sum(p.numel() for p in self.network.parameters())}
        self.on_event({"event": "begun", "step": done, **size})
        if self._over() and self.progress.best is None:
            self._validate()
            self._checkpoint()

    def _about(self) -> dict[str, Any]:
        """This call, for the history."""
        config = self.config
        limit = {"minutes": config.minutes} if config.minutes else {}
        return {**limit, "batch": config.batch, "rate": config.rate, "hardware": self.hardware.describe(), "command": self.command}

    def _step(self, batch: Any, step: int, asked: Callable[[], bool]) -> bool:
        """One step of the optimizer; whether any process was asked to stop."""
        torch.manual_seed(step_seed(self.config.seed, self.hardware.rank, step))
        rate = learning_rate(step, self.config, self.progress.seconds)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss, logged = self.loss(self.hardware.move(batch), step)
        loss.backward()
        self.hardware.share_gradients(self.network)
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip or float("inf"))
        stop, broken = self.hardware.any(asked(), not bool(torch.isfinite(loss.detach()) & torch.isfinite(norm)))
        self.progress.step, self.progress.seconds = step + 1, self._seconds()
        if broken:
            self._skip(step)
            return stop
        self.optimizer.step()
        self.progress.updates += 1
        self.progress.in_a_row = 0
        self.average.update(self.progress.updates)
        self.tally.add({"loss": loss, **logged, "gradient": norm}, rate)
        return stop

    def _seconds(self) -> float:
        """Spent on training, by this call and earlier ones; the same in all processes where they have to end together."""
        seconds = self.before + self.tally.total()
        return float(self.hardware.mean(torch.tensor(seconds))) if self.config.minutes else seconds

    def _skip(self, step: int) -> None:
        """Leaves the weights as they are; ends the training when that goes on."""
        self.average.restore_buffers()
        self.tally.skip()
        self.progress.in_a_row += 1
        if self.progress.in_a_row >= PATIENCE:
            why = f"The loss or its gradient was not finite {PATIENCE} times in a row, up to step {step + 1}."
            raise TrainingError("The training has come apart.", why, "Lower --rate, or look at log.jsonl for what grew.")

    def _after(self) -> None:
        """What is due after a step."""
        done, last = self.progress.step, self._over()
        if last or done % self.config.log_every == 0:
            self._log()
        validated = last or done % self.config.validate_every == 0
        if validated:
            self._validate()
        if validated or done % self.config.checkpoint_every == 0:
            self._checkpoint()

    def _log(self) -> None:
        """A line of the log, and the same as an event."""
        values = self.tally.take(self.hardware.mean)
        skipped = self.progress.step - self.progress.updates
        line = {"step": self.progress.step, "train": values, "skipped": skipped, "seconds": round(self.progress.seconds, 3)}
        if self.hardware.main:
            self.folder.append(line)
        eta = (self.config.steps - self.progress.step) * self.tally.seconds_a_step
        if self.config.minutes:
            eta = min(eta, max(0.0, 60 * self.config.minutes - self.progress.seconds))
        speed = {"examples_per_second": self.tally.examples_per_second, "eta_seconds": eta}
        self.on_event({"event": "progress", "steps": self.config.steps, **line, **speed})

    def _validate(self) -> None:
        """Figures of the averaged weights; the best ones so far are kept."""
        self.tally.pause()
        if self.hardware.main:
            with torch.no_grad():
                measured = self.task.validate(self.average.network, self.folder.samples, self.progress.step)
            self.average.network.eval()
            self.measured = {name: float(value) for name, value in measured.items()}
            score = next(iter(self.measured.values()))
            better = score == score and (self.progress.best is None or score > self.progress.best)
            if better or not self.folder.best.exists():
                self.progress.best, self.progress.best_step = (score if better else None), self.progress.step
                self._save(self.folder.best)
            self.folder.append({"step": self.progress.step, "validation": self.measured})
            self.on_event({"event": "validated", "step": self.progress.step, "measured": self.measured, "best": better})
        self.hardware.wait()
        self.tally.start()

    def _checkpoint(self) -> None:
        """State, last weights and curves."""
        if self.hardware.main:
            save_state(self.folder.state, self.network, self.average, self.optimizer, self.progress)
            self._save(self.folder.last)
            draw_curves(self.folder.read_log(), self.folder.curves, self.task.name)
            self.on_event({"event": "checkpoint", "step": self.progress.step})
        self.hardware.wait()

    def _leave(self, error: PhotolithError) -> None:
        """Ends early, with everything on the disk."""
        if self.tally.steps:
            self._log()
        self._checkpoint()
        raise error

    def _save(self, path: Path) -> None:
        """The averaged weights with their card."""
        hours = {"hours": round(self.progress.seconds / 3600, 3)}
        card = ModelCard(
            name=self.task.name,
            task=self.task.name,
            architecture=self.task.architecture(),
            config=asdict(self.config),
            data=self.task.data(),
            steps=self.progress.step,
            hardware=self.hardware.describe() | hours,
            seed=self.config.seed,
            command=self.command,
            history=read_history(self.folder.history, self.progress.step),
            measured={name: value for name, value in self.measured.items() if value == value and abs(value) != float("inf")},
            version=_version(),
        )
        save_weights(self.average.tensors(), path, card)


def _groups(network: nn.Module, decay: float) -> Iterator[dict[str, Any]]:
    """Parameters with decay (matrices, kernels) and without (biases, scales)."""
    yield {"params": [p for p in network.parameters() if p.requires_grad and p.ndim > 1], "weight_decay": decay}
    yield {"params": [p for p in network.parameters() if p.requires_grad and p.ndim <= 1], "weight_decay": 0.0}


def _intact(path: Path) -> bool:
    """Whether weights and card on the disk belong together."""
    try:
        load_weights(path)
    except WeightsError:
        return False
    return True


def _version() -> str:
    """Installed version, '' in a bare copy of the source."""
    try:
        return version("photolith")
    except PackageNotFoundError:
        return ""
