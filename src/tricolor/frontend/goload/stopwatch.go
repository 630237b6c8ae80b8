package main

import (
	"fmt"
	"os"
	"time"
)

// stopwatch prints the wall time of phases on stderr when it is on.
type stopwatch struct {
	on   bool
	last time.Time
}

func newStopwatch(on bool) *stopwatch { return &stopwatch{on, time.Now()} }

func (s *stopwatch) lap(phase string) {
	now := time.Now()
	if s.on {
		fmt.Fprintf(os.Stderr, "goload: %-16s %4d ms\n", phase, now.Sub(s.last).Milliseconds())
	}
	s.last = now
}
