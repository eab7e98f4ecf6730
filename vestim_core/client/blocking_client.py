"""Client, a blocking connection to the daemon of a home. Must not be shared between threads.

A call returns the daemon's result or raises one `VestimError`. If the daemon dies during a call, the next one is
started and the request sent again; a command keeps its id, so it is executed once. After a deliberate stop no daemon is
started, and the call raises with code `stopped`.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

from vestim_core.client.channel import Channel
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.system import Home

CALL_TIMEOUT_S = 30.0  # s; arbitrary, far above the time of any call that does not wait
_LIVENESS_CHECK_INTERVAL_S = 0.25
"""Time in s between two checks of a waiting call that the daemon still runs."""
_RECONNECT_DELAY_S = 0.01
"""Pause in s between a dead daemon and the next: libzmq takes a moment to release a socket."""


class Client:
    """`with Client() as client: client.call("list_jobs")`.

    home: None for the home named by VESTIM_HOME, else the user's default. start: start a daemon if none runs; otherwise
    a call raises with code `unreachable`. reply_timeout_s: timeout of a reply, in addition to the call's own
    `timeout_s`.
    """

    def __init__(
        self, home: Home | None = None, *, start: bool = True, reply_timeout_s: float = CALL_TIMEOUT_S
    ) -> None:
        self._channel = Channel(home)
        self.home = self._channel.home
        self._start = start
        self._patience_s = reply_timeout_s

    def call(self, method: str, *, command_id: str = "", **params: Any) -> Any:
        """Call a method of the protocol and return its result. Raises `VestimError` on failure.

        command_id: for a mutating method, if this repeats an earlier call.
        """
        request_id = self._channel.send(method, params, command_id or None)
        try:
            answer = self._wait_for_result(request_id, self._patience_s + float(params.get("timeout_s", 0.0)))
        except BaseException:
            self._channel.forget(request_id)
            self._channel.disconnect()  # no caller is left for pending replies
            raise
        if isinstance(answer, VestimError):
            raise answer
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait_for_result(self, request_id: bytes, timeout_s: float) -> Any:
        """Wait for the result or error, from the next daemon if this one dies."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            if not self._channel.is_connected:
                self._channel.connect(start=self._start)
            if (reply := self._wait_for_reply(request_id, deadline_s)) is not None:
                return reply[1]
            self._channel.disconnect()
            time.sleep(_RECONNECT_DELAY_S)
            if time.monotonic() > deadline_s:
                raise VestimError(
                    ErrorCode.UNREACHABLE, f"the daemon vanishes whenever it is asked: see {self.home.daemon_log}"
                )

    def _wait_for_reply(self, request_id: bytes, deadline_s: float) -> tuple[bytes, Any] | None:
        """Wait for the reply to one request, with its id; None if the daemon has died."""
        while True:
            answers = self._channel.receive(_LIVENESS_CHECK_INTERVAL_S)
            if (reply := next((answer for answer in answers if answer[0] == request_id), None)) is not None:
                return reply
            if not self._channel.is_alive():
                return None
            if time.monotonic() > deadline_s:
                raise VestimError(ErrorCode.UNREACHABLE, f"the daemon does not answer: see {self.home.daemon_log}")
