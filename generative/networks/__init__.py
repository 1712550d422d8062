"""Networks that predict noise, clean signal or residual. Pure torch; diffusers is imported when one of its networks is built."""
