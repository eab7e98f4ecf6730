"""The page of all jobs: list, table, filter, and the verbs that apply to them."""
