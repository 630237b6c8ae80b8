// Allocation and pointer stores: nanoseconds for each way to get memory that programs use.
package main

import (
	"flag"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// What is stored here is on the heap.
var (
	kept      unsafe.Pointer
	keptCall  func() int
	keptAny   any
	keptBytes []byte
	keptInts  []int
	keptNodes []*node
	keptText  string
	keptMap   map[int]int
	keptWords map[string]int
	keptCount int
)

type node struct{ left, right *node }

type way struct {
	name string
	loop func(n int)
}

// new of every size, without and with pointers.
var newData = []func(n int){
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([8]byte))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([16]byte))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([24]byte))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([32]byte))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([48]byte))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([64]byte))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([96]byte))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([128]byte))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([256]byte))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([512]byte))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([1024]byte))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([2048]byte))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([8192]byte))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([32768]byte))
		}
	},
}

var newPointers = []func(n int){
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([1]*node))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([2]*node))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([3]*node))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([4]*node))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([6]*node))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([8]*node))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([12]*node))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([16]*node))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([32]*node))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([64]*node))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([128]*node))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([256]*node))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([1024]*node))
		}
	},
	func(n int) {
		for range n {
			kept = unsafe.Pointer(new([4096]*node))
		}
	},
}

// Lengths that the compiler does not know.
var short, long = 100, 4096

//go:noinline
func adder(i int) func() int { return func() int { return i + short } }

var words = func() []string {
	words := make([]string, 1000)
	for i := range words {
		words[i] = "word" + strconv.Itoa(i*7919)
	}
	return words
}()

var places = func() map[string]int {
	places := map[string]int{}
	for i, word := range words {
		places[word] = i
	}
	return places
}()

// The loops of maps and appends do 1000 operations at a time, or n if that is less.
func thousands(n int, f func(count int)) {
	for ; n > 0; n -= 1000 {
		f(min(n, 1000))
	}
}

var ways = []way{
	{"closure", func(n int) {
		for i := range n {
			keptCall = adder(i)
		}
	}},
	{"boxed-integer", func(n int) {
		for i := range n {
			keptAny = i + 1000
		}
	}},
	{"slice-100", func(n int) {
		for range n {
			keptBytes = make([]byte, short)
		}
	}},
	{"slice-4096", func(n int) {
		for range n {
			keptBytes = make([]byte, long)
		}
	}},
	{"slice-100-pointers", func(n int) {
		for range n {
			keptNodes = make([]*node, short)
		}
	}},
	{"append", func(n int) {
		thousands(n, func(count int) {
			var ints []int
			for i := range count {
				ints = append(ints, i)
			}
			keptInts = ints
		})
	}},
	{"append-pointers", func(n int) {
		x := &node{}
		thousands(n, func(count int) {
			var nodes []*node
			for range count {
				nodes = append(nodes, x)
			}
			keptNodes = nodes
		})
	}},
	{"string-join", func(n int) {
		for i := range n {
			keptText = words[i%1000] + ", " + words[(i+1)%1000]
		}
	}},
	{"string-builder", func(n int) {
		for i := range n {
			var b strings.Builder
			for j := range 8 {
				b.WriteString(words[(i+j)%1000])
			}
			keptText = b.String()
		}
	}},
	{"string-of-bytes", func(n int) {
		text := []byte("thirty-two bytes of text, all in")
		for range n {
			keptText = string(text)
		}
	}},
	{"map-insert", func(n int) {
		thousands(n, func(count int) {
			m := map[int]int{}
			for i := range count {
				m[i*0x9E3779B1] = i
			}
			keptMap = m
		})
	}},
	{"map-insert-strings", func(n int) {
		thousands(n, func(count int) {
			m := map[string]int{}
			for i := range count {
				m[words[i]] = i
			}
			keptWords = m
		})
	}},
	{"map-lookup", func(n int) {
		sum := 0
		for i := range n {
			sum += places[words[i*7%1000]]
		}
		keptCount = sum
	}},
}

// stores returns the time of a store in the batch of 4096 that is slower than this share of them. Batches that a slice of marking interrupts are
// so few that they do not matter.
func stores(lasting time.Duration, share float64) float64 {
	nodes := make([]*node, 1024)
	keptNodes = nodes
	x := &node{}
	var took []float64
	for begin := time.Now(); time.Since(begin) < lasting || len(took) == 0; {
		start := time.Now()
		for range 4 {
			for i := range nodes {
				nodes[i] = x
			}
		}
		took = append(took, float64(time.Since(start).Nanoseconds())/4096)
	}
	slices.Sort(took)
	return took[int(share*float64(len(took)-1))]
}

func grow(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{grow(depth - 1), grow(depth - 1)}
}

// storesWhileMarking measures beside a goroutine that collects in a loop. The tree is so large that nearly all of its time is marking.
func storesWhileMarking(lasting time.Duration, depth int) float64 {
	tree := grow(depth)
	runtime.GC()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	// Let the first collection begin.
	runtime.Gosched()
	// With two processors the barrier may be off for more than half of the time.
	ns := stores(lasting, 0.8)
	close(stop)
	<-stopped
	runtime.KeepAlive(tree)
	return ns
}

func geometricMean(atLeast time.Duration, loops []func(n int)) float64 {
	sum := 0.0
	for _, loop := range loops {
		sum += math.Log(perOperation(atLeast, loop))
	}
	return math.Exp(sum / float64(len(loops)))
}

func main() {
	atLeast := flag.Duration("at-least", 40*time.Millisecond, "how long a loop runs")
	depth := flag.Int("depth", 21, "depth of the tree that is marked while pointers are stored")
	flag.Parse()
	data, pointers := geometricMean(*atLeast, newData), geometricMean(*atLeast, newPointers)
	figure("new", math.Sqrt(data*pointers), "ns")
	figure("new-data", data, "ns")
	figure("new-pointers", pointers, "ns")
	for _, w := range ways {
		figure(w.name, perOperation(*atLeast, w.loop), "ns")
	}
	figure("store-barrier-off", stores(*atLeast, 0.5), "ns")
	figure("store-barrier-on", storesWhileMarking(4**atLeast, *depth), "ns")
}
