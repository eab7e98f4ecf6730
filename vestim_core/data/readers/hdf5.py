"""MAT files of version 7.3 are HDF5: read into the same dictionaries of arrays that version 5 gives.

Vectors come as (N,). What is no array of numbers (cells, opaque objects, text) comes as None, so that it can be named.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

_OWN = "#"
"""Names of MATLAB's own groups begin so."""


def load_hdf5(path: Path) -> dict[str, Any]:
    """The variables of the file: arrays, and structs as dictionaries."""
    with h5py.File(path, "r") as file:
        return _group(file)


def _group(group: h5py.Group) -> dict[str, Any]:
    """Links to other files and soft links are not followed."""
    content: dict[str, Any] = {}
    for name in group:
        if name.startswith(_OWN) or not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        item = group[name]
        if isinstance(item, h5py.Dataset):
            content[name] = _array(item)
        elif isinstance(item, h5py.Group) and group.name == "/":
            content[name] = _group(item)
        else:
            content[name] = None
    return content


def _array(data: h5py.Dataset) -> Any:
    """The numbers of a dataset; None for text, references and whatever lies in another file."""
    kind = data.attrs.get("MATLAB_class", b"double")
    text = kind in (b"char", b"cell", "char", "cell")
    if data.dtype.kind not in "biuf" or text or data.external or data.is_virtual or data.attrs.get("MATLAB_empty", 0):
        return None
    if data.size * data.dtype.itemsize > max(data.id.get_storage_size(), 1) * _MOST_PACKED:
        raise ValueError("more numbers than the file has room for")
    return np.squeeze(data[()])


_MOST_PACKED = 2000
"""Deflate packs bytes to a thousandth at best; a dataset that claims more than this holds nothing."""
