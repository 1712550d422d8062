"""Trained weights on the disk: safetensors files with a card, checked before they are used. Never pickle."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as parse
from safetensors.torch import save as serialise
from torch import Tensor, nn

from recon.errors import WeightsError
from recon.io.atomic import replacing
from recon.learning.card import ModelCard, card_path, read_card, write_card
from recon.learning.header import read_header
from recon.learning.shelf import shipped

MAX_BYTES = 256 << 20
"""Largest file of weights that is read, in bytes."""
_AGAIN = "Copy the file again, or install Photolith again."

__all__ = ["MAX_BYTES", "load_into", "load_weights", "read_tensors", "save_weights", "shipped", "verify", "write_tensors"]


def save_weights(tensors: Mapping[str, Tensor], path: Path, card: ModelCard, dtype: torch.dtype = torch.float32) -> ModelCard:
    """Writes `path` (.safetensors) and the card beside it (.json); each appears whole or not at all.

    Args:
        tensors: A state dict; floating-point tensors are stored as `dtype`, others as they are.
        path: Has to end in '.safetensors'.
        card: Its `sha256` is filled in.
        dtype: torch.float32 or torch.float16.

    Returns:
        The card as written.

    Raises:
        WeightsError: A value is not finite, or too large for `dtype`.
        ResourceError: The file cannot be written.
    """
    if path.suffix != ".safetensors":
        raise ValueError(f"weights go into .safetensors files, not {path.name}")
    stored = {name: _stored(name, tensor, dtype, path) for name, tensor in tensors.items()}
    content = serialise(stored)  # no metadata: their order in the file is not fixed, and the bytes should be
    card = replace(card, sha256=hashlib.sha256(content).hexdigest())
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    write_card(card, card_path(path))
    return card


def load_weights(path: Path, limit: int = MAX_BYTES) -> tuple[dict[str, Tensor], ModelCard]:
    """Reads weights and card; floating-point tensors come as float32 on the CPU.

    Args:
        path: The .safetensors file; its card lies beside it.
        limit: Largest size of the file in bytes; as float32 the tensors may take twice that.

    Raises:
        WeightsError: File or card is missing, too large, damaged, or one does not belong to the other.
    """
    content = _read(path, limit)
    card = read_card(card_path(path))
    if hashlib.sha256(content).hexdigest() != card.sha256:
        why = "Its SHA-256 is not the one on its card: it is damaged, cut, or the weights of something else."
        raise WeightsError(f"The weights '{path}' cannot be used.", why, _AGAIN)
    tensors, _ = _parse(path, content, limit)
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}, card


def load_into(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Copies `tensors` into a network that has exactly these.

    Raises:
        WeightsError: Names the tensors that are missing, left over or of another shape.
    """
    there = network.state_dict()
    problems = [f"{name} is missing" for name in there if name not in tensors]
    problems += [f"{name} is not of this network" for name in tensors if name not in there]
    both = [name for name in there if name in tensors and there[name].shape != tensors[name].shape]
    problems += [f"{name} is {tuple(tensors[name].shape)} and should be {tuple(there[name].shape)}" for name in both]
    if problems:
        more = f" and {len(problems) - 4} more" if len(problems) > 4 else ""
        why = f"{'; '.join(problems[:4])}{more}."
        raise WeightsError("The weights do not fit the network.", why, "Use weights made for it, of this version of Photolith.")
    network.load_state_dict(dict(tensors))


def verify(path: Path) -> dict[str, Tensor]:
    """The weights, if everything about the file is as it should be.

    Raises:
        WeightsError: What `load_weights` raises, or a value that is not finite.
    """
    tensors, _ = load_weights(path)
    for name, tensor in tensors.items():
        if not bool(torch.isfinite(tensor).all()):
            raise WeightsError(f"The weights '{path}' cannot be used.", f"{name} has values that are not finite.", "Train again.")
    return tensors


def read_tensors(path: Path, limit: int) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors, as stored, and metadata of a file without a card; checked in the same way.

    Raises:
        WeightsError: It is missing, too large or damaged.
    """
    return _parse(path, _read(path, limit), limit)


def write_tensors(tensors: Mapping[str, Tensor], path: Path, metadata: Mapping[str, str]) -> None:
    """Writes tensors, as they are, and metadata; the file appears whole or not at all.

    Raises:
        ResourceError: The file cannot be written.
    """
    content = serialise({name: _own(tensor) for name, tensor in tensors.items()}, dict(metadata))
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _own(tensor: Tensor) -> Tensor:
    """A copy on the CPU that shares memory with nothing."""
    return tensor.detach().to("cpu", copy=True).contiguous()


def _stored(name: str, tensor: Tensor, dtype: torch.dtype, path: Path) -> Tensor:
    """The tensor as it goes into the file."""
    own = _own(tensor)
    if not own.is_floating_point():
        return own
    own = own.to(dtype)
    if not bool(torch.isfinite(own).all()):
        what = f"The weights were not written to '{path.name}'."
        raise WeightsError(what, f"{name} has values that are not finite as {str(dtype).removeprefix('torch.')}.", "Train again.")
    return own


def _read(path: Path, limit: int) -> bytes:
    """The whole file, if it is not larger than `limit`."""
    what = f"The weights '{path}' cannot be used."
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            content = file.read(size) if size <= limit else b""
    except FileNotFoundError as error:
        raise WeightsError(what, "There is no such file.", "Check the name.") from error
    except OSError as error:
        raise WeightsError(what, f"The system says: {error.strerror}.", "Check the file and its permissions.") from error
    if size > limit:
        raise WeightsError(what, f"It is larger than {limit / 2**20:.0f} MB.", "Weights of Photolith are smaller; check the name.")
    return content


def _parse(path: Path, content: bytes, limit: int) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a file's content, after its header was checked."""
    what = f"The weights '{path}' cannot be used."
    try:
        header = read_header(content)
    except ValueError as error:
        raise WeightsError(what, f"The file is damaged or no safetensors file: {error}.", _AGAIN) from error
    memory = 4 * header.values  # as float32
    if memory > 2 * limit:
        raise WeightsError(what, f"It would take {memory / 2**20:.0f} MB, at most {limit / 2**20:.0f} are allowed.", "Check the name.")
    try:
        return parse(content), header.metadata
    except (SafetensorError, ValueError, KeyError) as error:
        raise WeightsError(what, f"The file is damaged: {error}.", _AGAIN) from error
