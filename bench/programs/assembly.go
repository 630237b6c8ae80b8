// What real Go does by assembly: searches and comparisons of bytes, checksums, hashes, ciphers, and assertions from interface to interface.
// Names end in the bytes of each call.
package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"flag"
	"fmt"
	"hash/crc32"
	"time"
)

var atLeast = flag.Duration("at-least", 20*time.Millisecond, "time of each measurement")

var sink int

type short interface{ Short() }

type long interface {
	short
	Long()
}

type number int

func (n *number) Short() {}
func (n *number) Long()  {}

var kept long

func measure(name string, size int, call func()) {
	took := perOperation(*atLeast, func(n int) {
		for range n {
			call()
		}
	})
	figure(fmt.Sprintf("%s-%d", name, size), took, "ns")
}

func main() {
	flag.Parse()
	for _, size := range []int{16, 256, 1 << 20} {
		text := bytes.Repeat([]byte("abcdefghijklmnop"), size/16)
		searches(text, bytes.Clone(text))
		hashes(text)
		ciphers(text)
	}
	values := []short{new(number), new(number)}
	took := perOperation(*atLeast, func(n int) {
		for i := range n {
			kept = values[i&1].(long)
		}
	})
	figure("assertion", took, "ns")
}

func searches(text, same []byte) {
	n := len(text)
	measure("index-byte", n, func() { sink += bytes.IndexByte(text, 'z') })
	measure("index", n, func() { sink += bytes.Index(text, []byte("abcdx")) })
	measure("count", n, func() { sink += bytes.Count(text, []byte{'c'}) })
	measure("compare", n, func() { sink += bytes.Compare(text, same) })
}

func hashes(text []byte) {
	n := len(text)
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	measure("crc32", n, func() { sink += int(crc32.ChecksumIEEE(text)) })
	measure("crc32c", n, func() { sink += int(crc32.Checksum(text, castagnoli)) })
	measure("sha1", n, func() { sum := sha1.Sum(text); sink += int(sum[0]) })
	measure("sha256", n, func() { sum := sha256.Sum256(text); sink += int(sum[0]) })
	measure("sha512", n, func() { sum := sha512.Sum512(text); sink += int(sum[0]) })
}

func ciphers(text []byte) {
	n := len(text)
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	stream := cipher.NewCTR(block, make([]byte, 16))
	nonce, sealed, opened := make([]byte, 12), make([]byte, 0, n+16), make([]byte, n)
	measure("aes-ctr", n, func() { stream.XORKeyStream(opened, text) })
	measure("aes-gcm", n, func() { sealed = gcm.Seal(sealed[:0], nonce, text, nil) })
}
