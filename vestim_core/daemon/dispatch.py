"""From a request to a reply: the method's own parameters, each mutating command at most once, every failure one
sentence."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from vestim_core.jobs.database import cannot_be_written
from vestim_core.jobs.service import JobService
from vestim_core.protocol.codec import encode
from vestim_core.protocol.limits import OLDEST_PROTOCOL, PROTOCOL_VERSION
from vestim_core.protocol.messages import Reply, Request
from vestim_core.protocol.methods import METHODS, Method, Params
from vestim_core.spec.errors import ErrorCode, VestimError, not_found, refused, wrong_input
from vestim_core.spec.job import spec_error
from vestim_core.system.failpoints import failpoint

log = logging.getLogger(__name__)


class Dispatcher:
    """Knows which verb answers which method. `own` are methods that the daemon answers itself."""

    def __init__(self, service: JobService, own: Mapping[str, Callable[[Params], Any]]) -> None:
        self._service = service
        self._own = own

    def answer(self, request: Request) -> Reply:
        """The reply to `request`; never raises."""
        try:
            method, params = checked(request)
            return Reply(request.request_id, self._carry_out(request, method, params))
        except VestimError as error:
            return Reply(request.request_id, error=error)
        except Exception as error:
            if cannot_be_written(error):
                log.warning("%s: %s", request.method, error)
                sentence = f"nothing was changed, since the registry cannot be written ({error}): make room on the disk"
                return Reply(request.request_id, error=VestimError(ErrorCode.FAILED, sentence))
            log.exception("%s failed", request.method)
            sentence = (
                f"the daemon could not carry out '{request.method}' ({type(error).__name__}: {error}): see its log"
            )
            return Reply(
                request.request_id, error=VestimError(ErrorCode.FAILED, sentence, actions=("vestim daemon logs",))
            )

    def _carry_out(self, request: Request, method: Method, params: Params) -> Any:
        if method.name in self._own:
            return self._own[method.name](params)
        verb = getattr(self._service, method.name)
        arguments = {name: getattr(params, name) for name in type(params).model_fields}
        if not method.mutating:
            return verb(**arguments)
        registry = self._service.manager.registry
        digest = hashlib.sha256(encode([method.name, request.params])).hexdigest()
        known = registry.answer_of(request.command_id)
        if known is not None:
            if known[0] != digest:
                raise refused(
                    "this command id was used for another command: give each command its own", place="command"
                )
            return known[1]
        with self._service.manager.unit():
            result = verb(**arguments)
            registry.keep_answer(request.command_id, digest, result)
            failpoint("command.done")
        failpoint("command.committed")
        return result


def checked(request: Request) -> tuple[Method, Params]:
    """The method and its valid parameters; `VestimError` says what is wrong with either."""
    if not OLDEST_PROTOCOL <= request.protocol <= PROTOCOL_VERSION:
        raise VestimError(
            ErrorCode.VERSION,
            f"this daemon speaks protocol {OLDEST_PROTOCOL} to {PROTOCOL_VERSION}, not {request.protocol}: "
            f"use one version of Vestim",
        )
    method = METHODS.get(request.method)
    if method is None:
        raise not_found(f"there is no method '{request.method}'", place="method")
    if method.mutating and not request.command_id:
        raise wrong_input(f"'{request.method}' changes something and needs a command id", place="command")
    try:
        return method, method.params.model_validate(request.params)
    except ValidationError as error:
        raise spec_error(error) from None
