"""Tests of vestim_core.training."""
