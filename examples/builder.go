// String builder: a report composed in several ways, with the output of each.
package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
)

type row struct {
	name  string
	value float64
}

func concatenated(rows []row) string {
	out := ""
	for _, r := range rows {
		out += r.name + "=" + strconv.FormatFloat(r.value, 'g', 6, 64) + ";"
	}
	return out
}

func built(rows []row) string {
	var b strings.Builder
	b.Grow(len(rows) * 16)
	for _, r := range rows {
		b.WriteString(r.name)
		b.WriteByte('=')
		b.WriteString(strconv.FormatFloat(r.value, 'g', 6, 64))
		b.WriteByte(';')
	}
	return b.String()
}

func main() {
	rows := make([]row, 200)
	for i := range rows {
		rows[i] = row{fmt.Sprintf("k%03d", i), float64(i*i) / 7}
	}
	a, b := concatenated(rows), built(rows)
	fmt.Println(len(a), a == b, strings.Count(a, ";"))
	fmt.Println(strings.ToUpper(a[:40]), strings.Repeat("-", 10))
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 8, 2, ' ', tabwriter.AlignRight|tabwriter.Debug)
	for _, r := range rows[:5] {
		fmt.Fprintf(w, "%s\t%.3f\t%8x\t%q\t\n", r.name, r.value, int(r.value), r.name)
	}
	w.Flush()
	fmt.Print(table.String())
	fmt.Println(strings.Map(func(r rune) rune {
		if r == '世' {
			return 'W'
		}
		return r
	}, "Hello, 世界"), []byte("世"), []rune("世界"))
}
