// Generic containers: a heap, an ordered map as a treap, and iterators over them.
package main

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

type Heap[T any] struct {
	items []T
	less  func(a, b T) bool
}

func NewHeap[T any](less func(a, b T) bool) *Heap[T] { return &Heap[T]{less: less} }

func (h *Heap[T]) Push(x T) {
	h.items = append(h.items, x)
	for i := len(h.items) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h.less(h.items[i], h.items[parent]) {
			break
		}
		h.items[i], h.items[parent] = h.items[parent], h.items[i]
		i = parent
	}
}

func (h *Heap[T]) Pop() (T, bool) {
	var zero T
	if len(h.items) == 0 {
		return zero, false
	}
	top := h.items[0]
	last := len(h.items) - 1
	h.items[0], h.items[last] = h.items[last], zero
	h.items = h.items[:last]
	for i := 0; ; {
		smallest := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if h.less(h.items[child], h.items[smallest]) {
				smallest = child
			}
		}
		if smallest == i {
			return top, true
		}
		h.items[i], h.items[smallest] = h.items[smallest], h.items[i]
		i = smallest
	}
}

type treap[K cmp.Ordered, V any] struct {
	key         K
	value       V
	priority    uint32
	left, right *treap[K, V]
}

type OrderedMap[K cmp.Ordered, V any] struct {
	root *treap[K, V]
	size int
	seed uint32
}

func (m *OrderedMap[K, V]) Set(key K, value V) {
	m.root = m.insert(m.root, key, value)
}

func (m *OrderedMap[K, V]) insert(t *treap[K, V], key K, value V) *treap[K, V] {
	if t == nil {
		m.size++
		m.seed = m.seed*1664525 + 1013904223
		return &treap[K, V]{key: key, value: value, priority: m.seed}
	}
	switch c := cmp.Compare(key, t.key); {
	case c == 0:
		t.value = value
	case c < 0:
		t.left = m.insert(t.left, key, value)
		if t.left.priority > t.priority {
			l := t.left
			t.left, l.right = l.right, t
			return l
		}
	default:
		t.right = m.insert(t.right, key, value)
		if t.right.priority > t.priority {
			r := t.right
			t.right, r.left = r.left, t
			return r
		}
	}
	return t
}

func (m *OrderedMap[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		m.root.walk(yield)
	}
}

func (t *treap[K, V]) walk(yield func(K, V) bool) bool {
	return t == nil || t.left.walk(yield) && yield(t.key, t.value) && t.right.walk(yield)
}

func Map[A, B any](seq iter.Seq[A], f func(A) B) iter.Seq[B] {
	return func(yield func(B) bool) {
		for a := range seq {
			if !yield(f(a)) {
				return
			}
		}
	}
}

type point struct{ x, y int }

func main() {
	h := NewHeap(func(a, b point) bool { return a.x*a.x+a.y*a.y < b.x*b.x+b.y*b.y })
	for i := range 10 {
		h.Push(point{(i * 7) % 10, (i * 3) % 10})
	}
	for p, ok := h.Pop(); ok; p, ok = h.Pop() {
		fmt.Print(p, " ")
	}
	fmt.Println()
	var m OrderedMap[string, int]
	for i, word := range strings.Fields("the quick brown fox jumps over the lazy dog") {
		m.Set(word, i)
	}
	for k, v := range m.All() {
		if k == "quick" {
			break
		}
		fmt.Print(k, "=", v, " ")
	}
	fmt.Println("size", m.size)
	squares := Map(slices.Values([]int{1, 2, 3, 4}), func(n int) string { return fmt.Sprint(n * n) })
	fmt.Println(slices.Collect(squares), slices.Sorted(maps.Keys(map[string]bool{"b": true, "a": false})))
	next, stop := iter.Pull2(m.All())
	k, v, ok := next()
	fmt.Println(k, v, ok)
	stop()
}
