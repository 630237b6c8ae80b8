// The metrics of package runtime/metrics: all names of Go 1.27.3, with Go's kinds and bucket boundaries.

package runtime

import (
	"internal/godebugs"
	"internal/runtime/atomic"
	"unsafe"
)

// Kinds of a metric's value, with the numbers of package runtime/metrics.
const (
	metricBad = iota
	metricUint64
	metricFloat64
	metricHistogram
)

// These types have the fields of Sample, Value and Float64Histogram in package runtime/metrics.
type (
	metricSample struct {
		name  string
		value metricValue
	}
	metricValue struct {
		kind    int
		scalar  uint64
		pointer unsafe.Pointer
	}
	metricBuckets struct {
		counts  []uint64
		buckets []float64
	}
)

const (
	sizeClasses  = 68  // with class 0, which stands for large objects
	timeBuckets  = 162 // of the kernel's histograms of durations, and of Go's
	smallestTime = 8   // logarithm of the nanoseconds from which on each power of two has four buckets
)

// readings holds the statistics of one call of metrics.Read. They are taken together, so that sums and differences of them agree.
type readings struct {
	stats     gcStats
	sizes     [sizeClasses]sizeClass
	pauses    [timeBuckets]uint64
	latencies [timeBuckets]uint64

	heapScan, globalScan uint64 // bytes with pointers, if one of the metrics asks for them
}

//go:linkname metrics_readMetrics runtime/metrics.runtime_readMetrics
func metrics_readMetrics(samples unsafe.Pointer, n, _ int) {
	wanted := unsafe.Slice((*metricSample)(samples), n)
	var r readings
	stopTheWorld()
	gcstats(&r.stats)
	gcsizes(&r.sizes[0], sizeClasses)
	timehistograms(&r.pauses[0], &r.latencies[0], timeBuckets)
	if asksForScan(wanted) {
		r.heapScan, r.globalScan = gcscannable()
	}
	startTheWorld()
	for i := range wanted {
		r.read(wanted[i].name, &wanted[i].value)
	}
}

// asksForScan reports whether one of the metrics needs a visit of all spans.
func asksForScan(wanted []metricSample) bool {
	const prefix = "/gc/scan/"
	for i := range wanted {
		if name := wanted[i].name; len(name) > len(prefix) && name[:len(prefix)] == prefix {
			return true
		}
	}
	return false
}

// read stores the value of the metric with a name; its kind is metricBad if there is none.
func (r *readings) read(name string, out *metricValue) {
	if v, ok := r.heapMetric(name); ok {
		out.kind, out.scalar = metricUint64, v
	} else if v, ok := r.memoryMetric(name); ok {
		out.kind, out.scalar = metricUint64, v
	} else if v, ok := r.schedulerMetric(name); ok {
		out.kind, out.scalar = metricUint64, v
	} else if v, ok := r.timeMetric(name); ok {
		seconds := float64(v) / 1e9
		out.kind, out.scalar = metricFloat64, *(*uint64)(unsafe.Pointer(&seconds))
	} else if v, ok := settingMetric(name); ok {
		out.kind, out.scalar = metricUint64, v
	} else if !r.histogramMetric(name, out) {
		out.kind = metricBad
	}
}

// heapMetric returns the value of a metric of the collector or of objects.
func (r *readings) heapMetric(name string) (v uint64, ok bool) {
	s := &r.stats
	switch name {
	case "/gc/cleanups/executed:cleanups":
		return s.cleanupsExecuted, true
	case "/gc/cleanups/queued:cleanups":
		return s.cleanupsQueued, true
	case "/gc/cycles/automatic:gc-cycles":
		return s.cycles - s.forcedCycles, true
	case "/gc/cycles/forced:gc-cycles":
		return s.forcedCycles, true
	case "/gc/cycles/total:gc-cycles":
		return s.cycles, true
	case "/gc/finalizers/executed:finalizers":
		return s.finalizersExecuted, true
	case "/gc/finalizers/queued:finalizers":
		return s.finalizersQueued, true
	case "/gc/gogc:percent":
		return s.gcPercent, true
	case "/gc/gomemlimit:bytes":
		return s.limitBytes, true
	case "/gc/heap/allocs:bytes":
		return s.totalAllocBytes, true
	case "/gc/heap/allocs:objects":
		return s.mallocs, true
	case "/gc/heap/frees:bytes":
		return s.totalFreeBytes, true
	case "/gc/heap/frees:objects":
		return s.frees, true
	case "/gc/heap/goal:bytes":
		return s.nextGCBytes, true
	case "/gc/heap/live:bytes":
		return s.heapMarkedBytes, true
	case "/gc/heap/objects:objects":
		return s.mallocs - s.frees, true
	case "/gc/heap/tiny/allocs:objects":
		return s.tinyAllocs, true
	case "/gc/limiter/last-enabled:gc-cycle":
		return s.limiterCycle, true
	case "/gc/scan/globals:bytes":
		return r.globalScan, true
	case "/gc/scan/heap:bytes":
		return r.heapScan, true
	case "/gc/scan/stack:bytes":
		return s.stackScanBytes, true
	case "/gc/scan/total:bytes":
		return r.heapScan + r.globalScan + s.stackScanBytes, true
	case "/gc/stack/starting-size:bytes":
		return s.startingStackBytes, true
	}
	return 0, false
}

// memoryMetric returns the value of a class of memory. The classes add up to the total.
func (r *readings) memoryMetric(name string) (v uint64, ok bool) {
	s := &r.stats
	switch name {
	case "/memory/classes/heap/free:bytes":
		return s.heapIdleBytes - s.heapReleased, true
	case "/memory/classes/heap/objects:bytes":
		return s.heapLiveBytes, true
	case "/memory/classes/heap/released:bytes":
		return s.heapReleased, true
	case "/memory/classes/heap/stacks:bytes":
		return s.stackInUseBytes, true
	case "/memory/classes/heap/unused:bytes":
		return s.heapInUseBytes - s.heapLiveBytes, true
	case "/memory/classes/metadata/mcache/free:bytes":
		return 0, true // an mcache is a part of its processor
	case "/memory/classes/metadata/mcache/inuse:bytes":
		return s.mcacheBytes, true
	case "/memory/classes/metadata/mspan/free:bytes":
		return s.spanSysBytes - s.spanInUseBytes, true
	case "/memory/classes/metadata/mspan/inuse:bytes":
		return s.spanInUseBytes, true
	case "/memory/classes/metadata/other:bytes":
		return s.metadataBytes, true
	case "/memory/classes/os-stacks:bytes":
		return s.stackSysBytes - s.stackInUseBytes, true // 0: libc makes the stacks of threads
	case "/memory/classes/other:bytes":
		return s.otherSysBytes, true
	case "/memory/classes/profiling/buckets:bytes":
		return 0, true // the program itself takes no heap profile
	case "/memory/classes/total:bytes":
		return s.sysBytes(), true
	}
	return 0, false
}

// schedulerMetric returns the value of a metric of goroutines and threads.
func (r *readings) schedulerMetric(name string) (v uint64, ok bool) {
	s := &r.stats
	switch name {
	case "/cgo/go-to-c-calls:calls":
		return 0, true // there is no cgo
	case "/sched/gomaxprocs:threads":
		return uint64(gomaxprocs(0, setByProgram)), true
	case "/sched/goroutines-created:goroutines":
		return s.goroutinesCreated, true
	case "/sched/goroutines/not-in-go:goroutines":
		return 0, true // the thread that reads this is the only one that makes system calls
	case "/sched/goroutines/runnable:goroutines":
		return s.goroutinesRunnable, true
	case "/sched/goroutines/running:goroutines":
		return 1, true // the one that reads this
	case "/sched/goroutines/waiting:goroutines":
		return s.goroutines - s.goroutinesRunnable - 1, true
	case "/sched/goroutines:goroutines":
		return s.goroutines, true
	case "/sched/threads/total:threads":
		return s.threads, true
	}
	return 0, false
}

// timeMetric returns the value of a metric of time in nanoseconds.
func (r *readings) timeMetric(name string) (v uint64, ok bool) {
	s := &r.stats
	switch name {
	case "/cpu/classes/gc/mark/assist:cpu-seconds":
		return s.assistCPUNs, true
	case "/cpu/classes/gc/mark/dedicated:cpu-seconds":
		return s.workerCPUNs, true
	case "/cpu/classes/gc/mark/idle:cpu-seconds":
		return s.idleWorkerCPUNs, true
	case "/cpu/classes/gc/pause:cpu-seconds":
		return s.pauseCPUNs, true
	case "/cpu/classes/gc/total:cpu-seconds":
		return s.collectorCPUNs(), true
	case "/cpu/classes/idle:cpu-seconds":
		return s.idleCPUNs, true
	case "/cpu/classes/scavenge/assist:cpu-seconds":
		return s.scavengeAssistNs, true
	case "/cpu/classes/scavenge/background:cpu-seconds":
		return s.scavengeNs, true
	case "/cpu/classes/scavenge/total:cpu-seconds":
		return s.scavengeAssistNs + s.scavengeNs, true
	case "/cpu/classes/total:cpu-seconds":
		return s.totalCPUNs, true
	case "/cpu/classes/user:cpu-seconds":
		return s.totalCPUNs - s.collectorCPUNs() - s.scavengeAssistNs - s.scavengeNs - s.idleCPUNs, true
	case "/sync/mutex/wait/total:seconds":
		return atomic.Load64(&mutexWaitNs), true
	}
	return 0, false
}

// settingMetric returns how often a setting of GODEBUG changed what the program does.
func settingMetric(name string) (v uint64, ok bool) {
	const prefix, suffix = "/godebug/non-default-behavior/", ":events"
	if len(name) <= len(prefix)+len(suffix) || name[:len(prefix)] != prefix || name[len(name)-len(suffix):] != suffix {
		return 0, false
	}
	lock(&godebugLock, rankTables)
	registered := godebugMetrics
	unlock(&godebugLock)
	for _, m := range registered {
		if m.name == name {
			return m.read(), true
		}
	}
	// A package registers its metric when a setting first changes what it does.
	setting := godebugs.Lookup(name[len(prefix) : len(name)-len(suffix)])
	return 0, setting != nil && !setting.Opaque
}

// histogramMetric stores the histogram with a name; it returns false if there is none.
func (r *readings) histogramMetric(name string, out *metricValue) bool {
	switch name {
	case "/gc/heap/allocs-by-size:bytes":
		r.storeSizes(out, r.stats.mallocs, func(c *sizeClass) uint64 { return c.mallocs })
	case "/gc/heap/frees-by-size:bytes":
		r.storeSizes(out, r.stats.frees, func(c *sizeClass) uint64 { return c.frees })
	case "/gc/pauses:seconds", "/sched/pauses/total/gc:seconds":
		copy(out.histogram(timeBounds()), r.pauses[:])
	case "/sched/latencies:seconds":
		copy(out.histogram(timeBounds()), r.latencies[:])
	case "/sched/pauses/stopping/gc:seconds":
		// The thread that decides to collect is the one to stop: each of the pauses took no time to begin.
		counts := out.histogram(timeBounds())
		clear(counts)
		counts[1] = r.stats.cycles
	case "/sched/pauses/stopping/other:seconds", "/sched/pauses/total/other:seconds":
		clear(out.histogram(timeBounds())) // nothing but the collector stops the world
	default:
		return false
	}
	return true
}

// storeSizes stores the number of objects of each size class; all is the number of all objects.
func (r *readings) storeSizes(out *metricValue, all uint64, of func(*sizeClass) uint64) {
	counts := out.histogram(r.sizeBounds())
	for i := 1; i < sizeClasses; i++ {
		counts[i-1] = of(&r.sizes[i])
		all -= counts[i-1]
	}
	counts[sizeClasses-1] = all
}

// histogram makes v a histogram with these boundaries and returns the place for its counts, which it uses again if v has one.
func (v *metricValue) histogram(bounds []float64) []uint64 {
	h := (*metricBuckets)(v.pointer)
	if v.kind != metricHistogram || h == nil {
		h = new(metricBuckets)
		v.kind, v.pointer = metricHistogram, unsafe.Pointer(h)
	}
	h.buckets = bounds
	if len(h.counts) != len(bounds)-1 {
		h.counts = make([]uint64, len(bounds)-1)
	}
	return h.counts
}

var (
	boundariesLock                 uint32
	sizeBoundaries, timeBoundaries []float64 // made under the lock; they do not change after that
)

// sizeBounds returns the boundaries of the histograms by size: sizes in bytes, the first that is too large for the class before.
func (r *readings) sizeBounds() []float64 {
	lock(&boundariesLock, rankTables)
	if sizeBoundaries == nil {
		b := make([]float64, 0, sizeClasses+1)
		b = append(b, 1)
		for _, c := range r.sizes[1:] {
			b = append(b, float64(c.bytes+1))
		}
		sizeBoundaries = append(b, infinity(1))
	}
	bounds := sizeBoundaries
	unlock(&boundariesLock)
	return bounds
}

// timeBounds returns the boundaries of the histograms of durations, in seconds: four for each power of two in nanoseconds.
func timeBounds() []float64 {
	lock(&boundariesLock, rankTables)
	if timeBoundaries == nil {
		b := make([]float64, 0, timeBuckets+1)
		b = append(b, infinity(-1))
		for part := range uint64(4) {
			b = append(b, float64(part<<(smallestTime-2))/1e9)
		}
		for power := smallestTime; len(b) < timeBuckets-1; power++ {
			for part := range uint64(4) {
				b = append(b, float64((4+part)<<(power-2))/1e9)
			}
		}
		last := b[len(b)-4] * 2
		timeBoundaries = append(b, last, infinity(1))
	}
	bounds := timeBoundaries
	unlock(&boundariesLock)
	return bounds
}

// infinity returns an infinite number with a sign.
func infinity(sign float64) float64 {
	zero := 0.0
	return sign / zero
}
