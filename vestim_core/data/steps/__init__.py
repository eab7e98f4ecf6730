"""The preparation steps, one a file: pure functions over arrays, each what one class of `spec.preparation` means."""
