"""The token that opens the gateway: made once per home, readable by its owner alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from vestim_core.spec.errors import wrong_input

TOKEN_BYTES = 32


def token_of(keys: Path) -> str:
    """The token that lies in the folder `keys`; made when there is none. `VestimError` when others can read it, or when
    it is damaged."""
    path = keys / "rest.token"
    if not path.exists():
        draft = keys / f".rest.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(TOKEN_BYTES) + "\n")
        try:
            os.link(draft, path)  # unlike a rename, this never replaces a token that another process just made
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    if os.name != "nt" and path.stat().st_mode & 0o077:
        raise wrong_input(f"the token {path} can be read by other users: close it with chmod 600", place=str(path))
    token = path.read_text(encoding="ascii", errors="replace").strip()
    if len(token) < TOKEN_BYTES or not token.isascii():
        raise wrong_input(f"the token {path} is damaged: remove the file, the next start makes one", place=str(path))
    return token
