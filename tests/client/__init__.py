"""Tests of the client library against daemons that start, stop and die."""
