// The order of this package's locks, and waiting for package sync.

package runtime

import (
	"internal/runtime/atomic"
	"unsafe"
)

// Ranks of locks: a goroutine may acquire a lock while it holds locks of lower ranks. tricolor/runtime/lock_ranks.py explains them, and
// has those of the kernel, which are higher.
const (
	rankDescriptors = 1
	rankTimers      = 2
	rankSemaphore   = 3
	rankCoroutine   = 4
	rankTables      = 5
	rankRandom      = 6
	rankBubble      = 15
	rankPrint       = 30
)

// Reasons why a goroutine waits, with the numbers of Go's waitReason. The scheduler has their texts.
const (
	waitFinalizer    uint8 = 10
	waitSemaphore    uint8 = 13
	waitSleep        uint8 = 14
	waitCond         uint8 = 21
	waitMutex        uint8 = 22
	waitRWMutexRead  uint8 = 23
	waitRWMutexWrite uint8 = 24
	waitWaitGroup    uint8 = 25
	waitTimers       uint8 = 26 // Go uses this number for its trace reader, which we do not have
	waitIO           uint8 = 2
	waitCoroutine    uint8 = 38
	waitBubbleRun    uint8 = 40
	waitBubbleWait   uint8 = 41
	waitBubbleGroup  uint8 = 45
)

// semWaiter is a goroutine that waits for a semaphore. A semaphore is a uint32 anywhere in memory; semTable holds the waiters by
// its address.
type semWaiter struct {
	gp     *g
	addr   *uint32
	next   *semWaiter
	handed bool // the releaser has decremented the semaphore for this waiter

	released int64 // when it was woken; before that -1 if the block profile counts its wait, else 0
	acquired int64 // since when the mutex profile counts its wait, 0 if it does not
}

type semBucket struct {
	lock    uint32
	waiting uint32
	first   *semWaiter
	last    *semWaiter
	_       [32]byte
}

const semBuckets = 256

var semTable [semBuckets]semBucket

func semBucketOf(addr *uint32) *semBucket {
	return &semTable[(uintptr(unsafe.Pointer(addr))>>3)%251]
}

func semTake(addr *uint32) bool {
	for {
		n := atomic.Load(addr)
		if n == 0 {
			return false
		}
		if atomic.Cas(addr, n, n-1) {
			return true
		}
	}
}

// mutexWaitNs is how long goroutines have waited for a sync.Mutex or sync.RWMutex.
var mutexWaitNs uint64

// semacquire waits until *addr > 0 and decrements it. lifo: wait at the head of the queue. skip is how many callers of the caller the
// block profile does not show.
func semacquire(addr *uint32, lifo bool, reason uint8, skip int) {
	if semTake(addr) {
		return
	}
	w := &semWaiter{gp: getg(), addr: addr}
	isMutex := reason >= waitMutex && reason <= waitRWMutexWrite
	var began int64
	if blockRate > 0 {
		began = nanotime()
		w.released = -1
	}
	if isMutex && mutexFraction > 0 {
		w.acquired = nanotime()
	}
	b := semBucketOf(addr)
	for {
		start := nanotime()
		lock(&b.lock, rankSemaphore)
		// Count the waiter before the second try. A releaser increments the semaphore before it reads the count, so one of the two
		// sees the other.
		atomic.Xadd(&b.waiting, 1)
		if semTake(addr) {
			atomic.Xadd(&b.waiting, -1)
			unlock(&b.lock)
			return
		}
		b.insert(w, lifo)
		gopark(&b.lock, reason)
		if isMutex {
			atomic.Xadd64(&mutexWaitNs, nanotime()-start)
		}
		if w.handed || semTake(addr) {
			if w.released > 0 {
				blockevent(w.released-began, 2+skip)
			}
			return
		}
		lifo = true
	}
}

func (b *semBucket) insert(w *semWaiter, lifo bool) {
	w.next = nil
	switch {
	case b.first == nil:
		b.first, b.last = w, w
	case lifo:
		if first := b.find(w.addr); first != nil && w.acquired != 0 && first.acquired != 0 {
			w.acquired = first.acquired
		}
		w.next = b.first
		b.first = w
	default:
		b.last.next = w
		b.last = w
	}
}

// find returns the first waiter for addr, nil if there is none.
func (b *semBucket) find(addr *uint32) *semWaiter {
	w := b.first
	for w != nil && w.addr != addr {
		w = w.next
	}
	return w
}

// charge returns how long goroutines have waited since the last release: w, which was removed from the queue, and those that
// still wait for the same semaphore, of which the first has waited longest. Their waits count anew from here on.
func (b *semBucket) charge(w *semWaiter) int64 {
	now := nanotime()
	delay := now - w.acquired
	first := b.find(w.addr)
	if first == nil {
		return delay
	}
	last, n := first, int64(0)
	for other := first; other != nil; other = other.next {
		if other.addr == w.addr {
			last = other
			n++
		}
	}
	if last.acquired != 0 {
		delay += (now - last.acquired + delay) / 2 * n
	}
	first.acquired, last.acquired = now, now
	return delay
}

// remove removes the first waiter for addr from the queue and returns it, nil if there is none.
func (b *semBucket) remove(addr *uint32) *semWaiter {
	var before *semWaiter
	for w := b.first; w != nil; before, w = w, w.next {
		if w.addr != addr {
			continue
		}
		if before == nil {
			b.first = w.next
		} else {
			before.next = w.next
		}
		if b.last == w {
			b.last = before
		}
		w.next = nil
		atomic.Xadd(&b.waiting, -1)
		return w
	}
	return nil
}

// semrelease increments *addr and wakes a waiter. handoff: decrement it again for the waiter, and let the waiter run at once. skip is how
// many callers of the caller the mutex profile does not show.
func semrelease(addr *uint32, handoff bool, skip int) {
	b := semBucketOf(addr)
	atomic.Xadd(addr, 1)
	if atomic.Load(&b.waiting) == 0 {
		return
	}
	lock(&b.lock, rankSemaphore)
	w := b.remove(addr)
	var delay int64
	if w != nil && w.acquired != 0 {
		delay = b.charge(w)
	}
	unlock(&b.lock)
	if w == nil {
		return
	}
	if w.acquired != 0 {
		mutexevent(delay, 2+skip)
	}
	if w.released != 0 {
		w.released = nanotime()
	}
	w.handed = handoff && semTake(addr)
	yield := w.handed
	goready(w.gp)
	if yield {
		gosched()
	}
}

//go:linkname sync_runtime_Semacquire sync.runtime_Semacquire
func sync_runtime_Semacquire(addr *uint32) { semacquire(addr, false, waitSemaphore, 0) }

//go:linkname poll_runtime_Semacquire internal/poll.runtime_Semacquire
func poll_runtime_Semacquire(addr *uint32) { semacquire(addr, false, waitSemaphore, 0) }

//go:linkname sync_runtime_SemacquireWaitGroup sync.runtime_SemacquireWaitGroup
func sync_runtime_SemacquireWaitGroup(addr *uint32, durable bool) {
	reason := waitWaitGroup
	if durable {
		reason = waitBubbleGroup // all who may call Done are in the goroutine's bubble
	}
	semacquire(addr, false, reason, 0)
}

//go:linkname sync_runtime_SemacquireRWMutexR sync.runtime_SemacquireRWMutexR
func sync_runtime_SemacquireRWMutexR(addr *uint32, lifo bool, skip int) {
	semacquire(addr, lifo, waitRWMutexRead, skip)
}

//go:linkname sync_runtime_SemacquireRWMutex sync.runtime_SemacquireRWMutex
func sync_runtime_SemacquireRWMutex(addr *uint32, lifo bool, skip int) {
	semacquire(addr, lifo, waitRWMutexWrite, skip)
}

//go:linkname internal_sync_runtime_SemacquireMutex internal/sync.runtime_SemacquireMutex
func internal_sync_runtime_SemacquireMutex(addr *uint32, lifo bool, skip int) {
	semacquire(addr, lifo, waitMutex, skip)
}

//go:linkname sync_runtime_Semrelease sync.runtime_Semrelease
func sync_runtime_Semrelease(addr *uint32, handoff bool, skip int) {
	semrelease(addr, handoff, skip)
}

//go:linkname internal_sync_runtime_Semrelease internal/sync.runtime_Semrelease
func internal_sync_runtime_Semrelease(addr *uint32, handoff bool, skip int) {
	semrelease(addr, handoff, skip)
}

//go:linkname poll_runtime_Semrelease internal/poll.runtime_Semrelease
func poll_runtime_Semrelease(addr *uint32) { semrelease(addr, false, 0) }

//go:linkname internal_sync_runtime_canSpin internal/sync.runtime_canSpin
func internal_sync_runtime_canSpin(i int) bool {
	return i < 4 && cpus > 1 && canspin()
}

//go:linkname internal_sync_runtime_doSpin internal/sync.runtime_doSpin
func internal_sync_runtime_doSpin() {
	procyield()
}

//go:linkname internal_sync_runtime_nanotime internal/sync.runtime_nanotime
func internal_sync_runtime_nanotime() int64 { return nanotime() }

// notifyList is the list of waiters of a sync.Cond. notifyListAdd gives out tickets, which are served in order.
type notifyList struct {
	wait   uint32 // the next ticket to give out
	notify uint32 // the next ticket to serve
	lock   uintptr
	first  *notifyWaiter
	last   *notifyWaiter
}

type notifyWaiter struct {
	gp     *g
	bubble *bubble
	ticket uint32
	next   *notifyWaiter

	released int64 // as in semWaiter
}

func (l *notifyList) word() *uint32 { return (*uint32)(unsafe.Pointer(&l.lock)) }

func (w *notifyWaiter) wake() {
	if w.bubble != nil && w.bubble != currentBubble() {
		fatal("semaphore wake of synctest goroutine from outside bubble")
	}
	if w.released != 0 {
		w.released = nanotime()
	}
	goready(w.gp)
}

//go:linkname notifyListAdd sync.runtime_notifyListAdd
func notifyListAdd(l *notifyList) uint32 {
	return atomic.Xadd(&l.wait, 1) - 1
}

//go:linkname notifyListWait sync.runtime_notifyListWait
func notifyListWait(l *notifyList, ticket uint32) {
	w := &notifyWaiter{gp: getg(), bubble: currentBubble(), ticket: ticket}
	var began int64
	if blockRate > 0 {
		began = nanotime()
		w.released = -1
	}
	lock(l.word(), rankSemaphore)
	if int32(ticket-l.notify) < 0 {
		unlock(l.word())
		return
	}
	if l.last == nil {
		l.first = w
	} else {
		l.last.next = w
	}
	l.last = w
	gopark(l.word(), waitCond)
	if w.released > 0 {
		blockevent(w.released-began, 1)
	}
}

//go:linkname notifyListNotifyAll sync.runtime_notifyListNotifyAll
func notifyListNotifyAll(l *notifyList) {
	if atomic.Load(&l.wait) == atomic.Load(&l.notify) {
		return
	}
	lock(l.word(), rankSemaphore)
	w := l.first
	l.first, l.last = nil, nil
	atomic.Store(&l.notify, atomic.Load(&l.wait))
	unlock(l.word())
	for w != nil {
		next := w.next
		w.next = nil
		w.wake()
		w = next
	}
}

//go:linkname notifyListNotifyOne sync.runtime_notifyListNotifyOne
func notifyListNotifyOne(l *notifyList) {
	if atomic.Load(&l.wait) == atomic.Load(&l.notify) {
		return
	}
	lock(l.word(), rankSemaphore)
	ticket := l.notify
	if ticket == atomic.Load(&l.wait) {
		unlock(l.word())
		return
	}
	atomic.Store(&l.notify, ticket+1)
	var before *notifyWaiter
	for w := l.first; w != nil; before, w = w, w.next {
		if w.ticket != ticket {
			continue
		}
		if before == nil {
			l.first = w.next
		} else {
			before.next = w.next
		}
		if l.last == w {
			l.last = before
		}
		unlock(l.word())
		w.wake()
		return
	}
	// The owner of the ticket has not entered the list yet. notifyListWait will see that the ticket is served.
	unlock(l.word())
}

//go:linkname notifyListCheck sync.runtime_notifyListCheck
func notifyListCheck(size uintptr) {
	if size != unsafe.Sizeof(notifyList{}) {
		throw("sync and runtime disagree about notifyList")
	}
}
