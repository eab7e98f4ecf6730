"""The token that grants access to the gateway: created once per home, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from vestim_core.spec.errors import wrong_input

TOKEN_BYTES = 32  # 256 random bits, which the documentation of `secrets` calls sufficient


def load_or_create_token(keys: Path) -> str:
    """Token stored in the folder `keys`, created if missing. Raises `VestimError` when others can read it or it is
    damaged.
    """
    path = keys / "rest.token"
    if not path.exists():
        draft_path = keys / f".rest.{os.getpid()}"
        descriptor = os.open(draft_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(TOKEN_BYTES) + "\n")
        try:
            os.link(
                draft_path, path
            )  # unlike a rename, this never replaces a token that another process has just created
        except FileExistsError:
            pass
        finally:
            draft_path.unlink()
    if os.name != "nt" and path.stat().st_mode & 0o077:
        raise wrong_input(f"the token {path} can be read by other users: close it with chmod 600", location=str(path))
    token = path.read_text(encoding="ascii", errors="replace").strip()
    if len(token) < TOKEN_BYTES or not token.isascii():
        raise wrong_input(f"the token {path} is damaged: remove the file, the next start makes one", location=str(path))
    return token
