// LRU cache: a map and an intrusive list, fed with a skewed stream of keys.
package main

import (
	"fmt"
	"os"
	"strconv"
)

type node struct {
	key, value string
	prev, next *node
}

type cache struct {
	capacity   int
	nodes      map[string]*node
	head, tail *node
	hits, miss int
}

func newCache(capacity int) *cache {
	c := &cache{capacity: capacity, nodes: make(map[string]*node, capacity), head: &node{}, tail: &node{}}
	c.head.next, c.tail.prev = c.tail, c.head
	return c
}

func (c *cache) unlink(n *node) { n.prev.next, n.next.prev = n.next, n.prev }

func (c *cache) pushFront(n *node) {
	n.prev, n.next = c.head, c.head.next
	c.head.next.prev = n
	c.head.next = n
}

func (c *cache) get(key string) (string, bool) {
	n, ok := c.nodes[key]
	if !ok {
		c.miss++
		return "", false
	}
	c.hits++
	c.unlink(n)
	c.pushFront(n)
	return n.value, true
}

func (c *cache) put(key, value string) {
	if n, ok := c.nodes[key]; ok {
		n.value = value
		c.unlink(n)
		c.pushFront(n)
		return
	}
	if len(c.nodes) >= c.capacity {
		last := c.tail.prev
		c.unlink(last)
		delete(c.nodes, last.key)
	}
	n := &node{key: key, value: value}
	c.nodes[key] = n
	c.pushFront(n)
}

func main() {
	requests := 200000
	if len(os.Args) > 1 {
		if v, err := strconv.Atoi(os.Args[1]); err == nil {
			requests = v
		}
	}
	c := newCache(1000)
	seed := uint64(42)
	for range requests {
		seed ^= seed << 13
		seed ^= seed >> 7
		seed ^= seed << 17
		r := seed % 10000
		key := fmt.Sprintf("user:%d", r*r/10000)
		if _, ok := c.get(key); !ok {
			c.put(key, "profile of "+key)
		}
	}
	fmt.Println("entries:", len(c.nodes))
	fmt.Println("hits:", c.hits, "misses:", c.miss)
	fmt.Println("front:", c.head.next.key, "=", c.head.next.value)
}
