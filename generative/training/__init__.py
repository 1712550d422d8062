"""Training of priors on `recon.learning`'s loop: tasks, losses, and the degraded pictures they learn from."""
