"""The models: networks in torch, one file per kind, and the equivalent circuit, which needs no torch.

Importing the package loads nothing, so that a worker that only fits the circuit does not load torch.
"""
