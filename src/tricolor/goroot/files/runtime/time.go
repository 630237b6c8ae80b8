// Clocks, sleeping, and the timers of package time.
//
// Timers that somebody waits for are in one heap. One system goroutine, the server, sleeps until the first timer is due and runs it. A timer
// with a channel is in the heap only while a goroutine waits for the channel, so one that nothing refers to is collected. Who looks
// at the channel without waiting first runs the timer if it is due. The kernel calls timerlook, timerwait and timerleave for that.
//
// A timer that is made in a bubble of testing/synctest goes by the clock of the bubble. It is in the bubble's heap as long as it runs, and
// the root of the bubble runs it (synctest.go). One lock guards all heaps.
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
	if b := currentBubble(); b != nil {
		return b.now / 1e9, int32(b.now % 1e9), 0 // times of different bubbles have no distance, so there is no monotonic time
	}
	return time_now()
}

//go:linkname time_runtimeNano time.runtimeNano
func time_runtimeNano() int64 {
	return timeOf(currentBubble())
}

// timeOf returns the time of a bubble's clock, or of the system's if b is nil.
func timeOf(b *bubble) int64 {
	if b != nil {
		return b.now
	}
	return nanotime()
}

//go:linkname time_runtimeIsBubbled time.runtimeIsBubbled
func time_runtimeIsBubbled() bool {
	return currentBubble() != nil
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
	b := currentBubble()
	when := timeOf(b) + ns
	if when < 0 {
		when = forever
	}
	if b == nil {
		gosleep(nil, when, waitSleep)
		return
	}
	t := &timeTimer{when: when, f: wakeSleeper, arg: getg(), at: -1, bubble: b}
	lock(&timers.lock, rankTimers)
	startTimer(t)
	gopark(&timers.lock, waitSleep)
}

// wakeSleeper ends the sleep of a goroutine of a bubble.
func wakeSleeper(gp any, _ uintptr, _ int64) { goready(gp.(*g)) }

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
	bubble *bubble // whose clock the timer goes by, nil for the system's
	turn   uint32  // random in a bubble, whose timers run in any order if they are due together
}

// timerHeap is a heap of timers, the one that is due first on top.
type timerHeap struct {
	all []*timeTimer
	due *int64 // nil, or where the time of the first timer is noted, 0 if there is none
}

var timers struct {
	lock     uint32
	heap     timerHeap
	server   *g
	started  bool
	sleeping bool
	until    int64 // the time when the server wakes up by itself
}

func (t *timeTimer) before(u *timeTimer) bool {
	return t.when < u.when || t.when == u.when && t.turn < u.turn
}

// heap returns the heap to which the timer belongs.
func (t *timeTimer) heap() *timerHeap {
	if t.bubble != nil {
		return &t.bubble.timers
	}
	return &timers.heap
}

func (h *timerHeap) put(i int, t *timeTimer) {
	h.all[i] = t
	t.at = i
}

func (h *timerHeap) up(i int) {
	t := h.all[i]
	for i > 0 {
		parent := (i - 1) / 4
		if !t.before(h.all[parent]) {
			break
		}
		h.put(i, h.all[parent])
		i = parent
	}
	h.put(i, t)
}

func (h *timerHeap) down(i int) {
	t := h.all[i]
	n := len(h.all)
	for {
		least := 4*i + 1
		if least >= n {
			break
		}
		for c := least + 1; c < least+4 && c < n; c++ {
			if h.all[c].before(h.all[least]) {
				least = c
			}
		}
		if !h.all[least].before(t) {
			break
		}
		h.put(i, h.all[least])
		i = least
	}
	h.put(i, t)
}

func (h *timerHeap) add(t *timeTimer) {
	h.all = append(h.all, t)
	h.up(len(h.all) - 1)
	h.noteDue()
}

func (h *timerHeap) remove(t *timeTimer) {
	i := t.at
	if i < 0 {
		return
	}
	last := len(h.all) - 1
	moved := h.all[last]
	h.all[last] = nil
	h.all = h.all[:last]
	t.at = -1
	if i < last {
		h.put(i, moved)
		h.up(i)
		h.down(moved.at)
	}
	h.noteDue()
}

// noteDue tells the kernel when the first timer of a bubble is due.
func (h *timerHeap) noteDue() {
	if h.due == nil {
		return
	}
	due := int64(0)
	if len(h.all) > 0 {
		due = h.all[0].when
	}
	atomic.Storeint64(h.due, due)
}

// startTimer adds a timer to the heap if somebody waits for it. It wakes the server if the timer is due before the server would wake up.
// A timer of a bubble that is due already runs at once. The caller must hold the lock.
func startTimer(t *timeTimer) {
	if b := t.bubble; b != nil {
		t.turn = uint32(rand())
		b.timers.add(t)
		if t.when <= b.now {
			runTimer(t, b.now)
		}
		return
	}
	if t.ch != nil && t.waits == 0 {
		return
	}
	timers.heap.add(t)
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
		for len(timers.heap.all) > 0 && timers.heap.all[0].when <= now {
			runTimer(timers.heap.all[0], now)
		}
		timers.until = forever
		if len(timers.heap.all) > 0 {
			timers.until = timers.heap.all[0].when
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
	if when := atomic.Loadint64(&t.when); when == 0 || when > timeOf(t.bubble) {
		return
	}
	lock(&timers.lock, rankTimers)
	if now := timeOf(t.bubble); t.when > 0 && t.when <= now {
		runTimer(t, now)
	}
	unlock(&timers.lock)
}

// timerwait is called before a goroutine waits for a timer's channel, timerleave when it does no more. A timer of a bubble needs neither.
func timerwait(t *timeTimer) {
	if t.bubble != nil {
		return
	}
	lock(&timers.lock, rankTimers)
	t.waits++
	if t.waits == 1 && t.when > 0 {
		startTimer(t)
	}
	unlock(&timers.lock)
}

func timerleave(t *timeTimer) {
	if t.bubble != nil {
		return
	}
	lock(&timers.lock, rankTimers)
	t.waits--
	if t.waits == 0 {
		timers.heap.remove(t)
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
			t.heap().down(t.at)
			t.heap().noteDue()
		}
	} else {
		t.heap().remove(t)
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
	t.heap().remove(t)
	t.when = 0
	t.seq++
	return t.drain() || pending
}

//go:linkname newTimer time.newTimer
func newTimer(when, period int64, f func(any, uintptr, int64), arg any, c *hchan) *timeTimer {
	t := &timeTimer{period: period, f: f, arg: arg, ch: c, at: -1, init: true, bubble: currentBubble()}
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
	if t.bubble != nil && currentBubble() == nil {
		fatal("stop of synctest timer from outside bubble")
	}
	lock(&timers.lock, rankTimers)
	pending := t.halt()
	unlock(&timers.lock)
	return pending
}

//go:linkname resetTimer time.resetTimer
func resetTimer(t *timeTimer, when, period int64) bool {
	if t.bubble != nil && currentBubble() == nil {
		fatal("reset of synctest timer from outside bubble")
	}
	lock(&timers.lock, rankTimers)
	pending := t.halt()
	t.when, t.period = max(when, 1), period
	startTimer(t)
	unlock(&timers.lock)
	return pending
}
