// Assertions to interface types, again and again with types that implement them and with types that do not.
package main

import (
	"fmt"
	"sync"
)

type short interface{ Short() int }

type long interface {
	short
	Long() int
}

type hidden interface{ hidden() }

type both[T any] struct{ value T }

func (b both[T]) Short() int { return 1 }
func (b both[T]) Long() int  { return 2 }

type half int

func (h half) Short() int { return int(h) }

type pointer struct{ n int }

func (p *pointer) Short() int { return p.n }
func (p *pointer) Long() int  { return -p.n }
func (p *pointer) hidden()    {}

func values() []any {
	return []any{
		both[int8]{}, half(7), &pointer{5}, pointer{6}, nil, "text", both[string]{}, both[int16]{}, both[int32]{}, both[int64]{},
		both[uint8]{}, both[uint16]{}, both[[1]int]{}, both[[2]int]{}, both[[3]int]{}, both[[4]int]{}, both[error]{}, 3, 4.5, half(8),
	}
}

func must(v any) (result string) {
	defer func() {
		if r := recover(); r != nil {
			result = fmt.Sprint(r)
		}
	}()
	return fmt.Sprint(v.(long).Long())
}

func mustShort(v any) (result string) {
	defer func() {
		if r := recover(); r != nil {
			result = fmt.Sprint(r)
		}
	}()
	s, _ := v.(short)
	return fmt.Sprint(s.(long).Long())
}

func kind(v any) string {
	switch v := v.(type) {
	case hidden:
		return "hidden"
	case long:
		return fmt.Sprint("long ", v.Long())
	case short:
		return fmt.Sprint("short ", v.Short())
	case error:
		return "error"
	}
	return "other"
}

func all(v any) string {
	l, isLong := v.(long)
	s, isShort := v.(short)
	return fmt.Sprint(isLong, l == nil, isShort, s == nil, " ", kind(v), " ", must(v), " ", mustShort(v))
}

func generic[I any](v any) bool {
	_, ok := v.(I)
	return ok
}

func main() {
	for range 3 {
		for _, v := range values() {
			fmt.Println(all(v), generic[long](v), generic[hidden](v), generic[half](v))
		}
	}
	var expected []string
	for _, v := range values() {
		expected = append(expected, all(v))
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 50 {
				for i, v := range values() {
					if got := all(v); got != expected[i] {
						panic(got)
					}
				}
			}
		})
	}
	group.Wait()
}
