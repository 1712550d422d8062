"""Finding and loading priors: shipped ones, a user's own, any unconditional checkpoint folder of diffusers."""
