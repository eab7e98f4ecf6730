"""The page of one job: how good it is, how long it takes, and what happened."""
