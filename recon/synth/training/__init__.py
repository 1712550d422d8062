"""Training data: view sets of random scenes as shards. `python -m recon.synth.training --help`."""
