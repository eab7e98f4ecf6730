"""Tests of vestim_core.models."""
