// Functions of the runtime for signals, tracing and profiling. Only signals are supported.

package runtime

import (
	"internal/profilerecord"
	"internal/runtime/atomic"
	"unsafe"
)

// os_sigpipe ends the program by SIGPIPE, unless it ignores or wants the signal. Package os calls it after a write to a closed pipe on
// standard output or standard error.
//
//go:linkname os_sigpipe os.sigpipe
func os_sigpipe() {
	const sigpipe = 13
	if signalignored(sigpipe) || signalnote(sigpipe) {
		return
	}
	diefromsignal(sigpipe)
}

//go:linkname os_ignoreSIGSYS os.ignoreSIGSYS
func os_ignoreSIGSYS() {}

//go:linkname os_restoreSIGSYS os.restoreSIGSYS
func os_restoreSIGSYS() {}

// Package os/signal. The kernel records signals. The package's goroutine polls for them and sends them to channels.

const (
	signalLook     = 10_000_000 // ns between polls; higher: fewer wake-ups, later signals
	signalIdleLook = 20_000     // the same while a goroutine waits until all signals are taken
)

//go:linkname signal_enable os/signal.signal_enable
func signal_enable(sig uint32) { signalenable(sig) }

//go:linkname signal_disable os/signal.signal_disable
func signal_disable(sig uint32) { signaldisable(sig) }

//go:linkname signal_ignore os/signal.signal_ignore
func signal_ignore(sig uint32) { signalignore(sig) }

//go:linkname signal_ignored os/signal.signal_ignored
func signal_ignored(sig uint32) bool { return signalignored(sig) }

// signalsTaken holds the signals that signal_recv has taken from the kernel and not returned yet.
var signalsTaken atomic.Uint64

//go:linkname signalWaitUntilIdle os/signal.signalWaitUntilIdle
func signalWaitUntilIdle() {
	for signalspending() != 0 || signalsTaken.Load() != 0 {
		gosleep(nil, nanotime()+signalIdleLook, waitIO)
	}
}

//go:linkname signal_recv os/signal.signal_recv
func signal_recv() uint32 {
	// Sleep between polls and do not park: a program that waits for a signal is not deadlocked.
	for {
		taken := signalsTaken.Load()
		if taken == 0 {
			taken = signalstake()
			signalsTaken.Store(taken)
		}
		for i := range uint32(64) {
			if taken>>i&1 != 0 {
				signalsTaken.Store(taken &^ (1 << i))
				return i + 1
			}
		}
		gosleep(nil, nanotime()+signalLook, waitIO)
	}
}

// Package runtime/trace.

//go:linkname trace_userTaskCreate runtime/trace.userTaskCreate
func trace_userTaskCreate(_, _ uint64, _ string) {}

//go:linkname trace_userTaskEnd runtime/trace.userTaskEnd
func trace_userTaskEnd(_ uint64) {}

//go:linkname trace_userRegion runtime/trace.userRegion
func trace_userRegion(_, _ uint64, _ string) {}

//go:linkname trace_userLog runtime/trace.userLog
func trace_userLog(_ uint64, _, _ string) {}

//go:linkname trace_clockUnits runtime/trace.runtime_traceClockUnitsPerSecond
func trace_clockUnits() uint64 { return 1e9 }

func traceClockNow() uint64 { return uint64(nanotime()) }

func traceAdvance(_ bool) {}

// StartTrace returns an error, since there is no tracer.
func StartTrace() error { return plainError("runtime: execution tracing is not supported") }

// StopTrace does nothing.
func StopTrace() {}

// ReadTrace returns no data.
func ReadTrace() []byte { return nil }

// Package runtime/pprof. Its profiles are in mprof.go, cpuprof.go and blockprof.go; that of leaked goroutines is empty.

// CPUProfile panics, as in Go.
func CPUProfile() []byte { panic("CPUProfile no longer available") }

// SetCgoTraceback does nothing.
func SetCgoTraceback(_ int, _, _, _ unsafe.Pointer) {}

func pprof_goroutineLeakProfileWithLabels(_ []profilerecord.StackRecord, _ []unsafe.Pointer) (n int, ok bool) {
	return 0, true
}

//go:linkname pprof_leakCount runtime/pprof.runtime_goroutineleakcount
func pprof_leakCount() int { return 0 }

//go:linkname pprof_leakGC runtime/pprof.runtime_goroutineLeakGC
func pprof_leakGC() {}

//go:linkname pprof_cyclesPerSecond runtime/pprof.runtime_cyclesPerSecond
func pprof_cyclesPerSecond() int64 { return 1e9 }

func pprof_fpunwindExpand(dst, src []uintptr) int { return copy(dst, src) }

func pprof_makeProfStack() []uintptr { return make([]uintptr, 128) }

// Package crypto. There is no FIPS mode.

var fipsIndicator uint8

//go:linkname fips_getIndicator crypto/internal/fips140.getIndicator
func fips_getIndicator() uint8 { return fipsIndicator }

//go:linkname fips_setIndicator crypto/internal/fips140.setIndicator
func fips_setIndicator(indicator uint8) { fipsIndicator = indicator }

//go:linkname fips_setBypass crypto/fips140.setBypass
func fips_setBypass() {}

//go:linkname fips_unsetBypass crypto/fips140.unsetBypass
func fips_unsetBypass() {}

//go:linkname fips_isBypassed crypto/fips140.isBypassed
func fips_isBypassed() bool { return false }

//go:linkname subtle_setDITEnabled crypto/subtle.setDITEnabled
func subtle_setDITEnabled() bool { return false }

//go:linkname subtle_setDITDisabled crypto/subtle.setDITDisabled
func subtle_setDITDisabled() {}
