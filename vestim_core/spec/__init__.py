"""The vocabulary of Vestim: specs, states, events, findings and errors. Imports pydantic and nothing of ours."""
