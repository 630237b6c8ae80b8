// Marking: bytes of live heap per second of forced collections, for heaps of different shapes.
package main

import (
	"flag"
	"math/rand"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"
)

type (
	pair struct{ left, right *pair }
	link struct {
		next *link
		n    int
	}
	vertex struct {
		edges [4]*vertex
		data  [4]int64
	}
	page [511]*int64
)

func grow(depth int) *pair {
	if depth == 0 {
		return &pair{}
	}
	return &pair{grow(depth - 1), grow(depth - 1)}
}

// A graph has edges from each vertex to some that far chooses by its index.
func graph(count int, far func(i int) int) any {
	vertices := make([]*vertex, count)
	for i := range vertices {
		vertices[i] = &vertex{}
	}
	for i, v := range vertices {
		for j := range v.edges {
			v.edges[j] = vertices[far(i)]
		}
	}
	return vertices
}

type shape struct {
	name  string
	build func(bytes int, random *rand.Rand) any
}

var shapes = []shape{
	{"tree", func(bytes int, random *rand.Rand) any {
		depth := 1
		for 16<<(depth+2) <= bytes {
			depth++
		}
		return grow(depth)
	}},
	{"graph", func(bytes int, random *rand.Rand) any {
		count := bytes / 64
		return graph(count, func(int) int { return random.Intn(count) })
	}},
	{"local", func(bytes int, random *rand.Rand) any {
		count := bytes / 64
		return graph(count, func(i int) int { return (i + random.Intn(1000)) % count })
	}},
	{"list", func(bytes int, random *rand.Rand) any {
		var first *link
		for i := range bytes / 16 {
			first = &link{first, i}
		}
		return first
	}},
	{"pointers", func(bytes int, random *rand.Rand) any {
		pointers := make([]*int64, bytes/16)
		for i := range pointers {
			pointers[i] = new(int64)
		}
		random.Shuffle(len(pointers), func(i, j int) { pointers[i], pointers[j] = pointers[j], pointers[i] })
		return pointers
	}},
	{"map", func(bytes int, random *rand.Rand) any {
		m := map[string]*vertex{}
		for i := range bytes / 160 {
			m["name"+strconv.Itoa(i)] = &vertex{}
		}
		return m
	}},
	{"objects-4k", func(bytes int, random *rand.Rand) any {
		x := new(int64)
		pages := make([]*page, bytes/4096)
		for i := range pages {
			pages[i] = new(page)
			for j := range pages[i] {
				pages[i][j] = x
			}
		}
		return pages
	}},
}

// markSeconds returns the processor time that all collections have spent on marking.
func markSeconds() float64 {
	samples := []metrics.Sample{
		{Name: "/cpu/classes/gc/mark/dedicated:cpu-seconds"},
		{Name: "/cpu/classes/gc/mark/idle:cpu-seconds"},
		{Name: "/cpu/classes/gc/mark/assist:cpu-seconds"},
	}
	metrics.Read(samples)
	sum := 0.0
	for _, s := range samples {
		sum += s.Value.Float64()
	}
	return sum
}

func measure(s shape, bytes, times int) {
	heap := s.build(bytes, rand.New(rand.NewSource(1)))
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	processor, wall := make([]float64, times), make([]float64, times)
	for i := range times {
		before, start := markSeconds(), time.Now()
		runtime.GC()
		wall[i] = time.Since(start).Seconds()
		processor[i] = markSeconds() - before
	}
	live := float64(stats.HeapAlloc) / 1e9
	figure(s.name, live/median(processor), "GB/s")
	figure(s.name+"-wall", live/median(wall), "GB/s")
	runtime.KeepAlive(heap)
}

func main() {
	megabytes := flag.Int("megabytes", 128, "size of each heap")
	times := flag.Int("times", 3, "collections of each heap")
	names := flag.String("shapes", "", "shapes to measure, with commas between; default: all")
	flag.Parse()
	for _, s := range shapes {
		if *names == "" || strings.Contains(","+*names+",", ","+s.name+",") {
			measure(s, *megabytes<<20, *times)
		}
	}
}
