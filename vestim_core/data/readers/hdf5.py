"""MAT files of version 7.3, which are HDF5, read into the same dictionaries of arrays as version 5.

Vectors have shape (N,). Anything other than an array of numbers (cells, opaque objects, text) becomes None, so that it
can be reported by name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

_MATLAB_GROUP_PREFIX = "#"
"""Prefix of the names of MATLAB's internal groups."""


def load_hdf5(path: Path) -> dict[str, Any]:
    """Read the file's variables: arrays, and structs as dictionaries."""
    with h5py.File(path, "r") as file:
        return _read_group(file)


def _read_group(group: h5py.Group) -> dict[str, Any]:
    """Read a group. Soft links and links to other files are not followed."""
    content: dict[str, Any] = {}
    for name in group:
        if name.startswith(_MATLAB_GROUP_PREFIX) or not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        item = group[name]
        if isinstance(item, h5py.Dataset):
            content[name] = _read_array(item)
        elif isinstance(item, h5py.Group) and group.name == "/":
            content[name] = _read_group(item)
        else:
            content[name] = None
    return content


def _read_array(data: h5py.Dataset) -> Any:
    """Read the numbers of a dataset; None for text, references and data stored in another file."""
    matlab_class = data.attrs.get("MATLAB_class", b"double")
    is_text = matlab_class in (b"char", b"cell", "char", "cell")
    if (
        data.dtype.kind not in "biuf"
        or is_text
        or data.external
        or data.is_virtual
        or data.attrs.get("MATLAB_empty", 0)
    ):
        return None
    if data.size * data.dtype.itemsize > max(data.id.get_storage_size(), 1) * _MAX_COMPRESSION_RATIO:
        raise ValueError("more numbers than the file has room for")
    return np.squeeze(data[()])


_MAX_COMPRESSION_RATIO = 2000
"""Deflate compresses to a thousandth at best, so a dataset that claims a larger ratio is forged."""
