"""Jobs: their containers and managers, the registry that stores them, and the pure rules for their state changes."""
