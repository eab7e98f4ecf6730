"""Benchmarks of quantities that the project promises; each module measures with `run()`."""
