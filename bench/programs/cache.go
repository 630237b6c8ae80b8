// A cache that drops what was used longest ago, with entries full of pointers: how long operations take while collections run.
package main

import (
	"flag"
	"math/bits"
	"runtime"
	"strconv"
	"time"
)

type part struct {
	next   *part
	label  *string
	counts [6]int64
}

type entry struct {
	newer, older *entry
	key          string
	parts        *part
	body         []byte
	uses         int
}

// cache keeps at most limit entries in a ring: ends.older is the newest, ends.newer the oldest.
type cache struct {
	entries map[string]*entry
	ends    entry
	limit   int
	body    int
}

func newCache(limit, body int) *cache {
	c := &cache{entries: make(map[string]*entry, limit), limit: limit, body: body}
	c.ends.newer, c.ends.older = &c.ends, &c.ends
	return c
}

func (e *entry) leave() {
	e.newer.older, e.older.newer = e.older, e.newer
}

func (c *cache) lead(e *entry) {
	e.newer, e.older = &c.ends, c.ends.older
	e.older.newer = e
	c.ends.older = e
}

func (c *cache) use(key string) {
	if e := c.entries[key]; e != nil {
		e.uses++
		e.leave()
		c.lead(e)
	}
}

func (c *cache) add(key string) {
	if len(c.entries) >= c.limit {
		oldest := c.ends.newer
		oldest.leave()
		delete(c.entries, oldest.key)
	}
	e := &entry{key: key, body: make([]byte, c.body)}
	for i := range 3 {
		e.parts = &part{next: e.parts, label: &e.key}
		e.parts.counts[0] = int64(i)
	}
	c.entries[key] = e
	c.lead(e)
}

// latencies counts times in ns. A power of two has 32 counters, so that quantiles are off by at most 3 percent.
type latencies struct {
	counters [60 * 32]uint64
	total    uint64
	worst    uint64
}

func (l *latencies) count(ns uint64) {
	l.total++
	l.worst = max(l.worst, ns)
	power := max(bits.Len64(ns)-6, 0)
	l.counters[power*32+int(ns>>power)]++
}

// quantile returns the lower bound of the counter that holds it.
func (l *latencies) quantile(share float64) uint64 {
	left := uint64(share * float64(l.total))
	for i, n := range l.counters {
		if n > left {
			power := max(i/32-1, 0)
			return uint64(i-power*32) << power
		}
		left -= n
	}
	return l.worst
}

func main() {
	limit := flag.Int("entries", 2_000_000, "entries that the cache keeps")
	operations := flag.Int("operations", 7_000_000, "operations to time")
	adds := flag.Int("adds", 40, "percent of operations that add an entry")
	body := flag.Int("body", 128, "bytes of an entry's body")
	flag.Parse()
	c := newCache(*limit, *body)
	next := 0
	for ; next < *limit; next++ {
		c.add("e" + strconv.Itoa(next))
	}
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	before := collections()

	var times latencies
	random := uint64(0x243F6A8885A308D3)
	begin := time.Now()
	last := begin
	for range *operations {
		random ^= random << 13
		random ^= random >> 7
		random ^= random << 17
		if int(random>>40%100) < *adds {
			c.add("e" + strconv.Itoa(next))
			next++
		} else {
			// One key in five is older than anything in the cache.
			age := 1 + int(random%uint64(*limit+*limit/4))
			c.use("e" + strconv.Itoa(max(next-age, 0)))
		}
		now := time.Now()
		times.count(uint64(now.Sub(last)))
		last = now
	}
	figure("throughput", float64(*operations)/last.Sub(begin).Seconds()/1e6, "Mop/s")
	figure("p99.9", float64(times.quantile(0.999)), "ns")
	figure("worst", float64(times.worst)/1e3, "us")
	figure("collections", float64(collections()-before), "times")
	figure("live", float64(stats.HeapAlloc)/1e6, "MB")
	runtime.KeepAlive(c)
}
