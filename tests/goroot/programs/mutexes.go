// Mutexes: locked and unlocked at the call where that is possible, in the function otherwise; nil ones, and one that is not locked.
package main

import (
	"fmt"
	"sync"
)

type T struct {
	n int
	sync.Mutex
}

var global sync.Mutex

func try(name string, f func()) {
	defer func() { fmt.Println(name, recover()) }()
	f()
}

func main() {
	var t T
	t.Lock()
	fmt.Println(t.TryLock())
	t.Unlock()
	fmt.Println(t.TryLock())
	t.Unlock()
	global.Lock()
	defer global.Unlock()
	try("nil", func() { var m *sync.Mutex; m.Lock() })
	try("nil", func() { var t *T; t.Lock() })
	try("nil", func() { var t *T; t.Unlock() })
	var l sync.Locker = &t
	l.Lock()
	var wg sync.WaitGroup
	sum := 0
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 1000 {
				t.Lock()
				sum++
				t.Unlock()
			}
		}()
	}
	l.Unlock()
	wg.Wait()
	fmt.Println(sum)
	lock := t.Lock
	lock()
	t.Unlock()
}
