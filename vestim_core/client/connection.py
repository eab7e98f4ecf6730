"""Client: one connection to the daemon of a home. Not to be shared between threads.

A call either gives the daemon's answer or raises one `VestimError`. When the daemon vanishes in mid-call the next one
is started and the same request sent again; a command keeps its id, so it is carried out once. After a deliberate stop
no daemon is started: the call raises with code `stopped`.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

from vestim_core.client.channel import Channel
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.system import Home

CALL_TIMEOUT_S = 30.0
LOOK_S = 0.25
"""How often a waiting call looks whether the daemon still lives."""
BREATH_S = 0.01
"""Between a daemon that vanished and the next: libzmq takes a moment to let a socket go."""


class Client:
    """`with Client() as client: client.call("list_jobs")`.

    home: None for the one that VESTIM_HOME names, else the user's. start: whether a daemon is started when none lives;
    without it a call raises with code `unreachable`. patience_s: how long a daemon may take to answer a call, beside
    what the call itself says that it waits.
    """

    def __init__(self, home: Home | None = None, *, start: bool = True, patience_s: float = CALL_TIMEOUT_S) -> None:
        self._channel = Channel(home)
        self.home = self._channel.home
        self._start = start
        self._patience_s = patience_s

    def call(self, method: str, *, command_id: str = "", **params: Any) -> Any:
        """The result of a method of the protocol's table. `VestimError` says what went wrong in one sentence.

        command_id: for a mutating method, given when this is a repetition of an earlier call.
        """
        request_id = self._channel.send(method, params, command_id or None)
        try:
            answer = self._answer(request_id, self._patience_s + float(params.get("timeout_s", 0.0)))
        except BaseException:
            self._channel.forget(request_id)
            self._channel.disconnect()  # what is on its way belongs to nobody any more
            raise
        if isinstance(answer, VestimError):
            raise answer
        return answer

    def close(self) -> None:
        """Let the connection go."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, request_id: bytes, timeout_s: float) -> Any:
        """What the daemon answers, or the next one when it vanishes."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            if not self._channel.connected:
                self._channel.connect(start=self._start)
            if (reply := self._reply(request_id, deadline_s)) is not None:
                return reply[1]
            self._channel.disconnect()
            time.sleep(BREATH_S)
            if time.monotonic() > deadline_s:
                raise VestimError(
                    ErrorCode.UNREACHABLE, f"the daemon vanishes whenever it is asked: see {self.home.daemon_log}"
                )

    def _reply(self, request_id: bytes, deadline_s: float) -> tuple[bytes, Any] | None:
        """The answer to one request, with its id; None when the daemon that was asked lives no more."""
        while True:
            answers = self._channel.receive(LOOK_S)
            if (reply := next((answer for answer in answers if answer[0] == request_id), None)) is not None:
                return reply
            if not self._channel.alive():
                return None
            if time.monotonic() > deadline_s:
                raise VestimError(ErrorCode.UNREACHABLE, f"the daemon does not answer: see {self.home.daemon_log}")
