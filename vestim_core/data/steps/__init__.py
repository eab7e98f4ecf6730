"""The preparation steps, one per file: pure functions over arrays, each for one class of `spec.preparation`."""
