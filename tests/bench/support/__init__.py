"""What the benches share: data, runs of the pipeline, tables."""
