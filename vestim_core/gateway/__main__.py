"""Process of the gateway: `python -m vestim_core.gateway [--port N] [--show-token]`.

It listens on 127.0.0.1 only. Ends with 0 after Ctrl+C, else with one sentence and the error's exit code.
"""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Sequence

from vestim_core.client import Client
from vestim_core.gateway.rest_token import load_or_create_token
from vestim_core.spec.errors import VestimError, refused

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8001  # TCP port of PyBattML's server, so that scripts written for it connect


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="vestim serve")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--show-token", action="store_true")
    options = parser.parse_args(arguments)
    try:
        client = Client()
        client.home.ensure()
        token = load_or_create_token(client.home.keys)
        if options.show_token:
            print(token)
            return 0
        return _serve(client, token, options.port)
    except KeyboardInterrupt:
        return 0
    except VestimError as error:
        print(f"vestim serve: {error.message}", file=sys.stderr)
        return error.code.exit_code
    except OSError as error:  # the message of an unusable home is one sentence
        print(f"vestim serve: {error}", file=sys.stderr)
        return 2


def _serve(client: Client, token: str, port: int) -> int:
    listener = _open_listener(port)
    client.call("hello")  # starts the daemon when none runs
    import uvicorn  # slow to import, so only after the checks that can fail

    from vestim_core.gateway.app import create_app
    from vestim_core.gateway.client_pool import ClientPool

    port = listener.getsockname()[1]
    pool = ClientPool(client)
    config = uvicorn.Config(
        create_app(pool, token, port), log_level="warning", access_log=False, server_header=False, lifespan="off"
    )
    print(f"REST on http://{LOOPBACK}:{port}/v1; 'vestim serve --show-token' prints the token.")
    print("Ctrl+C ends this, not the jobs.", flush=True)
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        pool.close()
    return 0


def _open_listener(port: int) -> socket.socket:
    # asyncio sets TCP_NODELAY only on sockets with an explicit TCP protocol; without it small answers wait 40 ms
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        message = f"port {port} of {LOOPBACK} cannot be used ({error}): name another with --port"
        raise refused(message, location="port") from None
    return listener


if __name__ == "__main__":
    sys.exit(main())
