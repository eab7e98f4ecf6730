"""Import of PyBattML jobs and settings, read as data: no pickle is ever opened, and everything left out is reported."""
