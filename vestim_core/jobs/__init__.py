"""Jobs: containers, their managers, the registry that keeps them, and the pure rules by which they move."""
