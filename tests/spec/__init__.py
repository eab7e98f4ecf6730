"""Tests of the specs and their validation errors."""
