// Every metric of package runtime/metrics: its kind, the identities between metrics, and their agreement with MemStats.
package main

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"time"
)

// reading holds the values of all metrics at one point of time.
type reading struct {
	samples []metrics.Sample
	place   map[string]int
}

func newReading() *reading {
	r := &reading{place: map[string]int{}}
	for i, d := range metrics.All() {
		r.samples = append(r.samples, metrics.Sample{Name: d.Name})
		r.place[d.Name] = i
	}
	r.read() // makes the histograms, so that later reads allocate nothing
	return r
}

// read takes all values. ReadMemStats makes Go's counters exact before.
func (r *reading) read() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	metrics.Read(r.samples)
}

func (r *reading) value(name string) metrics.Value { return r.samples[r.place[name]].Value }
func (r *reading) u(name string) uint64            { return r.value(name).Uint64() }
func (r *reading) f(name string) float64           { return r.value(name).Float64() }
func (r *reading) h(name string) *metrics.Float64Histogram {
	return r.value(name).Float64Histogram()
}

var wrong []string

func check(ok bool, what ...any) {
	if !ok {
		wrong = append(wrong, fmt.Sprintln(what...))
	}
}

func equal(what string, got, want uint64) { check(got == want, what, "is", got, "not", want) }

func near(what string, got, want float64) {
	check(math.Abs(got-want) <= 1e-6*max(1, math.Abs(want)), what, "is", got, "not", want)
}

func sum(h *metrics.Float64Histogram) (n uint64) {
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// kinds checks that every metric has a value of the kind that its description names.
func kinds(r *reading) {
	number := map[metrics.ValueKind]int{}
	for i, d := range metrics.All() {
		check(r.samples[i].Value.Kind() == d.Kind, d.Name, "has kind", r.samples[i].Value.Kind())
		number[d.Kind]++
	}
	fmt.Println("kinds", len(r.samples), number)
	unknown := []metrics.Sample{{Name: "/no/such:thing"}, {Name: ""}, {Name: "/godebug/non-default-behavior/nonesuch:events"},
		{Name: "/gc/heap/allocs"}, {Name: "/godebug/non-default-behavior/:events"}}
	metrics.Read(unknown)
	for _, s := range unknown {
		check(s.Value.Kind() == metrics.KindBad, s.Name, "has kind", s.Value.Kind())
	}
}

func histograms(r *reading) {
	for i, d := range metrics.All() {
		if d.Kind != metrics.KindFloat64Histogram {
			continue
		}
		h := r.samples[i].Value.Float64Histogram()
		n := len(h.Buckets)
		check(len(h.Counts) == n-1, d.Name, "has", len(h.Counts), "counts")
		digest := 0.0
		for j := 1; j < n; j++ {
			check(h.Buckets[j-1] < h.Buckets[j], d.Name, "has boundaries out of order")
			if j < n-1 {
				digest = digest/3 + h.Buckets[j]
			}
		}
		fmt.Println(d.Name, n, h.Buckets[0], h.Buckets[1], h.Buckets[n/2], h.Buckets[n-2], h.Buckets[n-1], digest)
	}
	equal("sum of allocs-by-size", sum(r.h("/gc/heap/allocs-by-size:bytes")), r.u("/gc/heap/allocs:objects"))
	equal("sum of frees-by-size", sum(r.h("/gc/heap/frees-by-size:bytes")), r.u("/gc/heap/frees:objects"))
	equal("number of pauses", sum(r.h("/gc/pauses:seconds")), sum(r.h("/sched/pauses/total/gc:seconds")))
	equal("number of stops", sum(r.h("/sched/pauses/stopping/gc:seconds")), sum(r.h("/sched/pauses/total/gc:seconds")))
	check(sum(r.h("/gc/pauses:seconds")) >= r.u("/gc/cycles/total:gc-cycles"), "there are fewer pauses than cycles")
}

func identities(r *reading) {
	equal("objects", r.u("/gc/heap/allocs:objects")-r.u("/gc/heap/frees:objects"), r.u("/gc/heap/objects:objects"))
	equal("bytes", r.u("/gc/heap/allocs:bytes")-r.u("/gc/heap/frees:bytes"), r.u("/memory/classes/heap/objects:bytes"))
	equal("cycles", r.u("/gc/cycles/automatic:gc-cycles")+r.u("/gc/cycles/forced:gc-cycles"), r.u("/gc/cycles/total:gc-cycles"))
	equal("scan", r.u("/gc/scan/globals:bytes")+r.u("/gc/scan/heap:bytes")+r.u("/gc/scan/stack:bytes"), r.u("/gc/scan/total:bytes"))
	total := uint64(0)
	for name := range r.place {
		if strings.HasPrefix(name, "/memory/classes/") && name != "/memory/classes/total:bytes" {
			total += r.u(name)
			check(r.u(name) < 1<<40, name, "is", r.u(name))
		}
	}
	equal("sum of the classes of memory", total, r.u("/memory/classes/total:bytes"))
	gc := r.f("/cpu/classes/gc/mark/assist:cpu-seconds") + r.f("/cpu/classes/gc/mark/dedicated:cpu-seconds") +
		r.f("/cpu/classes/gc/mark/idle:cpu-seconds") + r.f("/cpu/classes/gc/pause:cpu-seconds")
	near("CPU time of the collector", gc, r.f("/cpu/classes/gc/total:cpu-seconds"))
	scavenge := r.f("/cpu/classes/scavenge/assist:cpu-seconds") + r.f("/cpu/classes/scavenge/background:cpu-seconds")
	near("CPU time of the scavenger", scavenge, r.f("/cpu/classes/scavenge/total:cpu-seconds"))
	near("CPU time", r.f("/cpu/classes/user:cpu-seconds")+gc+scavenge+r.f("/cpu/classes/idle:cpu-seconds"), r.f("/cpu/classes/total:cpu-seconds"))
	states := r.u("/sched/goroutines/running:goroutines") + r.u("/sched/goroutines/runnable:goroutines") +
		r.u("/sched/goroutines/waiting:goroutines") + r.u("/sched/goroutines/not-in-go:goroutines")
	equal("goroutines by state", states, r.u("/sched/goroutines:goroutines"))
	check(r.u("/sched/goroutines-created:goroutines") >= r.u("/sched/goroutines:goroutines"), "more goroutines than were made")
	check(r.u("/sched/threads/total:threads") >= 1, "there is no thread")
	equal("gomaxprocs", r.u("/sched/gomaxprocs:threads"), uint64(runtime.GOMAXPROCS(0)))
	check(r.u("/gc/scan/globals:bytes") > 0, "no global is scanned")
	check(r.u("/gc/stack/starting-size:bytes") >= 2048, "stacks start small")
}

// agreement compares the metrics with MemStats and debug.GCStats. Go's scavenger and its other goroutines may work between two
// reads, so one try of many must succeed.
func agreement(r *reading) {
	before := len(wrong)
	for range 50 {
		wrong = wrong[:before]
		if compare(r); len(wrong) == before {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func compare(r *reading) {
	var m runtime.MemStats
	r.read()
	runtime.ReadMemStats(&m)
	tiny := r.u("/gc/heap/tiny/allocs:objects")
	for name, want := range map[string]uint64{
		"/gc/heap/allocs:objects":                     m.Mallocs - tiny,
		"/gc/heap/frees:objects":                      m.Frees - tiny,
		"/gc/heap/allocs:bytes":                       m.TotalAlloc,
		"/gc/heap/frees:bytes":                        m.TotalAlloc - m.HeapAlloc,
		"/gc/heap/objects:objects":                    m.HeapObjects,
		"/gc/cycles/total:gc-cycles":                  uint64(m.NumGC),
		"/gc/cycles/forced:gc-cycles":                 uint64(m.NumForcedGC),
		"/memory/classes/heap/free:bytes":             m.HeapIdle - m.HeapReleased,
		"/memory/classes/heap/objects:bytes":          m.HeapAlloc,
		"/memory/classes/heap/released:bytes":         m.HeapReleased,
		"/memory/classes/heap/stacks:bytes":           m.StackInuse,
		"/memory/classes/heap/unused:bytes":           m.HeapInuse - m.HeapAlloc,
		"/memory/classes/metadata/mcache/inuse:bytes": m.MCacheInuse,
		"/memory/classes/metadata/mcache/free:bytes":  m.MCacheSys - m.MCacheInuse,
		"/memory/classes/metadata/mspan/inuse:bytes":  m.MSpanInuse,
		"/memory/classes/metadata/mspan/free:bytes":   m.MSpanSys - m.MSpanInuse,
		"/memory/classes/metadata/other:bytes":        m.GCSys,
		"/memory/classes/os-stacks:bytes":             m.StackSys - m.StackInuse,
		"/memory/classes/other:bytes":                 m.OtherSys,
		"/memory/classes/profiling/buckets:bytes":     m.BuckHashSys,
		"/memory/classes/total:bytes":                 m.Sys,
	} {
		equal(name, r.u(name), want)
	}
	allocs, frees := r.h("/gc/heap/allocs-by-size:bytes"), r.h("/gc/heap/frees-by-size:bytes")
	for i, class := range m.BySize[1:] {
		equal(fmt.Sprint("boundary ", i), uint64(allocs.Buckets[i+1]), uint64(class.Size)+1)
		equal(fmt.Sprint("allocs of class ", i), allocs.Counts[i], class.Mallocs)
		equal(fmt.Sprint("frees of class ", i), frees.Counts[i], class.Frees)
	}
	equal("Sys", m.Sys, m.HeapSys+m.StackSys+m.MSpanSys+m.MCacheSys+m.BuckHashSys+m.GCSys+m.OtherSys)
	equal("HeapSys", m.HeapSys, m.HeapIdle+m.HeapInuse)
	check(m.GCCPUFraction >= 0 && m.GCCPUFraction <= 1, "GCCPUFraction is", m.GCCPUFraction)
	var stats debug.GCStats
	debug.ReadGCStats(&stats)
	equal("NumGC", uint64(stats.NumGC), uint64(m.NumGC))
	equal("PauseTotal", uint64(stats.PauseTotal), m.PauseTotalNs)
	equal("LastGC", uint64(stats.LastGC.UnixNano()), m.LastGC)
	equal("pauses", uint64(len(stats.Pause)), uint64(min(stats.NumGC, 256)))
	for i := range stats.Pause {
		place := (int(m.NumGC) - 1 - i) % 256
		equal("Pause", uint64(stats.Pause[i]), m.PauseNs[place])
		equal("PauseEnd", uint64(stats.PauseEnd[i].UnixNano()), m.PauseEnd[place])
		check(i == 0 || !stats.PauseEnd[i].After(stats.PauseEnd[i-1]), "PauseEnd grows")
	}
}

// cumulative checks that no cumulative metric has become less.
func cumulative(before, after *reading) {
	for i, d := range metrics.All() {
		was, is := before.samples[i].Value, after.samples[i].Value
		switch {
		case !d.Cumulative:
		case d.Kind == metrics.KindUint64:
			check(is.Uint64() >= was.Uint64(), d.Name, "falls from", was.Uint64(), "to", is.Uint64())
		case d.Kind == metrics.KindFloat64:
			check(is.Float64() >= was.Float64()-1e-9, d.Name, "falls from", was.Float64(), "to", is.Float64())
		default:
			for j, n := range is.Float64Histogram().Counts {
				check(n >= was.Float64Histogram().Counts[j], d.Name, "falls in bucket", j)
			}
		}
	}
}

type node struct {
	next *node
	data [6]int
}

var (
	list  *node
	large []byte
	small [][]byte
)

//go:noinline
func allocate() {
	for range 10000 {
		list = &node{next: list}
	}
	for i := range 1000 {
		small = append(small, make([]byte, 1+i%5))
	}
	for range 10 {
		large = make([]byte, 100000)
	}
}

func bucketOf(h *metrics.Float64Histogram, value float64) int {
	for i := range h.Counts {
		if value < h.Buckets[i+1] {
			return i
		}
	}
	return -1
}

// growth checks what allocations, cycles and finalizers change.
func growth(before, after *reading) {
	before.read()
	allocate()
	after.read()
	grown := func(name string) uint64 { return after.u(name) - before.u(name) }
	check(grown("/gc/heap/allocs:objects") >= 10010, "allocs:objects grows by", grown("/gc/heap/allocs:objects"))
	check(grown("/gc/heap/allocs:bytes") >= 10000*56+10*100000, "allocs:bytes grows by", grown("/gc/heap/allocs:bytes"))
	check(grown("/gc/heap/tiny/allocs:objects") >= 700, "tiny allocs grow by", grown("/gc/heap/tiny/allocs:objects"))
	h, was := after.h("/gc/heap/allocs-by-size:bytes"), before.h("/gc/heap/allocs-by-size:bytes")
	last := len(h.Counts) - 1
	check(h.Counts[last]-was.Counts[last] >= 10, "large objects are not counted")
	nodes := bucketOf(h, 56)
	check(h.Counts[nodes]-was.Counts[nodes] >= 10000, "nodes are not counted in", h.Buckets[nodes])
	cumulative(before, after)
	identities(after)

	list, large, small = nil, nil, nil
	before.read()
	runtime.GC()
	runtime.GC()
	after.read()
	check(grown("/gc/cycles/forced:gc-cycles") == 2, "forced cycles grow by", grown("/gc/cycles/forced:gc-cycles"))
	check(grown("/gc/heap/frees:objects") >= 9000, "frees:objects grows by", grown("/gc/heap/frees:objects"))
	check(sum(after.h("/gc/pauses:seconds"))-sum(before.h("/gc/pauses:seconds")) >= 2, "pauses are not counted")
	check(after.f("/cpu/classes/gc/total:cpu-seconds") > 0, "the collector takes no time")
	check(after.f("/cpu/classes/total:cpu-seconds") > before.f("/cpu/classes/total:cpu-seconds"), "CPU time stands still")
	check(after.u("/gc/heap/live:bytes") > 0, "nothing lives")
	check(after.u("/gc/heap/live:bytes") <= after.u("/gc/heap/allocs:bytes"), "more lives than was allocated")
	cumulative(before, after)
	identities(after)
}

//go:noinline
func dying(n int) {
	for range n {
		f, c := new([5]*int), new([5]*int)
		runtime.SetFinalizer(f, func(*[5]*int) {})
		runtime.AddCleanup(c, func(int) {}, 1)
	}
}

//go:noinline
func wipe(depth int) int {
	var a [200]int
	a[depth%200] = depth
	if depth == 0 {
		return 0
	}
	return wipe(depth-1) + a[depth%200]
}

func finalizers(before, after *reading) {
	before.read()
	dying(100)
	wipe(20)
	for range 100 {
		runtime.GC()
		time.Sleep(time.Millisecond)
		if after.read(); after.u("/gc/cleanups/executed:cleanups") >= before.u("/gc/cleanups/executed:cleanups")+90 &&
			after.u("/gc/finalizers/executed:finalizers") >= before.u("/gc/finalizers/executed:finalizers")+90 {
			break
		}
	}
	for _, what := range []string{"finalizers", "cleanups"} {
		executed, queued := "/gc/"+what+"/executed:"+what, "/gc/"+what+"/queued:"+what
		n := after.u(executed) - before.u(executed)
		check(n >= 90 && n <= 100, n, what, "were executed")
		check(after.u(queued) >= after.u(executed), "more", what, "were executed than queued")
	}
}

func scheduling(before, after *reading) {
	before.read()
	var m sync.Mutex
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			for range 20 {
				m.Lock()
				runtime.Gosched()
				m.Unlock()
			}
		})
	}
	m.Lock()
	time.Sleep(2 * time.Millisecond)
	m.Unlock()
	all.Wait()
	after.read()
	check(after.u("/sched/goroutines-created:goroutines") >= before.u("/sched/goroutines-created:goroutines")+200, "goroutines are not counted")
	check(sum(after.h("/sched/latencies:seconds")) > sum(before.h("/sched/latencies:seconds")), "latencies are not counted")
	check(after.f("/sync/mutex/wait/total:seconds") > before.f("/sync/mutex/wait/total:seconds"), "waiting for a mutex is not counted")
	cumulative(before, after)
	stop := make(chan bool)
	for range 50 {
		go func() { <-stop }()
	}
	before.read()
	check(before.u("/sched/goroutines/runnable:goroutines")+before.u("/sched/goroutines/waiting:goroutines") >= 50, "goroutines have no state")
	check(before.u("/sched/goroutines:goroutines") >= uint64(runtime.NumGoroutine()), "fewer goroutines than NumGoroutine")
	time.Sleep(5 * time.Millisecond)
	after.read()
	check(after.u("/sched/goroutines/waiting:goroutines") >= 50, "goroutines do not wait")
	close(stop)
	time.Sleep(20 * time.Millisecond)
	runtime.GC()
	after.read()
	check(after.f("/cpu/classes/idle:cpu-seconds") >= 0.01, "idle for", after.f("/cpu/classes/idle:cpu-seconds"))
	cumulative(before, after)
	identities(after)
}

func settings(r *reading) {
	debug.SetGCPercent(77)
	debug.SetMemoryLimit(1 << 33)
	r.read()
	fmt.Println(r.u("/gc/gogc:percent"), r.u("/gc/gomemlimit:bytes"), r.u("/gc/limiter/last-enabled:gc-cycle"))
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(math.MaxInt64)
	r.read()
	fmt.Println(r.u("/gc/gogc:percent"), r.u("/gc/gomemlimit:bytes"), r.u("/cgo/go-to-c-calls:calls"))
	debug.SetGCPercent(100)
	old := runtime.GOMAXPROCS(3)
	runtime.GC()
	time.Sleep(10 * time.Millisecond)
	runtime.GC()
	r.read()
	identities(r)
	runtime.GOMAXPROCS(old)
}

func main() {
	before, after := newReading(), newReading()
	kinds(after)
	runtime.GC()
	debug.SetGCPercent(-1) // no cycle between two reads that are compared
	after.read()
	histograms(after)
	identities(after)
	agreement(after)
	growth(before, after)
	finalizers(before, after)
	agreement(after)
	settings(after)
	before.read()
	scheduling(before, after)
	fmt.Println("wrong:", wrong)
}
