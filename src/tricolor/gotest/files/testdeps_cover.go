// Counts of covered statements. Instrumented packages register their counters here; package testing asks for the fraction and the
// profile. Go's own compiler and runtime keep counters in sections of their own, which our programs have not.

package testdeps

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"
)

// coverFile holds the counters of a file. A block has one count, three words of position (first line, last line, last column<<16 | first
// column), and a number of statements: the form in which the cover tool declares them.
type coverFile struct {
	name       string
	counts     []uint32
	positions  []uint32
	statements []uint16
}

type coverBlock struct {
	fromLine, fromColumn, toLine, toColumn uint32
	statements                             uint16
	count                                  uint32
}

// coverFiles is filled in before this package is initialised, so it must not have an initialiser.
var coverFiles []coverFile

func coverRegister(name string, counts, positions []uint32, statements []uint16) {
	coverFiles = append(coverFiles, coverFile{name, counts, positions, statements})
}

func init() {
	CoverSnapshotFunc = coverFraction
	CoverProcessTestDirFunc = coverReport
	CoverMarkProfileEmittedFunc = func(bool) {}
}

func coverStatements() (covered, total int) {
	for _, file := range coverFiles {
		for i := range file.counts {
			total += int(file.statements[i])
			if atomic.LoadUint32(&file.counts[i]) != 0 {
				covered += int(file.statements[i])
			}
		}
	}
	return covered, total
}

func coverFraction() float64 {
	covered, total := coverStatements()
	if total == 0 {
		return 0
	}
	return float64(covered) / float64(total)
}

func coverReport(_, profile, mode, where string, out io.Writer, _ []string) error {
	if covered, total := coverStatements(); total == 0 {
		fmt.Fprintln(out, "coverage: [no statements]")
	} else {
		fmt.Fprintf(out, "coverage: %.1f%% of statements%s\n", 100*float64(covered)/float64(total), where)
	}
	if profile == "" {
		return nil
	}
	file, err := os.Create(profile)
	if err != nil {
		return err
	}
	fmt.Fprintf(file, "mode: %s\n", mode)
	slices.SortFunc(coverFiles, func(a, b coverFile) int { return cmp.Compare(a.name, b.name) })
	for _, f := range coverFiles {
		for _, b := range f.blocks() {
			fmt.Fprintf(file, "%s:%d.%d,%d.%d %d %d\n", f.name, b.fromLine, b.fromColumn, b.toLine, b.toColumn, b.statements, b.count)
		}
	}
	return file.Close()
}

// blocks returns the blocks of the file in the order of their positions.
func (f coverFile) blocks() []coverBlock {
	var all []coverBlock
	for i := range f.counts {
		p := f.positions[3*i:]
		all = append(all, coverBlock{p[0], p[2] & 0xffff, p[1], p[2] >> 16, f.statements[i], atomic.LoadUint32(&f.counts[i])})
	}
	slices.SortFunc(all, func(a, b coverBlock) int {
		return cmp.Or(cmp.Compare(a.fromLine, b.fromLine), cmp.Compare(a.fromColumn, b.fromColumn),
			cmp.Compare(a.toLine, b.toLine), cmp.Compare(a.toColumn, b.toColumn))
	})
	return all
}
