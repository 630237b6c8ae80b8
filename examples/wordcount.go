// Word count: the ten most frequent words of the named files, or of standard input.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"unicode"
)

func count(r io.Reader, counts map[string]int) error {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 64*1024), 1<<20)
	for scanner.Scan() {
		words := strings.FieldsFunc(scanner.Text(), func(r rune) bool {
			return !unicode.IsLetter(r) && r != '\''
		})
		for _, word := range words {
			counts[strings.ToLower(word)]++
		}
	}
	return scanner.Err()
}

func main() {
	counts := map[string]int{}
	if len(os.Args) == 1 {
		if err := count(os.Stdin, counts); err != nil {
			fmt.Fprintln(os.Stderr, "wordcount:", err)
			os.Exit(1)
		}
	}
	for _, name := range os.Args[1:] {
		file, err := os.Open(name)
		if err == nil {
			err = count(file, counts)
			file.Close()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "wordcount:", err)
			os.Exit(1)
		}
	}
	type entry struct {
		word  string
		count int
	}
	entries := make([]entry, 0, len(counts))
	total := 0
	for word, n := range counts {
		entries = append(entries, entry{word, n})
		total += n
	}
	sort.Slice(entries, func(i, j int) bool {
		if entries[i].count != entries[j].count {
			return entries[i].count > entries[j].count
		}
		return entries[i].word < entries[j].word
	})
	fmt.Printf("%d words, %d distinct\n", total, len(entries))
	for _, e := range entries[:min(10, len(entries))] {
		fmt.Printf("%7d %s\n", e.count, e.word)
	}
}
