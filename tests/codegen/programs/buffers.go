package main

//go:noinline
func cat(a, b string) int {
	s := a + "-" + b
	n := 0
	for i := range s {
		n += int(s[i]) * i
	}
	return n + len(s)
}

//go:noinline
func bytes(s string) int {
	b := []byte(s)
	for i := range b {
		b[i]++
	}
	t := string(b)
	n := 0
	for i := 0; i < len(t); i++ {
		n += int(t[i])
	}
	return n + len(b)
}

//go:noinline
func mk(n int) int {
	b := make([]int32, n)
	for i := range b {
		b[i] += int32(i)
	}
	s := 0
	for _, x := range b {
		s += int(x)
	}
	return s + cap(b)
}

//go:noinline
func mk2(n, m int) (r any) {
	defer func() {
		if e := recover(); e != nil {
			r = e
		}
	}()
	b := make([]int64, n, m)
	return len(b)*1000 + cap(b)
}

//go:noinline
func loop(n int) (t int) {
	for i := 0; i < n; i++ {
		s := make([]byte, i)
		for j := range s {
			if s[j] != 0 {
				panic("dirty")
			}
			s[j] = 1
		}
		t += len(s)
	}
	return
}
func main() {
	long := "0123456789012345678901234567890123456789"
	println(cat("a", "b"), cat("", ""), cat(long, "x"), cat(long[:15], long[:16]), cat(long[:16], long[:16]))
	println(bytes(""), bytes("abc"), bytes(long[:32]), bytes(long[:33]), bytes(long))
	println(mk(0), mk(3), mk(8), mk(9), mk(1000), loop(100))
	println(mk2(1, 2).(int), mk2(4, 4).(int), mk2(5, 9).(int), mk2(3, 2).(error).Error(), mk2(-1, 2).(error).Error(), mk2(1, -2).(error).Error())
}
