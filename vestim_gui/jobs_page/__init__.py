"""The page of all jobs: list, table, filter and the verbs that go with them."""
