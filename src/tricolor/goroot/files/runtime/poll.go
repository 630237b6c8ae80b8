// Waiting for file descriptors: what package internal/poll asks of the runtime. Descriptors that the system can poll (pipes, sockets,
// terminals) are non-blocking; the scheduler watches them with epoll and wakes the goroutine that waits. Regular files are refused,
// since they are always ready. A deadline is a timer that wakes the goroutine.

package runtime

import "internal/runtime/atomic"

const (
	pollOK      = 0
	pollClosing = 1
	pollTimeout = 2

	// Values of the word of a direction; above: a goroutine.
	pollNone    = 0
	pollReady   = 1
	pollWaiting = 2
)

// pollDescriptor is a descriptor that is watched. Records are used again and never freed, since an event may name a closed one.
type pollDescriptor struct {
	reader uintptr // only the scheduler and this file's functions change it, by compare and swap
	writer uintptr

	fd            uintptr
	lock          uint32
	closing       bool
	readDeadline  int64 // ns of nanotime; 0: none, negative: passed
	writeDeadline int64
	readTimer     *timeTimer // nil until there is a deadline
	writeTimer    *timeTimer
	allNext       *pollDescriptor
	freeNext      *pollDescriptor
}

var descriptors struct {
	lock uint32
	all  *pollDescriptor // keeps the records alive
	free *pollDescriptor
}

//go:linkname poll_runtime_pollServerInit internal/poll.runtime_pollServerInit
func poll_runtime_pollServerInit() {
	if !pollinit() {
		throw("runtime: the poller cannot be made")
	}
}

func newDescriptor() *pollDescriptor {
	lock(&descriptors.lock, rankDescriptors)
	pd := descriptors.free
	if pd != nil {
		descriptors.free = pd.freeNext
	}
	unlock(&descriptors.lock)
	if pd == nil {
		pd = new(pollDescriptor)
		lock(&descriptors.lock, rankDescriptors)
		pd.allNext = descriptors.all
		descriptors.all = pd
		unlock(&descriptors.lock)
	}
	return pd
}

func freeDescriptor(pd *pollDescriptor) {
	lock(&descriptors.lock, rankDescriptors)
	pd.freeNext = descriptors.free
	descriptors.free = pd
	unlock(&descriptors.lock)
}

//go:linkname poll_runtime_pollOpen internal/poll.runtime_pollOpen
func poll_runtime_pollOpen(fd uintptr) (*pollDescriptor, int) {
	pd := newDescriptor()
	lock(&pd.lock, rankDescriptors)
	pd.fd = fd
	pd.closing = false
	pd.readDeadline, pd.writeDeadline = 0, 0
	atomic.Storeuintptr(&pd.reader, pollNone)
	atomic.Storeuintptr(&pd.writer, pollNone)
	unlock(&pd.lock)
	if errno := pollopen(fd, pd); errno != 0 {
		freeDescriptor(pd)
		return nil, int(errno)
	}
	return pd, 0
}

//go:linkname poll_runtime_pollClose internal/poll.runtime_pollClose
func poll_runtime_pollClose(pd *pollDescriptor) {
	pollclose(pd.fd)
	freeDescriptor(pd)
}

// word returns the word of a direction.
func (pd *pollDescriptor) word(mode int) *uintptr {
	if mode == 'w' {
		return &pd.writer
	}
	return &pd.reader
}

// state returns the reason why a goroutine cannot wait for the descriptor, pollOK if it can.
func (pd *pollDescriptor) state(mode int) int {
	deadline := pd.readDeadline
	if mode == 'w' {
		deadline = pd.writeDeadline
	}
	switch {
	case pd.closing:
		return pollClosing
	case deadline < 0:
		return pollTimeout
	}
	return pollOK
}

// block waits until the direction is ready; false if something else woke the goroutine.
func (pd *pollDescriptor) block(mode int) bool {
	word := pd.word(mode)
	for {
		if atomic.Casuintptr(word, pollReady, pollNone) {
			return true
		}
		if atomic.Casuintptr(word, pollNone, pollWaiting) {
			break
		}
		if atomic.Loaduintptr(word) > pollReady {
			throw("runtime: double wait")
		}
	}
	// Whoever changes the state looks at the word afterwards; so one of the two sees the other.
	if pd.state(mode) == pollOK {
		pollpark(word)
	}
	return atomic.Xchguintptr(word, pollNone) == pollReady
}

//go:linkname poll_runtime_pollReset internal/poll.runtime_pollReset
func poll_runtime_pollReset(pd *pollDescriptor, mode int) int {
	if s := pd.state(mode); s != pollOK {
		return s
	}
	atomic.Storeuintptr(pd.word(mode), pollNone)
	return pollOK
}

//go:linkname poll_runtime_pollWait internal/poll.runtime_pollWait
func poll_runtime_pollWait(pd *pollDescriptor, mode int) int {
	for {
		if s := pd.state(mode); s != pollOK {
			return s
		}
		if pd.block(mode) {
			return pollOK
		}
	}
}

//go:linkname poll_runtime_pollWaitCanceled internal/poll.runtime_pollWaitCanceled
func poll_runtime_pollWaitCanceled(pd *pollDescriptor, mode int) {
	for !pd.block(mode) {
	}
}

// readTimeout and writeTimeout run when a deadline passes. A sequence number that is not the timer's: the deadline was changed meanwhile.
func readTimeout(arg any, seq uintptr, _ int64) {
	pd := arg.(*pollDescriptor)
	lock(&pd.lock, rankDescriptors)
	if seq == pd.readTimer.seq {
		pd.readDeadline = -1
	}
	unlock(&pd.lock)
	pd.wake('r')
}

func writeTimeout(arg any, seq uintptr, _ int64) {
	pd := arg.(*pollDescriptor)
	lock(&pd.lock, rankDescriptors)
	if seq == pd.writeTimer.seq {
		pd.writeDeadline = -1
	}
	unlock(&pd.lock)
	pd.wake('w')
}

// wake lets the goroutine that waits for a direction look at the state.
func (pd *pollDescriptor) wake(mode int) {
	pollunpark(pd.word(mode))
}

// setTimer makes a timer run f at a deadline; 0 or less: never. Deadlines go by the system's clock, in bubbles of testing/synctest too.
func setTimer(t **timeTimer, deadline int64, f func(any, uintptr, int64), pd *pollDescriptor) {
	switch {
	case deadline > 0 && *t == nil:
		*t = &timeTimer{f: f, arg: pd, at: -1, init: true}
		resetTimer(*t, deadline, 0)
	case deadline > 0:
		resetTimer(*t, deadline, 0)
	case *t != nil:
		stopTimer(*t)
	}
}

//go:linkname poll_runtime_pollSetDeadline internal/poll.runtime_pollSetDeadline
func poll_runtime_pollSetDeadline(pd *pollDescriptor, d int64, mode int) {
	if d > 0 {
		d += nanotime()
		if d < 0 {
			d = forever
		}
	}
	lock(&pd.lock, rankDescriptors)
	if pd.closing {
		unlock(&pd.lock)
		return
	}
	if mode != 'w' {
		pd.readDeadline = d
		setTimer(&pd.readTimer, d, readTimeout, pd)
	}
	if mode != 'r' {
		pd.writeDeadline = d
		setTimer(&pd.writeTimer, d, writeTimeout, pd)
	}
	unlock(&pd.lock)
	if d < 0 {
		if mode != 'w' {
			pd.wake('r')
		}
		if mode != 'r' {
			pd.wake('w')
		}
	}
}

//go:linkname poll_runtime_pollUnblock internal/poll.runtime_pollUnblock
func poll_runtime_pollUnblock(pd *pollDescriptor) {
	lock(&pd.lock, rankDescriptors)
	pd.closing = true
	setTimer(&pd.readTimer, 0, readTimeout, pd)
	setTimer(&pd.writeTimer, 0, writeTimeout, pd)
	unlock(&pd.lock)
	pd.wake('r')
	pd.wake('w')
}

//go:linkname poll_runtime_isPollServerDescriptor internal/poll.runtime_isPollServerDescriptor
func poll_runtime_isPollServerDescriptor(_ uintptr) bool { return false }
