"""The page where a job is put together: a form made from the spec, data, presets, drafts, and what it amounts to."""
