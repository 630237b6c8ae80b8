// Large literals that are almost all zero are not part of the program's file.
package main

var (
	numbers = [4 << 20]int{7: 1, 1 << 20: 2}
	bytes   = []byte{100 << 20: 3}
	names   = [1 << 18]string{5: "five"}
	dense   = [4]int{1, 2, 3, 4}
)

func local() int {
	x := [1 << 20]int32{9: 4}
	return int(x[9] + x[10])
}

func main() {
	sum := 0
	for _, n := range numbers {
		sum += n
	}
	println(sum, len(bytes), bytes[100<<20], bytes[5], names[5], names[6] == "", dense[3], local())
}
