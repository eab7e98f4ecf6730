"""What is shown to somebody who has no job yet, and to somebody who sees a job for the first time."""
