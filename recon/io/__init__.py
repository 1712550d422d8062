"""One reader or writer a file; `formats` maps suffixes to them."""
