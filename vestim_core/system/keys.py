"""CURVE keys of a home: created once, readable by their owner only, shared by all processes of the home.

There are three key pairs: of the daemon, of the clients, and of the workers, which gives access to the doorbell only.
Two processes that create a key at the same time end up with the same key.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

import zmq

from vestim_core.system.home import Home, HomeError

KeyName = Literal["daemon", "client", "worker"]


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A CURVE key pair; each key has 40 characters in Z85 encoding."""

    public: bytes
    secret: bytes


def key_pair(home: Home, name: KeyName) -> KeyPair:
    """Return the key pair `name`, created if missing. Raises `HomeError` if the file is damaged or open to others."""
    path = home.keys / f"{name}.key"
    if not path.exists():
        public, secret = zmq.curve_keypair()
        draft = home.keys / f".{name}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(public + b"\n" + secret + b"\n")
        try:
            os.link(draft, path)  # unlike a rename, this never replaces keys that another process has just created
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    if os.name != "nt" and path.stat().st_mode & 0o077:
        raise HomeError(f"The key {path} can be read by other users; close it with chmod 600.")
    lines = path.read_bytes().split()
    if len(lines) != 2 or any(len(line) != 40 for line in lines):
        raise HomeError(f"The key {path} is damaged; stop the daemon, remove the file and start again.")
    return KeyPair(lines[0], lines[1])
