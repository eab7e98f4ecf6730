"""Tests of vestim_core.cli: its printed text, and the program as a process."""
