"""The method table agrees with the methods of `JobService`."""

from __future__ import annotations

import inspect
import re

import pytest
from pydantic import ValidationError

from vestim_core.jobs.job_service import JobService
from vestim_core.protocol.method_table import METHODS, Method, Params

DAEMON_METHODS = {"hello", "daemon_status", "shutdown", "wait"}
for_all_methods = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


def test_table_contains_every_service_method() -> None:
    verbs = {
        name for name, member in vars(JobService).items() if inspect.isfunction(member) and not name.startswith("_")
    }
    assert set(METHODS) - DAEMON_METHODS == verbs - {"read_log"}, "read_log is read through wait"


@pytest.mark.parametrize("name", sorted(set(METHODS) - DAEMON_METHODS))
def test_parameters_equal_those_of_the_service(name: str) -> None:
    signature = inspect.signature(getattr(JobService, name))
    expected = [parameter for parameter in signature.parameters.values() if parameter.name != "self"]
    fields = METHODS[name].params.model_fields
    assert {parameter.name for parameter in expected} == set(fields)
    for parameter in expected:
        is_required = parameter.default is inspect.Parameter.empty
        assert is_required or not fields[parameter.name].is_required()
        if not is_required and not fields[parameter.name].is_required() and parameter.default is not None:
            assert fields[parameter.name].get_default(call_default_factory=True) == parameter.default


@for_all_methods
def test_unknown_parameter_is_rejected(method: Method) -> None:
    with pytest.raises(ValidationError):
        method.params.model_validate({"no_such_parameter": 1})
    assert issubclass(method.params, Params)


@for_all_methods
def test_route_parameters_are_defined(method: Method) -> None:
    assert method.route.startswith("/v1/")
    assert set(re.findall(r"{(\w+)}", method.route)) <= set(method.params.model_fields)
    assert method.reply_description
    if method.is_mutating:
        assert method.http_method in {"POST", "DELETE"}


def test_routes_are_distinct() -> None:
    routes = [(method.http_method, method.route) for method in METHODS.values()]
    assert len(set(routes)) == len(routes)
