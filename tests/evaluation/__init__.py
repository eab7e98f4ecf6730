"""Tests of vestim_core.evaluation."""
