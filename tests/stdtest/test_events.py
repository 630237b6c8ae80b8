"""Outcomes are read from events, and compared by the tests that real Go passes."""

from __future__ import annotations

from tools.stdtest.events import Comparison, read_outcome

REAL = """{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p","Test":"TestB/sub","Elapsed":0}
{"Action":"pass","Package":"p","Test":"TestB","Elapsed":0}
{"Action":"skip","Package":"p","Test":"TestC","Elapsed":0}
{"Action":"fail","Package":"p","Test":"TestD","Elapsed":0}
{"Action":"pass","Package":"p","Elapsed":2.0}
"""
OURS = """{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p","Test":"TestD","Elapsed":0}
{"Action":"output","Package":"p","Test":"TestB/sub","Output":"deep\\n"}
{"Action":"output","Package":"p","Output":"fatal error: x\\n"}
{"Action":"fail","Package":"p","Elapsed":1.0}
"""


def test_a_test_that_only_real_go_passes_is_named() -> None:
    compared = Comparison("p", read_outcome(REAL.splitlines()), read_outcome(OURS.splitlines()))
    assert compared.passing == ["TestA", "TestB"]
    assert compared.both == ["TestA"]
    assert compared.ours_fail == ["TestB"]
    assert compared.real_fail == ["TestD"]
    assert (compared.ours.tests["TestB"], compared.ours.output["TestB"], compared.ours.reason) == ("lost", "deep\n", "fatal error: x")
    assert compared.ratio is None


def test_times_are_compared_if_both_pass() -> None:
    real = read_outcome(REAL.splitlines())
    assert Comparison("p", real, read_outcome(['{"Action":"pass","Package":"p","Elapsed":1.0}'])).ratio == 0.5


def test_build_errors_are_the_reason() -> None:
    outcome = read_outcome(["# p", "tricolor: no", '{"Action":"fail","Package":"p","Elapsed":0}'])
    assert (outcome.package, outcome.reason) == ("fail", "# p / tricolor: no")
