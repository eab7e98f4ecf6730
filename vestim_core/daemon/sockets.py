"""The daemon's sockets: CURVE and an allow-list of keys on each.

`ZAP_ENFORCE_DOMAIN` makes libzmq refuse every new connection when no authenticator answers, so a dead one locks
everybody out instead of letting everybody in.
"""

from __future__ import annotations

import hmac

import zmq
from zmq.auth.thread import ThreadAuthenticator

from vestim_core.protocol.message_limits import MAX_DOORBELL_BYTES, MAX_PENDING_REQUESTS, MAX_REQUEST_BYTES
from vestim_core.system import Endpoints, Home
from vestim_core.system.keys import KeyName, KeyPair, key_pair

MAX_QUEUED = 2 * MAX_PENDING_REQUESTS
"""Most messages queued for one peer in each direction, so that one that does not read its replies cannot fill our
memory: twice what a client may have in flight, as libzmq learns of read messages in steps of half of this."""
CLIENTS, DOORBELL = "clients", "doorbell"
_ALLOWED_PEERS: dict[str, KeyName] = {CLIENTS: "client", DOORBELL: "worker"}


class AllowedKey:
    """The one public key allowed on a domain; queried by the authenticator."""

    def __init__(self, public: bytes) -> None:
        self._public = public

    def callback(self, domain: str, key: bytes) -> bool:
        """True when the owner of `key` (Z85) may connect."""
        return hmac.compare_digest(key, self._public)


class Sockets:
    """Owns the clients' ROUTER, the doorbell's PULL and the authenticator; bound on creation, closed by `close`."""

    def __init__(self, home: Home, endpoints: Endpoints) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        server = key_pair(home, "daemon")
        self.server_key = server.public
        self.authenticator = ThreadAuthenticator(self.context)
        self.authenticator.start()
        for domain, name in _ALLOWED_PEERS.items():
            provider = AllowedKey(key_pair(home, name).public)
            self.authenticator.configure_curve_callback(domain=domain, credentials_provider=provider)
        self.clients = self._bind(zmq.ROUTER, CLIENTS, endpoints.clients, server, MAX_REQUEST_BYTES)
        self.clients.router_mandatory = True
        self.doorbell = self._bind(zmq.PULL, DOORBELL, endpoints.doorbell, server, MAX_DOORBELL_BYTES)

    def send(self, client: bytes, raw: bytes) -> None:
        """Send to a client without waiting.

        Raises `zmq.Again` when it has left its earlier replies unread, `zmq.ZMQError` with `EHOSTUNREACH` when it has
        gone.
        """
        try:
            self.clients.send_multipart([client, raw], zmq.DONTWAIT)
        except zmq.Again:
            self.clients.getsockopt(zmq.EVENTS)  # makes libzmq notice replies that were read meanwhile
            self.clients.send_multipart([client, raw], zmq.DONTWAIT)

    def close(self) -> None:
        """Unbind and close everything; messages already sent get a moment to leave."""
        self.clients.close(linger=500)
        self.doorbell.close(linger=0)
        self.authenticator.stop()
        self.context.term()

    def _bind(self, kind: int, domain: str, endpoint: str, server: KeyPair, limit: int) -> zmq.Socket[bytes]:
        socket = self.context.socket(kind)
        socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
        socket.zap_domain = domain.encode()
        socket.curve_server = True
        socket.curve_publickey, socket.curve_secretkey = server.public, server.secret
        socket.maxmsgsize = limit
        socket.set_hwm(MAX_QUEUED)
        socket.bind(endpoint)
        return socket


def endpoint_of(socket: zmq.Socket[bytes]) -> str:
    """Endpoint to which a socket is bound, with the port that the system chose."""
    return socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")
