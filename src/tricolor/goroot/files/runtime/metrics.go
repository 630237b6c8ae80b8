// The metrics of package runtime/metrics for which the memory manager and the scheduler have values.

package runtime

import "unsafe"

// Kinds of a metric's value, with the numbers of package runtime/metrics.
const (
	metricBad = iota
	metricUint64
	metricFloat64
)

type metricValue struct {
	kind    int
	scalar  uint64
	pointer unsafe.Pointer
}

type metricSample struct {
	name  string
	value metricValue
}

// metric returns the value of the metric with a name; ok is false for an unknown name.
func metric(name string, s *gcStats) (v uint64, ok bool) {
	switch name {
	case "/gc/cycles/automatic:gc-cycles":
		return s.cycles - s.forcedCycles, true
	case "/gc/cycles/forced:gc-cycles":
		return s.forcedCycles, true
	case "/gc/cycles/total:gc-cycles":
		return s.cycles, true
	case "/gc/gogc:percent":
		return s.gcPercent, true
	case "/gc/gomemlimit:bytes":
		return s.limitBytes, true
	case "/gc/heap/allocs:bytes":
		return s.totalAllocBytes, true
	case "/gc/heap/allocs:objects":
		return s.mallocs, true
	case "/gc/heap/frees:bytes":
		return s.totalAllocBytes - s.heapLiveBytes, true
	case "/gc/heap/frees:objects":
		return s.frees, true
	case "/gc/heap/goal:bytes":
		return s.gcGoalBytes, true
	case "/gc/heap/live:bytes", "/memory/classes/heap/objects:bytes":
		return s.heapLiveBytes, true
	case "/gc/heap/objects:objects":
		return s.mallocs - s.frees, true
	case "/gc/scan/heap:bytes":
		return s.scannableBytes, true
	case "/gc/stack/starting-size:bytes":
		return 2048, true
	case "/memory/classes/heap/free:bytes":
		return s.heapIdleBytes - s.heapReleased, true
	case "/memory/classes/heap/released:bytes":
		return s.heapReleased, true
	case "/memory/classes/heap/stacks:bytes":
		return s.stackInUseBytes, true
	case "/memory/classes/heap/unused:bytes":
		return s.heapInUseBytes - s.heapLiveBytes, true
	case "/memory/classes/metadata/other:bytes":
		return s.metadataBytes, true
	case "/memory/classes/os-stacks:bytes":
		return s.stackSysBytes - s.stackInUseBytes, true
	case "/memory/classes/other:bytes":
		return s.otherSysBytes, true
	case "/memory/classes/total:bytes":
		return s.heapSysBytes + s.stackSysBytes + s.otherSysBytes + s.metadataBytes, true
	case "/sched/gomaxprocs:threads":
		return uint64(gomaxprocs(0)), true
	case "/sched/goroutines:goroutines":
		return uint64(gcount()), true
	}
	for _, m := range godebugMetrics {
		if m.name == name {
			return m.read(), true
		}
	}
	return 0, false
}

//go:linkname metrics_readMetrics runtime/metrics.runtime_readMetrics
func metrics_readMetrics(samples unsafe.Pointer, n, _ int) {
	var s gcStats
	gcstats(&s)
	for i := range n {
		sample := &unsafe.Slice((*metricSample)(samples), n)[i]
		sample.value = metricValue{}
		if v, ok := metric(sample.name, &s); ok {
			sample.value = metricValue{kind: metricUint64, scalar: v}
		}
	}
}
