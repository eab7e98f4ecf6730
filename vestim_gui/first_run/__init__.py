"""First run: the empty state before the first job, the demo, and notes shown once."""
