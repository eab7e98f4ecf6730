"""From a cycler's file to a model's inputs: readers, preparation pipeline, prepared arrays, demo. Imports spec only."""
