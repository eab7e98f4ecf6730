"""LinkThread: the one thread that owns the connection. What goes wrong in it never ends it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from PyQt6.QtCore import QThread

from vestim_core.client import Channel
from vestim_core.spec.errors import VestimError
from vestim_gui.link.daemon_session import Conversation
from vestim_gui.link.thread_messages import (
    Answer,
    Call,
    Delivery,
    Inspect,
    Order,
    ReadFile,
)
from vestim_gui.link.link_state import LinkPhase, LinkState

REFUSE_MS = 50
log = logging.getLogger(__name__)


class LinkThread(QThread):
    """deliver: takes each delivery, in order, in this thread. backlog: how many of them are not taken in yet."""

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
        self._orders: deque[Order] = deque()
        self._closing = False
        self._channel: Channel | None = None

    def post(self, order: Order) -> None:
        """For any thread: have this done as soon as possible."""
        self._orders.append(order)
        if self._channel is not None:
            self._channel.wake()

    def close(self) -> None:
        """End the loop and wait for its end."""
        self._closing = True
        if self._channel is not None:
            self._channel.wake()
        self.wait()

    def run(self) -> None:
        """The thread's life."""
        try:
            self._channel = self._make_channel()
        except VestimError as error:
            self._refuse(error)
            return
        try:
            conversation = Conversation(self._channel, self._deliver, self._backlog)
            while not self._closing:
                try:
                    while self._orders:
                        conversation.take(self._orders.popleft())
                    conversation.step()
                except Exception:  # one odd answer must not end the window's only connection
                    log.exception("the link to the service is in trouble: connecting anew")
                    conversation.lose()
        finally:
            self._channel.close()

    def _refuse(self, error: VestimError) -> None:
        """Without a home there is no service: say so to whoever asks."""
        self._deliver(LinkState(LinkPhase.STOPPED, sentence=f"The background service cannot be used: {error.sentence}"))
        while not self._closing:
            while self._orders:
                if isinstance(order := self._orders.popleft(), Call | Inspect | ReadFile):
                    self._deliver(Answer(order.token, error))
            self.msleep(REFUSE_MS)
