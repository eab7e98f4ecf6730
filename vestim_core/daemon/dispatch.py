"""Dispatch a request to its method.

Parameters are validated, each mutating command runs at most once, and every failure becomes one message.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from vestim_core.jobs.database import is_disk_failure
from vestim_core.jobs.job_service import JobService
from vestim_core.protocol.codec import encode
from vestim_core.protocol.message_limits import OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION
from vestim_core.protocol.messages import Reply, Request
from vestim_core.protocol.method_table import METHODS, Method, Params
from vestim_core.spec.errors import ErrorCode, VestimError, not_found, refused, wrong_input
from vestim_core.spec.job import to_vestim_error
from vestim_core.system.failpoints import failpoint

log = logging.getLogger(__name__)


class Dispatcher:
    """Maps each method to the service's or, for `daemon_methods`, to the daemon's own operation."""

    def __init__(self, service: JobService, daemon_methods: Mapping[str, Callable[[Params], Any]]) -> None:
        self._service = service
        self._daemon_methods = daemon_methods

    def answer(self, request: Request) -> Reply:
        """Return the reply to `request`; never raises."""
        try:
            method, params = parse_request(request)
            return Reply(request.request_id, self._carry_out(request, method, params))
        except VestimError as error:
            return Reply(request.request_id, error=error)
        except Exception as error:
            if is_disk_failure(error):
                log.warning("%s: %s", request.method, error)
                message = f"nothing was changed, since the registry cannot be written ({error}): make room on the disk"
                return Reply(request.request_id, error=VestimError(ErrorCode.FAILED, message))
            log.exception("%s failed", request.method)
            message = (
                f"the daemon could not carry out '{request.method}' ({type(error).__name__}: {error}): see its log"
            )
            return Reply(
                request.request_id, error=VestimError(ErrorCode.FAILED, message, actions=("vestim daemon logs",))
            )

    def _carry_out(self, request: Request, method: Method, params: Params) -> Any:
        if method.name in self._daemon_methods:
            return self._daemon_methods[method.name](params)
        operation = getattr(self._service, method.name)
        arguments = {name: getattr(params, name) for name in type(params).model_fields}
        if not method.is_mutating:
            return operation(**arguments)
        registry = self._service.manager.registry
        digest = hashlib.sha256(encode([method.name, request.params])).hexdigest()
        stored_answer = registry.find_answer(request.command_id)
        if stored_answer is not None:
            if stored_answer[0] != digest:
                raise refused(
                    "this command id was used for another command: give each command its own", location="command"
                )
            return stored_answer[1]
        with self._service.manager.unit_of_work():
            result = operation(**arguments)
            registry.save_answer(request.command_id, digest, result)
            failpoint("command.done")
        failpoint("command.committed")
        return result


def parse_request(request: Request) -> tuple[Method, Params]:
    """Return the method and its valid parameters; raises `VestimError` when either is invalid."""
    if not OLDEST_PROTOCOL_VERSION <= request.protocol <= PROTOCOL_VERSION:
        raise VestimError(
            ErrorCode.VERSION,
            f"this daemon speaks protocol {OLDEST_PROTOCOL_VERSION} to {PROTOCOL_VERSION}, not {request.protocol}: "
            f"use one version of Vestim",
        )
    method = METHODS.get(request.method)
    if method is None:
        raise not_found(f"there is no method '{request.method}'", location="method")
    if method.is_mutating and not request.command_id:
        raise wrong_input(f"'{request.method}' changes something and needs a command id", location="command")
    try:
        return method, method.params.model_validate(request.params)
    except ValidationError as error:
        raise to_vestim_error(error) from None
