"""Diffusion and GAN priors over images and point clouds."""
