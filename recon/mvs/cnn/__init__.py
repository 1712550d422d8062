"""A light learned multi-view-stereo network: coarse-to-fine plane sweep over learned features."""
