"""Tests of vestim_core.cli: the words it prints, and the program itself as a process."""
