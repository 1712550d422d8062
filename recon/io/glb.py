"""Binary glTF 2.0 with vertex normals, vertex colours or a texture (JPEG inside), and the provenance as vertex attribute `_ORIGIN`.

Colours are written as they are in the photographs (sRGB), as other photogrammetry programs do and as trimesh, Open3D and
MeshLab read them; the specification calls COLOR_0 linear, so a strict renderer shows them lighter.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.io.atomic import replacing
from recon.io.colors import to_bytes
from recon.io.texture_file import encoded, split_vertices
from recon.scene import TriMesh

_FLOAT, _UINT8, _UINT32 = 5126, 5121, 5125
_VERTICES, _INDICES = 34962, 34963
_LINEAR, _LINEAR_MIPMAP, _CLAMP = 9729, 9987, 33071


def write_glb(mesh: TriMesh, path: Path) -> None:
    """Writes one mesh primitive. A textured mesh has no vertex colours in the file, since readers multiply the two.

    Raises:
        ResourceError: The file cannot be written.
    """
    buffers: list[bytes] = []
    document: dict[str, Any] = {"asset": {"version": "2.0", "generator": "Photolith"}, "bufferViews": [], "accessors": []}
    texture = mesh.texture
    uv: NDArray[np.float32] | None = None
    if texture is not None:
        mesh, uv = split_vertices(mesh)
    attributes = {"POSITION": _add(document, buffers, mesh.vertices, "VEC3", _FLOAT, bounds=True)}
    if mesh.normals is not None:
        attributes["NORMAL"] = _add(document, buffers, _unit(mesh.normals), "VEC3", _FLOAT)
    if uv is not None:
        attributes["TEXCOORD_0"] = _add(document, buffers, uv, "VEC2", _FLOAT)
    elif mesh.colors is not None:
        rgba = np.concatenate([to_bytes(mesh.colors), np.full((len(mesh.colors), 1), 255, np.uint8)], axis=1)
        attributes["COLOR_0"] = _add(document, buffers, rgba, "VEC4", _UINT8, normalized=True)
    if mesh.origin is not None:
        attributes["_ORIGIN"] = _add(document, buffers, mesh.origin.astype(np.float32), "SCALAR", _FLOAT)
    indices = _add(document, buffers, mesh.faces.astype(np.uint32).reshape(-1), "SCALAR", _UINT32, target=_INDICES)
    document["meshes"] = [{"primitives": [{"attributes": attributes, "indices": indices, "mode": 4, "material": 0}]}]
    material: dict[str, Any] = {"metallicFactor": 0.0, "roughnessFactor": 1.0}
    if texture is not None:
        material["baseColorTexture"] = {"index": _add_texture(document, buffers, texture)}
    document["materials"] = [{"pbrMetallicRoughness": material, "doubleSided": True}]
    document |= {"nodes": [{"mesh": 0}], "scenes": [{"nodes": [0]}], "scene": 0}
    document["buffers"] = [{"byteLength": sum(map(len, buffers))}]
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    size = sum(map(len, buffers))
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + size))
        file.write(struct.pack("<I4s", len(text), b"JSON") + text)
        file.write(struct.pack("<I4s", size, b"BIN\0"))
        file.writelines(buffers)


def _unit(normals: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit vectors; unknown normals (zero) become +z because glTF asks for unit length."""
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(length > 0, normals / np.where(length > 0, length, 1), np.array([0, 0, 1], np.float32)).astype(np.float32)


def _add(
    document: dict[str, Any],
    buffers: list[bytes],
    values: NDArray[Any],
    kind: str,
    component: int,
    *,
    target: int = _VERTICES,
    normalized: bool = False,
    bounds: bool = False,
) -> int:
    """Appends one array and returns the index of its accessor. All arrays are multiples of 4 bytes long."""
    blob = np.ascontiguousarray(values).tobytes()
    document["bufferViews"].append({"buffer": 0, "byteOffset": sum(map(len, buffers)), "byteLength": len(blob), "target": target})
    buffers.append(blob)
    accessor: dict[str, Any] = {"bufferView": len(buffers) - 1, "componentType": component, "count": len(values), "type": kind}
    if normalized:
        accessor["normalized"] = True
    if bounds and len(values):
        accessor |= {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}
    document["accessors"].append(accessor)
    return len(buffers) - 1


def _add_texture(document: dict[str, Any], buffers: list[bytes], texture: NDArray[np.uint8]) -> int:
    """Appends the picture and returns the index of its texture."""
    blob = encoded(texture, ".jpg")
    view = {"buffer": 0, "byteOffset": sum(map(len, buffers)), "byteLength": len(blob)}
    buffers.append(blob + bytes(-len(blob) % 4))
    document["bufferViews"].append(view)
    document["images"] = [{"bufferView": len(buffers) - 1, "mimeType": "image/jpeg"}]
    document["samplers"] = [{"magFilter": _LINEAR, "minFilter": _LINEAR_MIPMAP, "wrapS": _CLAMP, "wrapT": _CLAMP}]
    document["textures"] = [{"source": 0, "sampler": 0}]
    return 0
