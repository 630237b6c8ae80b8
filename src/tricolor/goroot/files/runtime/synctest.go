// Bubbles of testing/synctest: groups of goroutines with a clock of their own, which stands still until all of them are blocked.
//
// The kernel counts the goroutines of a bubble that are not blocked, and wakes one when there is none left
// (tricolor/runtime/scheduler/bubbles.py explains it). Package runtime has the clock: time.go keeps the timers of a bubble, which its root runs.

package runtime

import (
	"internal/runtime/atomic"
	"unsafe"
)

// bubble is a bubble. The kernel knows the fields up to done.
type bubble struct {
	lock    uint32
	total   uint32
	running uint32
	active  uint32
	root    *g
	waiter  *g
	main    *g
	id      uint64
	now     int64 // ns since 1970
	due     int64 // when the first timer is due, 0 if there is none
	done    bool

	timers timerHeap
}

const bubbleBegin = 946684800_000_000_000 // ns: 2000-01-01 in UTC

var lastBubble uint64

func currentBubble() *bubble { return gwords().bubble }

//go:linkname synctest_Run internal/synctest.Run
func synctest_Run(f func()) {
	if currentBubble() != nil {
		panic("synctest.Run called from within a synctest bubble")
	}
	b := &bubble{total: 1, running: 1, root: getg(), id: atomic.Xadd64(&lastBubble, 1), now: bubbleBegin}
	b.timers.due = &b.due
	gwords().bubble = b
	defer b.end()
	start := func() { f() }
	b.main = newparkedproc(*(*unsafe.Pointer)(unsafe.Pointer(&start)))
	goready(b.main)
	for {
		lock(&b.lock, rankBubble)
		gopark(&b.lock, waitBubbleRun)
		// All other goroutines are blocked or have ended. Time stops once the first one has ended.
		due := atomic.Loadint64(&b.due)
		if due == 0 || b.done {
			break
		}
		b.now = max(b.now, due)
		b.runTimers()
	}
	if b.total == 1 {
		return
	}
	if b.done {
		panic(bubbleDeadlock{"deadlock: main bubble goroutine has exited but blocked goroutines remain", b})
	}
	panic(bubbleDeadlock{"deadlock: all goroutines in bubble are blocked", b})
}

// end takes the root out of the bubble. Goroutines that remain in it wake nobody any more.
func (b *bubble) end() {
	lock(&b.lock, rankBubble)
	b.root = nil
	unlock(&b.lock)
	gwords().bubble = nil
}

// runTimers runs the timers that are due, and those that they start at once.
func (b *bubble) runTimers() {
	lock(&timers.lock, rankTimers)
	for len(b.timers.all) > 0 && b.timers.all[0].when <= b.now {
		runTimer(b.timers.all[0], b.now)
	}
	unlock(&timers.lock)
}

// bubbleDeadlock is the value of the panic for a bubble whose goroutines wait for ever.
type bubbleDeadlock struct {
	reason string
	bubble *bubble
}

func (e bubbleDeadlock) Error() string { return e.reason }

//go:linkname synctest_Wait internal/synctest.Wait
func synctest_Wait() {
	b := currentBubble()
	if b == nil {
		panic("goroutine is not in a bubble")
	}
	lock(&b.lock, rankBubble)
	if b.waiter != nil {
		unlock(&b.lock)
		panic("wait already in progress")
	}
	b.waiter = getg()
	gopark(&b.lock, waitBubbleWait)
	lock(&b.lock, rankBubble)
	b.waiter = nil
	unlock(&b.lock)
}

//go:linkname synctest_IsInBubble internal/synctest.IsInBubble
func synctest_IsInBubble() bool { return currentBubble() != nil }

//go:linkname synctest_acquire internal/synctest.acquire
func synctest_acquire() any {
	b := currentBubble()
	if b == nil {
		return nil
	}
	lock(&b.lock, rankBubble)
	b.active++
	unlock(&b.lock)
	return b
}

//go:linkname synctest_release internal/synctest.release
func synctest_release(acquired any) { bubblerelease(acquired.(*bubble)) }

//go:linkname synctest_inBubble internal/synctest.inBubble
func synctest_inBubble(acquired any, f func()) {
	if currentBubble() != nil {
		panic("goroutine is already bubbled")
	}
	b := acquired.(*bubble)
	lock(&b.lock, rankBubble)
	b.total++
	b.running++
	unlock(&b.lock)
	gwords().bubble = b
	defer b.leave()
	f()
}

// leave takes a goroutine that synctest_inBubble brought in out of the bubble.
func (b *bubble) leave() {
	gwords().bubble = nil
	lock(&b.lock, rankBubble)
	b.total--
	b.running--
	b.active++
	unlock(&b.lock)
	bubblerelease(b) // which sees whether the bubble is blocked
}

// Objects that belong to a bubble, as a sync.WaitGroup does from the first Add in the bubble on. A record holds its object by a weak handle,
// so that another object at the same address has no record.

type bubbled struct {
	p      uintptr // the object's address
	handle unsafe.Pointer
	bubble uint64
	next   *bubbled
}

var bubbledObjects struct {
	lock  uint32
	lists [256]*bubbled
}

// The answers of synctest_associate, with the numbers of package internal/synctest.
const (
	unbubbled = iota
	inCurrentBubble
	inOtherBubble
)

// bubbledList returns where the list begins that has the record of the object at p.
func bubbledList(p uintptr) **bubbled {
	return &bubbledObjects.lists[p>>3%uintptr(len(bubbledObjects.lists))]
}

// findBubbled returns where the record of the object at p is linked, nil if there is none. It removes the records of dead objects from
// the list. The caller must hold the lock.
func findBubbled(p uintptr) **bubbled {
	var found **bubbled
	for at := bubbledList(p); *at != nil; {
		each := *at
		if weakload(each.handle) == nil {
			*at = each.next
			continue
		}
		if each.p == p {
			found = at
		}
		at = &each.next
	}
	return found
}

func association(p unsafe.Pointer, add bool) int {
	object := findobject(p, nil)
	if object == nil {
		return unbubbled // a global, which belongs to nobody
	}
	made := &bubbled{p: uintptr(p), handle: weakhandle(object), bubble: currentBubble().id}
	lock(&bubbledObjects.lock, rankTables)
	of := uint64(0)
	if at := findBubbled(made.p); at != nil {
		of = (*at).bubble
	} else if add {
		list := bubbledList(made.p)
		made.next = *list
		*list = made
		of = made.bubble
	}
	unlock(&bubbledObjects.lock)
	switch of {
	case 0:
		return unbubbled
	case made.bubble:
		return inCurrentBubble
	}
	return inOtherBubble
}

//go:linkname synctest_associate internal/synctest.associate
func synctest_associate(p unsafe.Pointer) int { return association(p, true) }

//go:linkname synctest_isAssociated internal/synctest.isAssociated
func synctest_isAssociated(p unsafe.Pointer) bool { return association(p, false) == inCurrentBubble }

//go:linkname synctest_disassociate internal/synctest.disassociate
func synctest_disassociate(p unsafe.Pointer) {
	lock(&bubbledObjects.lock, rankTables)
	if at := findBubbled(uintptr(p)); at != nil {
		*at = (*at).next
	}
	unlock(&bubbledObjects.lock)
}
