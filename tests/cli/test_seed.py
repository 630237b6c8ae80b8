"""``tricolor run --seed N``: the order of goroutines comes from the number, and time is virtual."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run

PROGRAM = """package main

import (
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
)

var trace []byte

//go:noinline
func step(name byte) { trace = append(trace, name) }

//go:noinline
func get(place *int) int { return *place }

//go:noinline
func set(place *int, value int) { *place = value }

// orders lets goroutines note their steps, and loses updates in some orders.
func orders() {
	var done sync.WaitGroup
	count := 0
	for i := range 4 {
		done.Go(func() {
			for range 5 {
				step(byte('a' + i))
				set(&count, get(&count)+1)
			}
		})
	}
	done.Wait()
	fmt.Println(string(trace), count)
}

// choices shows what else depends on chance.
func choices() {
	full := make(chan int, 40)
	other := make(chan int, 40)
	for i := range 40 {
		full <- i
		other <- i
	}
	for range 40 {
		select {
		case <-full:
			trace = append(trace, 'f')
		case <-other:
			trace = append(trace, 'o')
		}
	}
	table := map[int]bool{}
	for i := range 20 {
		table[i] = true
	}
	for key := range table {
		trace = append(trace, byte('a'+key))
	}
	fmt.Println(string(trace), rand.Int())
}

func waits() {
	start := time.Now()
	fmt.Println(start.UTC().Format(time.DateTime))
	ticker := time.NewTicker(time.Hour)
	<-ticker.C
	<-ticker.C
	time.Sleep(24 * time.Hour)
	fmt.Println(time.Since(start).Round(time.Second))
	for until := time.Now().Add(time.Millisecond); time.Now().Before(until); {
	}
}

func spins() {
	done := false
	go func() {
		defer func() { recover() }()
		done = true
		panic("recovered")
	}()
	for !get2(&done) {
	}
	deep(100)
	fmt.Println("done")
}

//go:noinline
func get2(place *bool) bool { return *place }

//go:noinline
func deep(n int) int {
	var room [100]int
	room[n%100] = n
	if n == 0 {
		return room[0]
	}
	return deep(n-1) + room[n%100]
}

// minutes prints the state of a goroutine that waits for work.
func minutes() {
	work := make(chan int)
	go func() {
		for range work {
		}
	}()
	show := func() {
		text := make([]byte, 1<<16)
		text = text[:runtime.Stack(text, true)]
		_, state, _ := strings.Cut(string(text), "[chan receive")
		state, _, _ = strings.Cut(state, ":")
		fmt.Println("[chan receive" + state)
	}
	time.Sleep(time.Second)
	show()
	runtime.GC()
	time.Sleep(3*time.Minute + 2*time.Second)
	show()
	work <- 1
	time.Sleep(time.Second)
	show()
	runtime.GC()
	time.Sleep(time.Minute + 2*time.Second)
	show()
}

func main() {
	map[string]func(){"orders": orders, "choices": choices, "waits": waits, "spins": spins, "minutes": minutes}[os.Args[1]]()
}
"""


def outputs(tricolor: Run, folder: Path, case: str, seeds: range) -> list[str]:
    (folder / "p.go").write_text(PROGRAM)
    found: list[str] = []
    for seed in seeds:
        done = tricolor("run", "--check=2", f"--seed={seed}", "p.go", case)
        assert done.status == 0, done.err
        found.append(done.out)
    return found


def test_the_same_seed_gives_the_same_order_and_another_seed_another_one(tricolor: Run, tmp_path: Path) -> None:
    first = outputs(tricolor, tmp_path, "orders", range(8))
    assert outputs(tricolor, tmp_path, "orders", range(8)) == first
    assert len(set(first)) > 4


def test_some_seeds_show_a_lost_update(tricolor: Run, tmp_path: Path) -> None:
    counts = {int(each.split()[1]) for each in outputs(tricolor, tmp_path, "orders", range(8))}
    assert min(counts) < 20
    assert max(counts) == 20


def test_select_maps_and_random_numbers_come_from_the_seed(tricolor: Run, tmp_path: Path) -> None:
    first = outputs(tricolor, tmp_path, "choices", range(3))
    assert outputs(tricolor, tmp_path, "choices", range(3)) == first
    assert len(set(first)) == 3


def test_time_is_virtual(tricolor: Run, tmp_path: Path) -> None:
    assert outputs(tricolor, tmp_path, "waits", range(1)) == ["2009-11-10 23:00:01\n26h0m0s\n"]


def test_traces_show_minutes_since_a_collection_found_a_goroutine_waiting(tricolor: Run, tmp_path: Path) -> None:
    """Real Go prints 2 minutes at the end: it counts from the collection before, which ran when the goroutine had not begun to wait."""
    expected = "[chan receive]\n[chan receive, 3 minutes]\n[chan receive]\n[chan receive, 1 minutes]\n"
    assert outputs(tricolor, tmp_path, "minutes", range(1)) == [expected]


def test_a_loop_that_waits_for_another_goroutine_ends(tricolor: Run, tmp_path: Path) -> None:
    assert outputs(tricolor, tmp_path, "spins", range(3)) == ["done\n"] * 3


def test_a_seed_that_is_no_number_is_refused(tricolor: Run, tmp_path: Path) -> None:
    (tmp_path / "p.go").write_text(PROGRAM)
    done = tricolor("run", "--seed=x", "p.go")
    assert done.status == 2
    assert 'invalid value "x" for --seed' in done.err
