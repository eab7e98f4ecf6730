"""The client library against daemons that come and go."""
