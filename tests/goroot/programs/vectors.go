// What real Go does by assembly gives the same results, at the first and the last bytes of a page too.
package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash/crc32"
	"strings"
	"syscall"
)

// guarded returns a page between two pages that must not be read.
func guarded() []byte {
	page := syscall.Getpagesize()
	m, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	syscall.Mprotect(m[:page], syscall.PROT_NONE)
	syscall.Mprotect(m[2*page:], syscall.PROT_NONE)
	return m[page : 2*page : 2*page]
}

func indexByte(b []byte, c byte) int {
	for i, x := range b {
		if x == c {
			return i
		}
	}
	return -1
}

func count(b []byte, c byte) (n int) {
	for _, x := range b {
		if x == c {
			n++
		}
	}
	return n
}

func compare(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			if a[i] < b[i] {
				return -1
			}
			return 1
		}
	}
	return min(1, max(-1, len(a)-len(b)))
}

func index(b, q []byte) int {
	for i := 0; i+len(q) <= len(b); i++ {
		if compare(b[i:i+len(q)], q) == 0 {
			return i
		}
	}
	return -1
}

func check(ok bool, what string, args ...any) {
	if !ok {
		panic(what + " " + fmt.Sprint(args...))
	}
}

func searches(b, o []byte) {
	n := len(b)
	for i := range b {
		b[i] = byte(i * 7 % 5)
		o[i] = b[i]
	}
	check(bytes.IndexByte(b, 9) == -1 && bytes.Count(b, []byte{9}) == 0, "absent", n)
	for c := range byte(5) {
		check(bytes.Count(b, []byte{c}) == count(b, c), "count", n, c)
		check(strings.Count(string(b), string(rune(c))) == count(b, c), "count of string", n, c)
	}
	check(bytes.Compare(b, o) == 0 && bytes.Equal(b, o), "equal", n)
	if n > 0 {
		check(bytes.Compare(b[:n-1], o) == -1 && bytes.Compare(b, o[:n-1]) == 1, "shorter", n)
	}
	for i := 0; i < n; i += 1 + n/37 {
		old := b[i]
		b[i] = 200
		check(bytes.IndexByte(b, 200) == i && strings.IndexByte(string(b), 200) == i, "index", n, i)
		check(bytes.Compare(b, o) == compare(b, o) && bytes.Compare(o, b) == compare(o, b) && !bytes.Equal(b, o), "compare", n, i)
		for _, m := range []int{2, 3, 8, 17, 40, 63} {
			if i+m <= n {
				q := bytes.Clone(b[i : i+m])
				check(bytes.Index(b, q) == index(b, q), "index of", n, i, m)
				q[m-1] ^= 64
				check(bytes.Index(b, q) == index(b, q), "index of absent", n, i, m)
				q[m-1] ^= 64
				q[m/2] ^= 64
				check(strings.Index(string(b), string(q)) == index(b, q), "index of absent string", n, i, m)
			}
		}
		b[i] = old
	}
}

func main() {
	one, other := guarded(), guarded()
	for n := range 300 {
		searches(one[len(one)-n:], other[len(other)-n:])
		searches(one[:n], other[:n])
		searches(one[len(one)-n:], other[:n])
	}
	checksums(guarded())
}

func checksums(text []byte) {
	state := sha256.New()
	for i := range text {
		text[i] = byte(i*i>>3 + i)
	}
	for n := 0; n <= 4096; n += 1 + n/9 {
		for _, b := range [][]byte{text[len(text)-n:], text[:n]} {
			x, y, z := sha1.Sum(b), sha256.Sum256(b), sha512.Sum512(b)
			state.Write(x[:])
			state.Write(y[:])
			state.Write(z[:])
			fmt.Fprintln(state, n, crc32.ChecksumIEEE(b), crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
			for _, size := range []int{16, 24, 32} {
				block, _ := aes.NewCipher(text[n/2 : n/2+size])
				if n >= 16 {
					out := make([]byte, 16)
					block.Encrypt(out, b)
					block.Decrypt(out, out)
					check(bytes.Equal(out, b[:16]), "decrypt", n)
					block.Encrypt(out, b)
					state.Write(out)
				}
				out := make([]byte, n)
				iv := bytes.Repeat([]byte{255}, 16)
				cipher.NewCTR(block, iv).XORKeyStream(out, b)
				state.Write(out)
				gcm, _ := cipher.NewGCM(block)
				sealed := gcm.Seal(nil, text[:12], b, text[:n%50])
				state.Write(sealed)
				opened, err := gcm.Open(sealed[:0:n], text[:12], bytes.Clone(sealed), text[:n%50])
				check(err == nil && bytes.Equal(opened, b), "open", n)
				odd, _ := cipher.NewGCMWithNonceSize(block, 13)
				state.Write(odd.Seal(nil, text[:13], b, nil))
			}
		}
	}
	fmt.Printf("%x\n", state.Sum(nil))
}
