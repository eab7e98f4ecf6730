"""The page of a new job: form, data files, drafts and start."""
