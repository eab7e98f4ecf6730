"""The gateway's process: `python -m vestim_core.gateway [--port N] [--show-token]`.

It listens on 127.0.0.1 and nowhere else. Ends with 0 when told to, else with one sentence and the error's exit code.
"""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Sequence

from vestim_core.client import Client
from vestim_core.gateway.rest_token import token_of
from vestim_core.spec.errors import VestimError, refused

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8001


def main(words: Sequence[str] | None = None) -> int:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="vestim serve")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--show-token", action="store_true")
    asked = parser.parse_args(words)
    try:
        client = Client()
        client.home.ensure()
        token = token_of(client.home.keys)
        if asked.show_token:
            print(token)
            return 0
        return _serve(client, token, asked.port)
    except KeyboardInterrupt:
        return 0
    except VestimError as error:
        print(f"vestim serve: {error.sentence}", file=sys.stderr)
        return error.code.exit_code
    except OSError as error:  # a home that cannot be used says so in one sentence
        print(f"vestim serve: {error}", file=sys.stderr)
        return 2


def _serve(client: Client, token: str, port: int) -> int:
    listening = _listen(port)
    client.call("hello")  # starts the daemon when none runs
    import uvicorn  # after what can be refused without it

    from vestim_core.gateway.app import create_app
    from vestim_core.gateway.client_pool import Bridge

    port = listening.getsockname()[1]
    bridge = Bridge(client)
    config = uvicorn.Config(
        create_app(bridge, token, port), log_level="warning", access_log=False, server_header=False, lifespan="off"
    )
    print(f"REST on http://{LOOPBACK}:{port}/v1; 'vestim serve --show-token' prints the token.")
    print("Ctrl+C ends this, not the jobs.", flush=True)
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        bridge.close()
    return 0


def _listen(port: int) -> socket.socket:
    # asyncio sends small answers at once only on sockets that say that they are TCP; else each waits 40 ms
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        sentence = f"port {port} of {LOOPBACK} cannot be used ({error}): name another with --port"
        raise refused(sentence, place="port") from None
    return listening


if __name__ == "__main__":
    sys.exit(main())
