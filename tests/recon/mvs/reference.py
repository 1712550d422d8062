"""Slow references: loops that follow the definitions, in float64."""

from __future__ import annotations

import numpy as np


def bilinear(image, x, y):
    """Sample of `[H, W]` at a fractional pixel, border continued."""
    height, width = image.shape
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    x0, y0 = min(int(x), width - 2), min(int(y), height - 2)
    a, b = x - x0, y - y0
    top = image[y0, x0] * (1 - a) + image[y0, x0 + 1] * a
    bottom = image[y0 + 1, x0] * (1 - a) + image[y0 + 1, x0 + 1] * a
    return top * (1 - b) + bottom * b


def see(reference, source, x, y, depth):
    """Pixel and depth in `source` of pixel (x, y) of `reference` at z-depth `depth`."""
    point = reference.camera.unproject(np.array([x, y], float), np.array(depth))
    world = reference.cam_from_world.inverse().apply(point)
    pixel, z = source.camera.project(source.cam_from_world.apply(world))
    return pixel[0], pixel[1], float(z)


def grey_of(image):
    """Grey values around 0."""
    return image.astype(float) @ np.array([0.299, 0.587, 0.114]) / 255 - 0.5


def zncc_cost(reference, sources, depth, radius, noise, best):
    """1 - mean of the best ZNCCs of windows warped by the depth map `[H, W]`."""
    height, width = depth.shape
    grey = np.pad(grey_of(reference.image), radius, mode="edge")
    scores = np.zeros((len(sources), height, width))
    for s, source in enumerate(sources):
        other = grey_of(source.image)
        warped = np.zeros((height, width))
        valid = np.zeros((height, width), bool)
        for y in range(height):
            for x in range(width):
                u, v, z = see(reference.view, source.view, x, y, depth[y, x])
                warped[y, x] = bilinear(other, u, v)
                valid[y, x] = z > 0 and 0 <= u <= other.shape[1] - 1 and 0 <= v <= other.shape[0] - 1
        warped = np.pad(warped, radius, mode="edge")
        for y in range(height):
            for x in range(width):
                window = np.s_[y : y + 2 * radius + 1, x : x + 2 * radius + 1]
                a, b = grey[window] - grey[window].mean(), warped[window] - warped[window].mean()
                score = (a * b).mean() / np.sqrt(((a * a).mean() + noise) * ((b * b).mean() + noise))
                scores[s, y, x] = score if valid[y, x] else 0
    return 1 - np.sort(scores, axis=0)[-best:].mean(0)


def agreement(reference, depth, other, other_depth, pixel_error, depth_error):
    """Which pixels lead through the other depth map back to themselves; `[H, W]` bool, and the errors in pixels."""
    height, width = depth.shape
    agrees, errors = np.zeros((height, width), bool), np.full((height, width), np.inf)
    rows, columns = other_depth.shape
    for y in range(height):
        for x in range(width):
            if depth[y, x] <= 0:
                continue
            u, v, z = see(reference, other, x, y, depth[y, x])
            if z <= 0 or not (0 <= u <= columns - 1 and 0 <= v <= rows - 1):
                continue
            x0, y0 = min(int(u), columns - 2), min(int(v), rows - 2)
            if (other_depth[y0 : y0 + 2, x0 : x0 + 2] <= 0).any():
                continue
            seen = 1 / bilinear(1 / other_depth, u, v)
            back_x, back_y, back_z = see(other, reference, u, v, seen)
            errors[y, x] = np.hypot(back_x - x, back_y - y)
            agrees[y, x] = errors[y, x] <= pixel_error and abs(back_z - depth[y, x]) <= depth_error * depth[y, x]
    return agrees, errors
