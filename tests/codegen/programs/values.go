package main

type big struct {
	a [5]int
	s string
	p *big
}
type small struct {
	x, y int32
	ok   bool
	s    string
}
type one struct{ p *int }
type arr1 [1]string
type named func(int) int
type vec [3]float64

func (v vec) add(w vec) (out vec) {
	for i := range v {
		out[i] = v[i] + w[i]
	}
	return
}
func (b *big) grow(n int) *big   { b.a[0] += n; return b }
func (b big) copyGrow(n int) big { b.a[0] += n; return b }

func swapBig(a, b big) (big, big) { return b, a }
func mixed(b bool, i8 int8, f float32, s small, v vec, t []int, m map[string]big, e any) (int, small, vec, any) {
	if b {
		s.x += int32(i8)
	}
	s.ok = !s.ok
	v[1] += float64(f)
	return len(t) + len(m), s, v, e
}

func aliasing() {
	x := big{a: [5]int{1, 2, 3, 4, 5}, s: "x"}
	y := x
	y.a[0] = 100
	x, y = y, x
	println(x.a[0], y.a[0])
	x = big{a: [5]int{x.a[4], x.a[3], x.a[2], x.a[1], x.a[0]}, s: x.s + "!"}
	println(x.a[0], x.a[4], x.s)
	arr := [4]int{1, 2, 3, 4}
	arr[0], arr[1], arr[2] = arr[1], arr[2], arr[0]
	println(arr[0], arr[1], arr[2])
	i := 0
	i, arr[i] = 2, 50
	println(i, arr[0], arr[2])
	p := &arr
	q := *p
	p[3] = 9
	println(q[3], arr[3], len(p))
	sl := arr[:]
	copy(sl[1:], sl)
	println(arr[0], arr[1], arr[2], arr[3])
	grid := [2][2]int{{1, 2}, {3, 4}}
	row := grid[1]
	grid[1] = grid[0]
	grid[0] = row
	println(grid[0][0], grid[1][1], grid == [2][2]int{{3, 4}, {1, 2}})
}

func equality() {
	a, b := big{s: "q"}, big{s: "q"}
	println(a == b, a != b)
	b.a[3] = 1
	println(a == b)
	s, t := small{1, 2, true, "s"}, small{1, 2, true, "s"}
	println(s == t, any(s) == any(t), any(s) == t)
	t.s = "t"
	println(s == t, any(s) == any(t))
	var e1, e2 any = 1, int64(1)
	println(e1 == e2, e1 == 1, e2 == 1, e1 == nil)
	var n *int
	println(any(n) == nil, any(n) == (*int)(nil), one{n} == one{}, arr1{"a"} == arr1{"a"})
	defer func() { println(recover().(error).Error()) }()
	println(any([]int{}) == any([]int{}))
}

func maps() {
	m := map[string]big{"a": {s: "1"}}
	v, ok := m["b"]
	println(len(v.s), ok, m["a"].s, m["a"].a[2])
	m["b"] = m["a"].copyGrow(5)
	println(m["b"].a[0], len(m))
	counts := map[rune]int{}
	for _, r := range "hello" {
		counts[r]++
	}
	println(counts['l'], counts['z'])
	keys := map[small]int{{1, 2, true, "k"}: 4}
	keys[small{1, 2, true, "k"}] *= 3
	println(keys[small{s: "k", x: 1, y: 2, ok: true}])
	ifaces := map[any]string{1: "int", "1": "string", 1.5: "float", small{}: "struct", nil: "nil"}
	println(ifaces[1], ifaces["1"], ifaces[1.5], ifaces[small{}], ifaces[nil], ifaces[2] == "")
	ptrs := map[*big]int{nil: 1}
	b := new(big)
	ptrs[b] += 2
	println(ptrs[b], ptrs[nil], ptrs[new(big)])
	bytes := map[string]int{"key": 7}
	println(bytes[string([]byte{'k', 'e', 'y'})])
	delete(m, "a")
	delete(m, "zz")
	println(len(m))
	clear(m)
	println(len(m))
	var nilMap map[int]int
	println(nilMap[3], len(nilMap))
	wide := map[int][200]int{1: {5: 6}}
	println(wide[1][5], wide[2][5])
	nest := map[string]map[string][]int{"x": {"y": {1}}}
	nest["x"]["y"] = append(nest["x"]["y"], 2)
	println(len(nest["x"]["y"]))
	defer func() { println(recover().(error).Error()) }()
	nilMap[1] = 1
}

func slices() {
	s := make([]int, 3, 10)
	t := s[1:2]
	println(len(t), cap(t), len(s[:10]), cap(s[2:5:7]), len(s[3:]), cap(s[10:10]))
	t = append(t, 7)
	println(s[2])
	t = append(t[:1:1], 8)
	println(s[2], t[1])
	var nils []string
	nils = append(nils, "a", "b")
	nils = append(nils, nils...)
	println(len(nils), nils[3])
	b := append([]byte("ab"), "cd"...)
	println(string(b), string(b[1:3]), len([]rune("aé世")), string([]rune{97, 0x4e16}))
	arr := [4]int(append(s, 1)[:4])
	ptr := (*[2]int)(s)
	ptr[1] = 33
	println(arr[3], s[1], len(ptr))
	vs := []vec{{1, 2, 3}, {4, 5, 6}}
	vs = append(vs, vs[0].add(vs[1]))
	println(vs[2][0], vs[2][2])
	sparse := []string{2: "two", 5: "five", "six"}
	println(len(sparse), sparse[2], sparse[6], sparse[0] == "")
	println(copy(b, "zz"), string(b), copy(s, s[1:]))
	clear(s)
	println(s[0], s[1])
	empty := []int{}
	println(empty == nil, nils == nil, len(empty))
}

func calls() {
	a, b := swapBig(big{s: "1"}, big{s: "2"})
	println(a.s, b.s)
	n, s, v, e := mixed(true, -3, 0.5, small{x: 10}, vec{1, 2, 3}, []int{1}, map[string]big{"a": {}}, "e")
	println(n, s.x, s.ok, v[1], e.(string))
	f := a.copyGrow
	a.a[0] = 50
	g := (*big).grow
	h := a.grow
	println(f(1).a[0], g(&a, 2).a[0], h(3).a[0], a.a[0])
	var nf named = func(x int) int { return x + n }
	n = 100
	println(nf(1))
	var fib func(int) int
	fib = func(n int) int {
		if n < 2 {
			return n
		}
		return fib(n-1) + fib(n-2)
	}
	println(fib(15))
	i, j := 1, vec{1}
	k := a
	func() { i, j[0], k.s = 5, 6, "seven" }()
	println(i, j[0], k.s, a.s)
	println(func(xs ...any) int { return len(xs) }(1, "a", nil), func(xs ...int) bool { return xs == nil }())
	defer func() { println(recover().(error).Error()) }()
	var none named
	none(1)
}

func bounds() {
	try := func(f func()) {
		defer func() { println(recover().(error).Error()) }()
		f()
	}
	s := []int{1, 2, 3}
	str := "abc"
	arr := [3]int{}
	n, u := 5, uint8(200)
	neg := -1
	var sh any = "x"
	var nilShape interface{ area() int }
	try(func() { println(s[n]) })
	try(func() { println(s[u]) })
	try(func() { println(arr[neg]) })
	try(func() { println(str[n]) })
	try(func() { println(s[n:]) })
	try(func() { println(s[neg+3 : 1 : neg+2]) })
	try(func() { println(s[:n]) })
	try(func() { println(str[n:]) })
	try(func() { println(str[2 : neg+2]) })
	try(func() { println(s[:2:n]) })
	try(func() { println(arr[n:]) })
	try(func() { println(1 << neg) })
	try(func() { println(n / (neg + 1)) })
	try(func() { println(make([]int, neg)) })
	try(func() { println(make([]int, 2, neg+2)) })
	try(func() { println([4]int(s)[0]) })
	try(func() { println(sh.(int)) })
	try(func() { println(sh.(areaer)) })
	try(func() { println(nilShape.area()) })
	try(func() { println(nilShape.(fooer)) })
	try(func() { println(any(nil).(int)) })
	try(func() { var m map[any]int; println(m[[]int{}]) })
	try(func() { panic(errString("custom")) })
	try(func() { var c chan int; close(c) })
	try(func() { panic(nil) })
}

type areaer interface{ area() int }
type fooer interface{ foo() }
type errString string

func (e errString) Error() string { return string(e) }

func main() {
	aliasing()
	equality()
	maps()
	slices()
	calls()
	bounds()
}
