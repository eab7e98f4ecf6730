"""From cycler files to model inputs: readers, preparation pipeline, prepared arrays, demo. Imports `spec` only."""
