"""Evaluation: predictions of prepared files, their errors in physical units, and the files that hold both.

Training validates with the same functions that testing uses, so their figures agree bit for bit. Only `inference` needs
torch; importing the package loads nothing.
"""
