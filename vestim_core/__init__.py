"""Vestim's core: everything that trains and tests battery models, without the window.

The rooms below this package and the arrows between them are held by the import contracts in setup.cfg. Importing the
package itself loads nothing.
"""

__version__ = "0.1.0"
