"""Tests of vestim_core.system, with real processes, real locks and real files."""
