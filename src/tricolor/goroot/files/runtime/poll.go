// Waiting for file descriptors. Pipes, sockets and terminals that package os opens are non-blocking. A goroutine that cannot read
// or write yet sleeps and tries again, so that other goroutines run meanwhile; its sleep doubles from 20 us to 1 ms. Regular
// files are always ready. Blocking descriptors (standard input and output) are polled in the same way before a read or a write,
// if there are other goroutines.

package runtime

import (
	"internal/runtime/syscall/linux"
	"unsafe"
)

const (
	firstPollSleep = 20_000    // ns; higher: fewer calls, slower answers
	lastPollSleep  = 1_000_000 // ns

	sysPoll  = 7
	sysFstat = 5

	pollIn  = 0x1
	pollOut = 0x4

	pollReady       = 0
	pollClosing     = 1
	pollTimeout     = 2
	notPollable     = 1 // EPERM, the error of epoll for a regular file
	badDescriptor   = 9
	modeFormatMask  = 0xf000
	modeFIFO        = 0x1000
	modeCharDevice  = 0x2000
	modeSocket      = 0xc000
	statBytes       = 144
	statModeOffset  = 24
	shortestTimeout = 0

	pipePiece = 4096 // number of bytes for which a pipe has room if it is ready
)

type pollDescriptor struct {
	fd            uintptr
	closing       bool
	readDeadline  int64 // ns of nanotime; 0: none, negative: passed
	writeDeadline int64
}

// Descriptors in use. Package internal/poll knows each by its index plus one.
var descriptors struct {
	lock uint32
	all  []*pollDescriptor
}

type pollfd struct {
	fd      int32
	events  int16
	revents int16
}

// ready reports whether a read or write would not wait. A descriptor with an error is ready, since the call reports the error.
func ready(fd uintptr, events int16) bool {
	p := pollfd{fd: int32(fd), events: events}
	n, _, _ := linux.Syscall6(sysPoll, uintptr(unsafe.Pointer(&p)), 1, shortestTimeout, 0, 0, 0)
	return n != 0
}

func descriptor(ctx uintptr) *pollDescriptor {
	lock(&descriptors.lock)
	pd := descriptors.all[ctx-1]
	unlock(&descriptors.lock)
	return pd
}

//go:linkname poll_runtime_pollServerInit internal/poll.runtime_pollServerInit
func poll_runtime_pollServerInit() {}

//go:linkname poll_runtime_pollOpen internal/poll.runtime_pollOpen
func poll_runtime_pollOpen(fd uintptr) (uintptr, int) {
	var stat [statBytes]byte
	if _, _, errno := linux.Syscall6(sysFstat, fd, uintptr(unsafe.Pointer(&stat)), 0, 0, 0, 0); errno != 0 {
		return 0, badDescriptor
	}
	switch *(*uint32)(unsafe.Pointer(&stat[statModeOffset])) & modeFormatMask {
	case modeFIFO, modeCharDevice, modeSocket:
	default:
		return 0, notPollable
	}
	pd := &pollDescriptor{fd: fd}
	lock(&descriptors.lock)
	defer unlock(&descriptors.lock)
	for i, used := range descriptors.all {
		if used == nil {
			descriptors.all[i] = pd
			return uintptr(i + 1), 0
		}
	}
	descriptors.all = append(descriptors.all, pd)
	return uintptr(len(descriptors.all)), 0
}

//go:linkname poll_runtime_pollClose internal/poll.runtime_pollClose
func poll_runtime_pollClose(ctx uintptr) {
	lock(&descriptors.lock)
	descriptors.all[ctx-1] = nil
	unlock(&descriptors.lock)
}

// state returns the reason why a goroutine cannot wait for the descriptor, pollReady if it can.
func (pd *pollDescriptor) state(mode int) int {
	deadline := pd.readDeadline
	if mode == 'w' {
		deadline = pd.writeDeadline
	}
	switch {
	case pd.closing:
		return pollClosing
	case deadline < 0, deadline > 0 && nanotime() >= deadline:
		return pollTimeout
	}
	return pollReady
}

//go:linkname poll_runtime_pollReset internal/poll.runtime_pollReset
func poll_runtime_pollReset(ctx uintptr, mode int) int {
	return descriptor(ctx).state(mode)
}

//go:linkname poll_runtime_pollWait internal/poll.runtime_pollWait
func poll_runtime_pollWait(ctx uintptr, mode int) int {
	pd := descriptor(ctx)
	events := int16(pollIn)
	if mode == 'w' {
		events = pollOut
	}
	for sleep := int64(firstPollSleep); ; sleep = min(2*sleep, lastPollSleep) {
		if s := pd.state(mode); s != pollReady {
			return s
		}
		if ready(pd.fd, events) {
			return pollReady
		}
		gosleep(nil, nanotime()+sleep, waitIO)
	}
}

//go:linkname poll_runtime_pollWaitCanceled internal/poll.runtime_pollWaitCanceled
func poll_runtime_pollWaitCanceled(ctx uintptr, mode int) {
	for pd := descriptor(ctx); !pd.closing && !ready(pd.fd, pollIn|pollOut); {
		gosleep(nil, nanotime()+firstPollSleep, waitIO)
	}
}

//go:linkname poll_runtime_pollSetDeadline internal/poll.runtime_pollSetDeadline
func poll_runtime_pollSetDeadline(ctx uintptr, d int64, mode int) {
	if d > 0 {
		d += nanotime()
		if d < 0 {
			d = forever
		}
	}
	pd := descriptor(ctx)
	if mode != 'w' {
		pd.readDeadline = d
	}
	if mode != 'r' {
		pd.writeDeadline = d
	}
}

//go:linkname poll_runtime_pollUnblock internal/poll.runtime_pollUnblock
func poll_runtime_pollUnblock(ctx uintptr) {
	descriptor(ctx).closing = true
}

//go:linkname poll_runtime_isPollServerDescriptor internal/poll.runtime_isPollServerDescriptor
func poll_runtime_isPollServerDescriptor(_ uintptr) bool { return false }

// beforeRead waits until a blocking descriptor has something to read, and lets other goroutines run meanwhile.
func beforeRead(fd uintptr) { waitReady(fd, pollIn) }

// beforeWrite waits until a blocking descriptor has room, and lets other goroutines run meanwhile. It returns how many of n bytes
// can be written without waiting.
func beforeWrite(fd, n uintptr) uintptr {
	if !waitReady(fd, pollOut) || n <= pipePiece {
		return n
	}
	var stat [statBytes]byte
	_, _, errno := linux.Syscall6(sysFstat, fd, uintptr(unsafe.Pointer(&stat)), 0, 0, 0, 0)
	if errno == 0 && *(*uint32)(unsafe.Pointer(&stat[statModeOffset]))&modeFormatMask == modeFIFO {
		return pipePiece
	}
	return n
}

// waitReady waits until the descriptor is ready. It does not wait and returns false if there is nothing else to run.
func waitReady(fd uintptr, events int16) bool {
	for sleep := int64(firstPollSleep); ; sleep = min(2*sleep, lastPollSleep) {
		if gcount() <= 1 && len(timers.heap) == 0 {
			return false
		}
		if ready(fd, events) {
			return true
		}
		gosleep(nil, nanotime()+sleep, waitIO)
	}
}
