"""Noise schedules, which levels a sampler visits, and RDDM's two coefficient schedules. All in float64."""

from generative.schedules.noise import Level, NoiseSchedule, cosine, from_betas, linear
from generative.schedules.residual import ResidualLevel, ResidualSchedule, as_noise_schedule, as_residual_schedule, power
from generative.schedules.subsequence import below, pairs, quadratic, severities, time_travel, trailing, uniform
from generative.schedules.variance_exploding import geometric_sigmas, karras_sigmas, ve_steps

__all__ = [
    "Level",
    "NoiseSchedule",
    "ResidualLevel",
    "ResidualSchedule",
    "as_noise_schedule",
    "as_residual_schedule",
    "below",
    "cosine",
    "from_betas",
    "geometric_sigmas",
    "karras_sigmas",
    "linear",
    "pairs",
    "power",
    "quadratic",
    "severities",
    "time_travel",
    "trailing",
    "uniform",
    "ve_steps",
]
