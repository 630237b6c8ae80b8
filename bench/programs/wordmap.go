// Word counting: a map from strings to counts, fed with words that the program generates.
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	n, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	text := make([]byte, 0, 1<<20)
	seed := uint64(7)
	for len(text) < 1<<20-16 {
		seed ^= seed << 13
		seed ^= seed >> 7
		seed ^= seed << 17
		rank := seed % 65536 * (seed >> 32 % 65536) / 65536
		text = append(text, 'w')
		text = strconv.AppendUint(text, rank*2654435761%100003, 36)
		text = append(text, ' ')
	}
	counts := map[string]int{}
	words := 0
	for words < n {
		start := 0
		for i, c := range text {
			if c == ' ' {
				counts[string(text[start:i])]++
				start = i + 1
				words++
			}
		}
	}
	most, mostWord := 0, ""
	total := 0
	for word, count := range counts {
		total += count
		if count > most || count == most && word < mostWord {
			most, mostWord = count, word
		}
	}
	fmt.Println(words, total, len(counts), mostWord, most)
}
