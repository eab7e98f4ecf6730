"""The table of methods and those who carry them out say the same."""

from __future__ import annotations

import inspect
import re

import pytest
from pydantic import ValidationError

from vestim_core.jobs.service import JobService
from vestim_core.protocol.methods import METHODS, Method, Params

OF_THE_DAEMON = {"hello", "daemon_status", "shutdown", "wait"}
ALL = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


def test_every_verb_is_in_the_table_or_belongs_to_the_daemon() -> None:
    verbs = {
        name for name, member in vars(JobService).items() if inspect.isfunction(member) and not name.startswith("_")
    }
    assert set(METHODS) - OF_THE_DAEMON == verbs - {"read_log"}, "read_log is read through wait"


@pytest.mark.parametrize("name", sorted(set(METHODS) - OF_THE_DAEMON))
def test_parameters_are_those_of_the_verb(name: str) -> None:
    signature = inspect.signature(getattr(JobService, name))
    expected = [parameter for parameter in signature.parameters.values() if parameter.name != "self"]
    fields = METHODS[name].params.model_fields
    assert {parameter.name for parameter in expected} == set(fields)
    for parameter in expected:
        needed = parameter.default is inspect.Parameter.empty
        assert needed or not fields[parameter.name].is_required()
        if not needed and not fields[parameter.name].is_required() and parameter.default is not None:
            assert fields[parameter.name].get_default(call_default_factory=True) == parameter.default


@ALL
def test_an_unknown_parameter_is_refused(method: Method) -> None:
    with pytest.raises(ValidationError):
        method.params.model_validate({"no_such_parameter": 1})
    assert issubclass(method.params, Params)


@ALL
def test_routes_carry_their_parameters(method: Method) -> None:
    assert method.route.startswith("/v1/")
    assert set(re.findall(r"{(\w+)}", method.route)) <= set(method.params.model_fields)
    assert method.answer
    if method.mutating:
        assert method.verb in {"POST", "DELETE"}


def test_routes_are_distinct() -> None:
    routes = [(method.verb, method.route) for method in METHODS.values()]
    assert len(set(routes)) == len(routes)
