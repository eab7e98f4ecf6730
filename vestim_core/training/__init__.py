"""Training: from a trial and prepared data to the weights that are best on the validation files.

A library: it reports through callbacks that it is given, asks a callable what the user wants, and knows neither
processes nor sockets. Importing the package loads nothing.
"""
