from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from genesys_workbench.errors import RateLimited
from genesys_workbench.limiter import RateLimiter

from .api_fakes import FakeTime


def headers(count, *, allowed=10, reset=60):
    return {
        "inin-ratelimit-count": str(count),
        "inin-ratelimit-allowed": str(allowed),
        "inin-ratelimit-reset": str(reset),
    }


def limiter_of(time, allowance=10):
    return RateLimiter(allowance=allowance, clock=time.clock, sleep=time.sleep)


def call(limiter, answer=None, max_wait=60.0):
    slept = limiter.acquire(max_wait)
    limiter.release(answer)
    return slept


def test_calls_within_the_allowance_do_not_wait():
    time = FakeTime()
    limiter = limiter_of(time)
    assert [call(limiter) for _ in range(10)] == [0.0] * 10
    assert time.slept == []


def test_the_call_past_the_allowance_waits_for_the_next_window():
    time = FakeTime()
    limiter = limiter_of(time)
    for count in range(1, 11):
        call(limiter, headers(count, reset=60 - count))
        time.now += 1
    assert call(limiter) == 49
    assert time.slept == [49]


def test_a_wait_longer_than_allowed_is_refused_at_once_with_the_time_to_wait():
    time = FakeTime()
    limiter = limiter_of(time, allowance=1)
    call(limiter, headers(1, allowed=1, reset=42))
    with pytest.raises(RateLimited) as caught:
        limiter.acquire(5.0)
    assert caught.value.retry_after == 42
    assert "42 s" in str(caught.value)
    assert "fewer concurrent workers" in str(caught.value)
    assert time.slept == []


def test_the_allowance_is_learnt_from_the_answers():
    time = FakeTime()
    limiter = limiter_of(time, allowance=300)
    call(limiter, headers(1, allowed=3))
    assert limiter.allowance == 3
    assert [call(limiter), call(limiter)] == [0.0, 0.0]
    assert call(limiter) == 60


def test_calls_that_others_make_with_the_token_are_counted():
    time = FakeTime()
    limiter = limiter_of(time)
    call(limiter, headers(10, reset=30))
    assert call(limiter) == 30


def test_a_new_window_of_the_server_frees_the_calls_before_the_old_estimate_ends():
    time = FakeTime()
    limiter = limiter_of(time)
    call(limiter, headers(9, reset=20))
    time.now += 10
    call(limiter, headers(1, reset=60))
    assert [call(limiter) for _ in range(9)] == [0.0] * 9
    assert call(limiter) == 60


def test_a_late_answer_of_an_old_window_does_not_close_the_new_one():
    time = FakeTime()
    limiter = limiter_of(time)
    call(limiter, headers(1, reset=60))
    call(limiter, headers(10, reset=5))
    assert call(limiter) == 0.0


def test_calls_in_flight_count_in_a_new_window():
    time = FakeTime()
    limiter = limiter_of(time, allowance=3)
    limiter.acquire(0)
    limiter.acquire(0)
    time.now += 60
    assert limiter.acquire(0) == 0.0
    with pytest.raises(RateLimited):
        limiter.acquire(0)


def test_calls_in_flight_count_in_a_window_that_the_server_opened():
    time = FakeTime()
    limiter = limiter_of(time, allowance=3)
    call(limiter, headers(1, allowed=3, reset=10))
    limiter.acquire(0)
    limiter.acquire(0)
    time.now += 5
    limiter.release(headers(1, allowed=3, reset=60))
    assert limiter.acquire(0) == 0.0
    with pytest.raises(RateLimited):
        limiter.acquire(0)


def test_several_waits_of_one_turn_add_up_to_max_wait_at_most():
    time = FakeTime()
    limiter = limiter_of(time)
    limiter.pause(6)

    def pause_again(seconds):
        time.sleep(seconds)
        limiter.pause(6)

    limiter._sleep = pause_again
    with pytest.raises(RateLimited):
        limiter.acquire(10)
    assert time.slept == [6]


@pytest.mark.parametrize("bad", ["", "many", "-5", "1.5", "9" * 30, "٣"])
def test_headers_that_are_no_numbers_teach_nothing(bad):
    limiter = limiter_of(FakeTime())
    names = ("count", "allowed", "reset")
    call(limiter, {f"inin-ratelimit-{name}": bad for name in names})
    assert limiter.allowance == 10
    assert [call(limiter) for _ in range(9)] == [0.0] * 9


def test_an_allowance_of_zero_is_not_believed():
    limiter = limiter_of(FakeTime())
    call(limiter, headers(0, allowed=0))
    assert limiter.allowance == 10


def test_a_pause_holds_all_calls_and_ends():
    time = FakeTime()
    limiter = limiter_of(time)
    call(limiter)
    limiter.pause(7)
    assert call(limiter) == 7
    assert call(limiter) == 0.0


def test_a_pause_shorter_than_the_window_does_not_wait_for_the_window():
    time = FakeTime()
    limiter = limiter_of(time)
    call(limiter, headers(1, reset=60))
    limiter.pause(9)
    limiter.pause(3)
    assert call(limiter) == 9


def test_fifty_threads_get_as_many_turns_as_allowed():
    limiter = limiter_of(FakeTime(), allowance=20)
    barrier = threading.Barrier(50)

    def turn(_):
        barrier.wait()
        try:
            limiter.acquire(0)
        except RateLimited:
            return False
        return True

    with ThreadPoolExecutor(50) as pool:
        turns = list(pool.map(turn, range(50)))
    assert turns.count(True) == 20
