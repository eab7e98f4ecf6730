"""What the window knows of the service: rows of jobs, histories of jobs, and how they are found and shown."""
