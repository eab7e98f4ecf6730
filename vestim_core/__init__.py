"""Vestim's core: trains and tests battery models, without the window.

The import contracts in setup.cfg define which of the packages below may import which. Importing this package loads
nothing.
"""

__version__ = "0.1.0"
