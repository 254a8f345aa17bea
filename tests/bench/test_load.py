"""What the benchmark reads of its load generator."""

from __future__ import annotations

import pytest

from transom_bench.load import LoadFailed, parse_load, percentile

_OUTPUT = """\
finished in {time}, 1234.50 req/s, 512.00KB/s
requests: 4 total, 4 started, 4 done, 4 succeeded, 0 failed, 0 errored, 0 timeout
"""
_SUCCESS = range(200, 300)
_LOG = "1000\t200\t1500\n1001\t200\t2500\n1002\t200\t500\n1003\t200\t90000\n"


@pytest.mark.parametrize(("time", "seconds"), [("1.25s", 1.25), ("380.10ms", 0.3801), ("950us", 0.00095)])
def test_the_duration_is_read_in_each_unit(time: str, seconds: float) -> None:
    """A short run is told in milliseconds or microseconds, and read as seconds."""
    load = parse_load(_OUTPUT.format(time=time), _LOG, requests=4, status=_SUCCESS)
    assert load.duration_s == pytest.approx(seconds)
    assert load.per_s == pytest.approx(4 / seconds)


def test_percentiles_are_those_of_single_requests() -> None:
    """The log has a line for each request, with its time in microseconds."""
    load = parse_load(_OUTPUT.format(time="1s"), _LOG, requests=4, status=_SUCCESS)
    assert (load.p50_ms, load.p99_ms) == (1.5, 90.0)


@pytest.mark.parametrize(
    ("log", "status", "told"),
    [
        (_LOG.replace("\t200\t2500", "\t503\t2500"), _SUCCESS, "of 4 requests 3 were answered with 200 to 299"),
        (_LOG.replace("1003\t200\t90000\n", ""), _SUCCESS, "of 4 requests 3"),  # one was never answered
        (_LOG, range(429, 430), "of 4 requests 0 were answered with 429 to 429"),  # a limit that refuses nobody
    ],
)
def test_an_answer_that_is_not_wanted_makes_a_load_worthless(log: str, status: range, told: str) -> None:
    """A contestant that answers with errors is quick, and does not count; nor does one that refuses too little."""
    with pytest.raises(LoadFailed, match=told):
        parse_load(_OUTPUT.format(time="1s"), log, requests=4, status=status)


def test_output_of_another_form_is_refused() -> None:
    """A newer h2load that says it differently is noticed, not read as nothing."""
    with pytest.raises(LoadFailed, match="not understood"):
        parse_load("done", _LOG, requests=4, status=_SUCCESS)


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([7.0], 99, 7.0),
        ([1.0, 2.0], 50, 1.0),  # the nearest rank, no value between two
        ([float(n) for n in range(1, 101)], 99, 99.0),
        ([float(n) for n in range(1, 101)], 100, 100.0),
        ([1.0, 2.0, 3.0], 0, 1.0),
    ],
)
def test_percentiles_are_values_that_occurred(values: list[float], percent: int, expected: float) -> None:
    """A percentile is the smallest value that so many of a hundred do not exceed."""
    assert percentile(values, percent) == expected
