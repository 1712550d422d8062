"""Diffusion and GAN priors over images and point clouds."""

import recon  # noqa: F401  (before torch: it settles how threads wait)
