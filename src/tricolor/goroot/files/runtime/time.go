// Clocks, sleeping, and the timers of package time.
//
// Timers that somebody waits for are in one heap. One system goroutine, the server, sleeps until the first timer is due and runs it. A timer
// with a channel is in the heap only while a goroutine waits for the channel, so one that nothing refers to is collected. Who looks
// at the channel without waiting first runs the timer if it is due. The kernel calls timerlook, timerwait and timerleave for that.
//
// The channel of a timer never has a stale value: Stop and Reset remove a value that was sent and not received, and then report that the
// timer had not run yet (the rules of Go 1.23).

package runtime

import (
	"internal/runtime/atomic"
	"unsafe"
)

const forever = 1<<63 - 1 // ns

//go:linkname time_now time.now
func time_now() (sec int64, nsec int32, mono int64) {
	sec, nsec = walltime()
	return sec, nsec, nanotime()
}

//go:linkname time_runtimeNow time.runtimeNow
func time_runtimeNow() (sec int64, nsec int32, mono int64) {
	return time_now()
}

//go:linkname time_runtimeNano time.runtimeNano
func time_runtimeNano() int64 {
	return nanotime()
}

//go:linkname time_runtimeIsBubbled time.runtimeIsBubbled
func time_runtimeIsBubbled() bool {
	return false
}

//go:linkname fips_monoTime crypto/internal/fips140deps/time.monoTime
func fips_monoTime() int64 {
	return nanotime()
}

//go:linkname timeSleep time.Sleep
func timeSleep(ns int64) {
	if ns <= 0 {
		return
	}
	when := nanotime() + ns
	if when < 0 {
		when = forever
	}
	gosleep(nil, when, waitSleep)
}

// timeTimer is a timer. Its first two fields are those of time.Timer and time.Ticker.
type timeTimer struct {
	c    unsafe.Pointer
	init bool

	when   int64 // ns; the time when the timer is due, 0 if it is not running
	period int64 // ns; 0 for a timer that runs once
	f      func(arg any, seq uintptr, late int64)
	arg    any
	seq    uintptr // Stop and Reset change it, so that a call in progress can see that it is stale
	ch     *hchan  // nil for AfterFunc
	at     int     // index in the heap, -1 if the timer is not there
	waits  int     // goroutines that wait for the channel
}

var timers struct {
	lock     uint32
	heap     []*timeTimer
	server   *g
	started  bool
	sleeping bool
	until    int64 // the time when the server wakes up by itself
}

func (t *timeTimer) before(u *timeTimer) bool { return t.when < u.when }

func heapPut(i int, t *timeTimer) {
	timers.heap[i] = t
	t.at = i
}

func heapUp(i int) {
	t := timers.heap[i]
	for i > 0 {
		parent := (i - 1) / 4
		if !t.before(timers.heap[parent]) {
			break
		}
		heapPut(i, timers.heap[parent])
		i = parent
	}
	heapPut(i, t)
}

func heapDown(i int) {
	t := timers.heap[i]
	n := len(timers.heap)
	for {
		least := 4*i + 1
		if least >= n {
			break
		}
		for c := least + 1; c < least+4 && c < n; c++ {
			if timers.heap[c].before(timers.heap[least]) {
				least = c
			}
		}
		if !timers.heap[least].before(t) {
			break
		}
		heapPut(i, timers.heap[least])
		i = least
	}
	heapPut(i, t)
}

func heapRemove(t *timeTimer) {
	i := t.at
	if i < 0 {
		return
	}
	last := len(timers.heap) - 1
	moved := timers.heap[last]
	timers.heap[last] = nil
	timers.heap = timers.heap[:last]
	t.at = -1
	if i < last {
		heapPut(i, moved)
		heapUp(i)
		heapDown(moved.at)
	}
}

// startTimer adds a timer to the heap if somebody waits for it. It wakes the server if the timer is due before the server would wake up.
// The caller must hold the lock.
func startTimer(t *timeTimer) {
	if t.ch != nil && t.waits == 0 {
		return
	}
	timers.heap = append(timers.heap, t)
	heapUp(len(timers.heap) - 1)
	if !timers.started {
		timers.started = true
		f := serveTimers
		newsystemproc(*(*unsafe.Pointer)(unsafe.Pointer(&f)))
	} else if timers.sleeping && t.when < timers.until {
		timers.sleeping = false
		goready(timers.server)
	}
}

func serveTimers() {
	timers.server = getg()
	lock(&timers.lock, rankTimers)
	for {
		now := nanotime()
		for len(timers.heap) > 0 && timers.heap[0].when <= now {
			runTimer(timers.heap[0], now)
		}
		timers.until = forever
		if len(timers.heap) > 0 {
			timers.until = timers.heap[0].when
		}
		timers.sleeping = true
		if timers.until == forever {
			gopark(&timers.lock, waitTimers)
		} else {
			gosleep(&timers.lock, timers.until, waitTimers)
		}
		lock(&timers.lock, rankTimers)
		timers.sleeping = false
	}
}

// timerlook runs a timer with a channel if it is due.
func timerlook(t *timeTimer) {
	if when := atomic.Loadint64(&t.when); when == 0 || when > nanotime() {
		return
	}
	lock(&timers.lock, rankTimers)
	if now := nanotime(); t.when > 0 && t.when <= now {
		runTimer(t, now)
	}
	unlock(&timers.lock)
}

// timerwait is called before a goroutine waits for a timer's channel, timerleave when it does no more.
func timerwait(t *timeTimer) {
	lock(&timers.lock, rankTimers)
	t.waits++
	if t.waits == 1 && t.when > 0 {
		startTimer(t)
	}
	unlock(&timers.lock)
}

func timerleave(t *timeTimer) {
	lock(&timers.lock, rankTimers)
	t.waits--
	if t.waits == 0 {
		heapRemove(t)
	}
	unlock(&timers.lock)
}

// runTimer runs one timer that is due. The caller must hold the lock; it is released while the function of a timer without a
// channel runs.
func runTimer(t *timeTimer, now int64) {
	late := now - t.when
	if t.period > 0 {
		t.when += t.period * (1 + late/t.period)
		if t.when < 0 {
			t.when = forever
		}
		if t.at >= 0 {
			heapDown(t.at)
		}
	} else {
		heapRemove(t)
		t.when = 0
	}
	f, arg, seq := t.f, t.arg, t.seq
	if t.ch != nil {
		// f sends the value under the lock, so Stop and Reset either find it in the channel or it is never sent.
		f(arg, seq, late)
		return
	}
	unlock(&timers.lock)
	f(arg, seq, late)
	lock(&timers.lock, rankTimers)
}

// drain removes a value that was sent and not received from the timer's channel, and reports whether there was one.
func (t *timeTimer) drain() bool {
	if t.ch == nil {
		return false
	}
	var value [3]uintptr // a time.Time
	selected, _ := selectnbrecv(unsafe.Pointer(&value), t.ch)
	return selected
}

// halt removes a timer from the heap, and reports whether it had not run yet. The caller must hold the lock.
func (t *timeTimer) halt() bool {
	pending := t.when > 0
	heapRemove(t)
	t.when = 0
	t.seq++
	return t.drain() || pending
}

//go:linkname newTimer time.newTimer
func newTimer(when, period int64, f func(any, uintptr, int64), arg any, c *hchan) *timeTimer {
	t := &timeTimer{period: period, f: f, arg: arg, ch: c, at: -1, init: true}
	if c != nil {
		chantimer(c, t)
	}
	lock(&timers.lock, rankTimers)
	t.when = max(when, 1)
	startTimer(t)
	unlock(&timers.lock)
	return t
}

//go:linkname stopTimer time.stopTimer
func stopTimer(t *timeTimer) bool {
	lock(&timers.lock, rankTimers)
	pending := t.halt()
	unlock(&timers.lock)
	return pending
}

//go:linkname resetTimer time.resetTimer
func resetTimer(t *timeTimer, when, period int64) bool {
	lock(&timers.lock, rankTimers)
	pending := t.halt()
	t.when, t.period = max(when, 1), period
	startTimer(t)
	unlock(&timers.lock)
	return pending
}
