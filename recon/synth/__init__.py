"""Textured scenes rendered with exact cameras, depth and surface: demo, test oracle and training data.

Example:
    rng = np.random.default_rng(0)
    scene = random_scene(rng)
    camera = pinhole(800, 600, 50.0)
    for pose in orbit(18, radius=3.0, target=(0, 0, 0.3)):
        shot = render(scene, camera, pose, sensor=Sensor(), rng=rng)
"""

from recon.synth.cameras import look_at, orbit, pinhole
from recon.synth.mesh_files import load_textured_mesh, place_mesh
from recon.synth.random_scene import random_scene, texture_pool
from recon.synth.render import Rendering, render
from recon.synth.scene import Light, SynthScene, TexturedMesh
from recon.synth.sensor import Sensor
from recon.synth.surface_points import surface_points

__all__ = [
    "Light",
    "Rendering",
    "Sensor",
    "SynthScene",
    "TexturedMesh",
    "load_textured_mesh",
    "look_at",
    "orbit",
    "pinhole",
    "place_mesh",
    "random_scene",
    "render",
    "surface_points",
    "texture_pool",
]
