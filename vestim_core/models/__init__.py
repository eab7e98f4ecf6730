"""The models: networks in torch, one file a kind, and the equivalent circuit, which needs no torch.

Importing the package loads nothing: a worker that only fits the circuit never pays for torch.
"""
