"""LinkThread: the only thread that uses the connection. No error in it ends it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from PyQt6.QtCore import QThread

from vestim_core.client import Channel
from vestim_core.spec.errors import VestimError
from vestim_gui.link.daemon_session import DaemonSession
from vestim_gui.link.link_state import LinkPhase, LinkState
from vestim_gui.link.thread_messages import (
    Call,
    Delivery,
    Inspect,
    LinkCommand,
    ReadFile,
    Reply,
)

POLL_MS = 50  # ms between looks for commands to refuse; arbitrary, any value from 10 to 200 works
log = logging.getLogger(__name__)


class LinkThread(QThread):
    """Owns the channel and the session. deliver: takes each delivery, in order, on this thread. backlog: number of
    deliveries that the window has not processed yet."""

    def __init__(
        self,
        make_channel: Callable[[], Channel],
        deliver: Callable[[Delivery], None],
        backlog: Callable[[], int] = lambda: 0,
    ) -> None:
        super().__init__()
        self._make_channel = make_channel
        self._deliver = deliver
        self._backlog = backlog
        self._commands: deque[LinkCommand] = deque()
        self._closing = False
        self._channel: Channel | None = None

    def post(self, command: LinkCommand) -> None:
        """Callable from any thread: have this command executed as soon as possible."""
        self._commands.append(command)
        if self._channel is not None:
            self._channel.wake()

    def close(self) -> None:
        """End the loop and wait for the thread."""
        self._closing = True
        if self._channel is not None:
            self._channel.wake()
        self.wait()

    def run(self) -> None:
        """Body of the thread."""
        try:
            self._channel = self._make_channel()
        except VestimError as error:
            self._refuse_commands(error)
            return
        try:
            session = DaemonSession(self._channel, self._deliver, self._backlog)
            while not self._closing:
                try:
                    while self._commands:
                        session.execute(self._commands.popleft())
                    session.step()
                except Exception:  # one malformed reply must not end the window's only connection
                    log.exception("the link to the service is in trouble: connecting anew")
                    session.drop_connection()
        finally:
            self._channel.close()

    def _refuse_commands(self, error: VestimError) -> None:
        """Without a home there is no daemon: answer every request with `error`."""
        self._deliver(LinkState(LinkPhase.STOPPED, message=f"The background service cannot be used: {error.message}"))
        while not self._closing:
            while self._commands:
                if isinstance(command := self._commands.popleft(), Call | Inspect | ReadFile):
                    self._deliver(Reply(command.token, error))
            self.msleep(POLL_MS)
