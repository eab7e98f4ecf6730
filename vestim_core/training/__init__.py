"""Train one trial on prepared data and return the weights with the smallest validation error.

A library: it reports through callbacks, reads the user's intent from a callable, and knows neither processes nor
sockets. Importing the package loads no other module.
"""
