"""Tests in bubbles of testing/synctest end as with real Go: the same results, the same faults."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tricolor.frontend.toolchain import find_toolchain, go_environment

pytestmark = pytest.mark.slow

TESTS = """package bubble

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestSleepersWakeInTheOrderOfTheirTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		t.Log(start.UTC())
		var order []int
		for _, hours := range []int{3, 1, 2} {
			go func() {
				time.Sleep(time.Duration(hours) * time.Hour)
				order = append(order, hours)
			}()
		}
		time.Sleep(4 * time.Hour)
		t.Log(order, time.Since(start))
	})
}

func TestADeadlineEndsExactlyInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		time.Sleep(5*time.Second - 1)
		synctest.Wait()
		t.Log(ctx.Err())
		time.Sleep(1)
		synctest.Wait()
		t.Log(ctx.Err())
	})
}

func TestTickersTimersAndStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ticker, stopped := time.NewTicker(time.Minute), time.NewTimer(time.Hour)
		late := time.AfterFunc(time.Hour, func() { t.Error("was stopped") })
		for range 3 {
			t.Log((<-ticker.C).UTC())
		}
		t.Log(late.Stop(), stopped.Stop(), stopped.Reset(0))
		t.Log((<-stopped.C).UTC())
		seen := map[int32]bool{}
		for range 200 {
			var first atomic.Int32
			a := time.AfterFunc(time.Second, func() { first.CompareAndSwap(0, 1) })
			b := time.AfterFunc(time.Second, func() { first.CompareAndSwap(0, 2) })
			time.Sleep(time.Second)
			synctest.Wait()
			seen[first.Load()] = true
			if a.Stop() || b.Stop() {
				t.Error("a timer did not run")
			}
		}
		t.Log(len(seen), "orders")
	})
}

func TestWaitSeesThatAllAreBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, out, done := make(chan int), make(chan int, 1), make(chan bool)
		var mu sync.Mutex
		cond := sync.NewCond(&mu)
		var group sync.WaitGroup
		count, free := 0, false
		for i := range 10 {
			group.Go(func() {
				for {
					select {
					case x := <-in:
						mu.Lock()
						count += x * i
						mu.Unlock()
					case <-done:
						return
					}
				}
			})
		}
		group.Go(func() {
			mu.Lock()
			for !free {
				cond.Wait()
			}
			mu.Unlock()
			out <- 1
		})
		for range 100 {
			in <- 0
		}
		synctest.Wait()
		t.Log(count, len(out))
		mu.Lock()
		free = true
		mu.Unlock()
		cond.Signal()
		synctest.Wait()
		t.Log(len(out))
		close(done)
		group.Wait()
		next, stop := iter.Pull(func(yield func(time.Time) bool) {
			for yield(time.Now()) {
				time.Sleep(time.Second)
			}
		})
		defer stop()
		for range 3 {
			at, _ := next()
			t.Log(at.UTC())
		}
	})
}

func TestATraceNamesTheBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan bool)
		go func() { <-stop }()
		go time.Sleep(time.Hour)
		go func() { select { case <-stop: } }()
		synctest.Wait()
		text := make([]byte, 1<<16)
		text = text[:runtime.Stack(text, true)]
		for _, words := range []string{"[chan receive (durable), synctest bubble ", "[sleep (durable), synctest bubble ", "[synctest.Run (durable), synctest"} {
			t.Log(strings.Contains(string(text), words))
		}
		close(stop)
		time.Sleep(time.Hour)
	})
}

func TestManyBubblesAtOnce(t *testing.T) {
	for i := range 20 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				values := make(chan []int)
				for from := range 10 {
					go func() {
						time.Sleep(time.Duration(from%3) * time.Second)
						values <- make([]int, 1000+from)
					}()
				}
				sum := 0
				for range 10 {
					sum += len(<-values)
				}
				if sum != 10045 {
					t.Error(sum)
				}
			})
		})
	}
}

func TestFailDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { <-make(chan int) })
}

func TestFailLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan int)
		go func() { stuck <- 1 }()
	})
}

func outside(t *testing.T, use func(c chan int)) {
	synctest.Test(t, func(t *testing.T) {
		foreign <- make(chan int, 1)
		time.Sleep(time.Second)
	})
	use(<-foreign)
}

var foreign = make(chan chan int, 1)

func TestFailSend(t *testing.T)    { outside(t, func(c chan int) { c <- 1 }) }
func TestFailReceive(t *testing.T) { outside(t, func(c chan int) { <-c }) }
func TestFailClose(t *testing.T)   { outside(t, func(c chan int) { close(c) }) }
func TestFailSelect(t *testing.T) {
	outside(t, func(c chan int) {
		select {
		case c <- 1:
		case <-time.After(time.Hour):
		}
	})
}

func TestFailTimer(t *testing.T) {
	var timer *time.Timer
	synctest.Test(t, func(t *testing.T) { timer = time.NewTimer(time.Hour) })
	timer.Stop()
}

func TestFailGroup(t *testing.T) {
	var group sync.WaitGroup
	synctest.Test(t, func(t *testing.T) { group.Go(func() {}); group.Add(1) })
	group.Done()
}
"""
FAULTS = ("Deadlock", "LeftBehind", "Send", "Receive", "Close", "Select", "Timer", "Group")
OURS = (str(Path(sys.executable).parent / "tricolor"), "test")


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module of tests in bubbles."""
    folder = tmp_path_factory.mktemp("bubble")
    (folder / "go.mod").write_text("module bubble\n\ngo 1.27\n")
    (folder / "bubble_test.go").write_text(TESTS)
    return folder


def _go_test(module: Path, *words: str) -> subprocess.CompletedProcess[str]:
    toolchain = find_toolchain()
    return _run((str(toolchain.go), "test", *words), module, go_environment(toolchain))


def _run(command: tuple[str, ...], module: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=module, env=environment, capture_output=True, text=True, check=False)


def _without_times(text: str) -> list[str]:
    """The lines, without how long tests took. Subtests that run in parallel end in any order."""
    return sorted(re.sub(r"\(\d+\.\d+s\)|\t\d+\.\d+s$", "", line) for line in text.splitlines() if "TestManyBubblesAtOnce/" not in line)


def test_bubbles_work_as_with_real_go(module: Path) -> None:
    words = ("-count=1", "-v", "-skip=TestFail")
    real = _go_test(module, *words)
    assert real.returncode == 0, real.stdout
    for settings in ({}, {"GOMAXPROCS": "1"}, {"GOMAXPROCS": "4", "GODEBUG": "gcstress=1,clobberfree=1,gccheckmark=1"}):
        ours = _run((*OURS, *words), module, {**os.environ, **settings})
        assert (_without_times(ours.stdout), ours.returncode) == (_without_times(real.stdout), 0), settings


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_a_bubble_is_told_as_by_real_go(module: Path, fault: str) -> None:
    real = _go_test(module, "-count=1", f"-run=^TestFail{fault}$")
    ours = _run((*OURS, "-count=1", f"-run=^TestFail{fault}$"), module, os.environ)
    assert ours.returncode == real.returncode == 1
    assert _told(ours) == _told(real)


def _told(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What ended the test, and how the goroutines wait that the trace shows."""
    lines = re.findall(r"^(?:panic:|fatal error:|--- FAIL|goroutine \d+ ).*", done.stdout, re.MULTILINE)
    return [re.sub(r"^goroutine \d+|\(\d+\.\d+s\)|bubble \d+", "", line) for line in lines]
