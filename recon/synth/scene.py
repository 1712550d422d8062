"""What a synthetic scene is made of: textured meshes and the light that falls on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recon.errors import ShapeError
from recon.scene import Sim3
from recon.scene.checks import array, optional

if TYPE_CHECKING:
    from recon.synth.render import Renderer

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TexturedMesh:
    """Triangles with a colour texture; what one object of a scene is.

    Args:
        name: What it is.
        vertices: `[V, 3]` float32, world frame (z up).
        faces: `[F, 3]` int32.
        uv: `[F, 3, 2]` float32 texture coordinates of each corner, in repeats; (0, 0) is the texture's top-left corner.
        texture: `[H, W, 3]` float32 sRGB in [0, 1]; repeats.
        normals: `[F, 3, 3]` float32 shading normals of each corner, or None for flat shading.
        tint: `[F, 3, 3]` float32 sRGB of each corner, multiplied with the texture (vertex colours), or None.
        gloss: Strength of the highlight, 0 = matt.
        shininess: Exponent of the highlight: large = small and sharp.
        mirror: Share of the surroundings that is reflected head-on; grows to all at grazing angles (Schlick 1994).
    """

    name: str
    vertices: Float
    faces: NDArray[np.int32]
    uv: Float
    texture: Float
    normals: Float | None = None
    tint: Float | None = None
    gloss: float = 0.0
    shininess: float = 40.0
    mirror: float = 0.0

    def __post_init__(self) -> None:
        faces = array(self.faces, "faces", (None, 3), np.int32)
        n = len(faces)
        object.__setattr__(self, "faces", faces)
        object.__setattr__(self, "vertices", array(self.vertices, "vertices", (None, 3), np.float32))
        object.__setattr__(self, "uv", array(self.uv, "uv", (n, 3, 2), np.float32))
        object.__setattr__(self, "texture", array(self.texture, "texture", (None, None, 3), np.float32))
        object.__setattr__(self, "normals", optional(self.normals, "normals", (n, 3, 3), np.float32))
        object.__setattr__(self, "tint", optional(self.tint, "tint", (n, 3, 3), np.float32))
        if n == 0 or self.texture.size == 0:
            raise ShapeError(f"'{self.name}' has no faces or no texture")
        if faces.min() < 0 or faces.max() >= len(self.vertices):
            raise ShapeError(f"faces of '{self.name}' point outside its vertices")

    @property
    def corners(self) -> Float:
        """Positions of the corners of each face, `[F, 3, 3]`."""
        return self.vertices[self.faces]

    @property
    def bounds(self) -> tuple[Float, Float]:
        """Smallest and largest coordinates of the vertices in use, `[3]` each."""
        used = self.vertices[np.unique(self.faces)]
        return used.min(axis=0), used.max(axis=0)

    @property
    def diagonal(self) -> float:
        """Length of the diagonal of the axis-aligned bounding box."""
        low, high = self.bounds
        return float(np.linalg.norm(high - low))

    def moved(self, new_from_old: Sim3) -> TexturedMesh:
        """The mesh after a similarity transform."""
        vertices = new_from_old.apply(self.vertices).astype(np.float32)
        normals = None if self.normals is None else new_from_old.rotate(self.normals).astype(np.float32)
        return replace(self, vertices=vertices, normals=normals)

    def face_areas(self) -> Float:
        """Area of each face, `[F]`."""
        a, b, c = np.moveaxis(self.corners, 1, 0)
        return np.asarray(0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=-1), np.float32)


@dataclass(frozen=True)
class Light:
    """A directional light (a distant disc), an even sky and what is seen where nothing is hit. Intensities are linear.

    Args:
        direction: Towards the light, world frame; any length.
        color: Linear RGB of the directional light.
        sky: Linear RGB of the ambient light from above.
        bounce: Linear RGB of the ambient light from below.
        radius: Angular radius of the light in radians; 0 gives hard shadows.
        shadow_samples: Shadow rays a sample; 0 = no shadows.
        occlusion_samples: Rays a sample for ambient occlusion; 0 = none.
        occlusion_distance: Reach of ambient occlusion, scene units.
        background: Linear RGB seen at the horizon.
        zenith: Linear RGB seen straight up and down.
    """

    direction: tuple[float, float, float] = (0.4, -0.5, 1.0)
    color: tuple[float, float, float] = (0.62, 0.6, 0.56)
    sky: tuple[float, float, float] = (0.34, 0.36, 0.4)
    bounce: tuple[float, float, float] = (0.16, 0.15, 0.14)
    radius: float = 0.0
    shadow_samples: int = 1
    occlusion_samples: int = 0
    occlusion_distance: float = 0.5
    background: tuple[float, float, float] = (0.5, 0.52, 0.55)
    zenith: tuple[float, float, float] = (0.3, 0.36, 0.45)


@dataclass(frozen=True, eq=False)
class SynthScene:
    """Objects and light. The position of a mesh in `meshes` is its object id.

    Args:
        meshes: At least one; the ground is a mesh like any other.
        light: How they are lit.
        surroundings: `[H, W, 3]` float32 sRGB picture that is seen all around where nothing is hit, and in reflections, three times
            across and once and a half up and down; None = the light's horizon and zenith.
    """

    meshes: tuple[TexturedMesh, ...]
    light: Light = Light()
    surroundings: Float | None = None

    def __post_init__(self) -> None:
        if not self.meshes:
            raise ShapeError("a scene needs at least one mesh")

    @cached_property
    def renderer(self) -> Renderer:
        """The ray caster over this scene, made once."""
        from recon.synth.render import Renderer

        return Renderer(self)
