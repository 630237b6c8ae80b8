// Goload loads a whole Go program, type-checks it, and writes it as one typed-program file.
//
// Flow: go list -deps (golist.go) -> parse all files in parallel (parse.go) -> type-check packages
// along the import graph (check.go) -> write packages, functions, types and objects in one
// deterministic order (decl.go, expr.go, stmt.go, typetable.go, objects.go, container.go).
//
// Exit status: 0: the program is written. 1: the user's program has faults; stderr has the text that the
// go command prints. 3: goload itself failed. 4 (with -partial): the program has faults, and the packages
// without faults are written.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

type request struct {
	goCommand string            // the go command of the pinned toolchain
	tags      string            // comma-separated build tags
	overlay   string            // JSON file in the form of go build -overlay; "" if none
	replace   map[string]string // the overlay: path -> path of the file to read
	patterns  []string
	stdGo     string // language version of standard packages and of packages without a module
	timings   bool
	test      bool // load the test binary of the package that the pattern names
	spellings bool // also write how the source spells types of expressions

	partial    bool     // write the packages without faults even if others have faults
	remembered string   // folder with a file for each key that other runs have results for; "": no keys
	salt       string   // part of every key
	bodies     []string // packages to write with all bodies, and with all packages that they import

	verdict verdict
}

func main() {
	var req request
	var output, replacements string
	var filesOnly bool
	var errorsOnly bool
	var bodies string
	flag.StringVar(&req.goCommand, "go", "go", "the go command")
	flag.StringVar(&req.tags, "tags", "", "build tags")
	flag.StringVar(&req.overlay, "overlay", "", "overlay file for the go command")
	flag.StringVar(&replacements, "replacements", "", "the same overlay as pairs of lines")
	flag.StringVar(&req.stdGo, "lang", "go1.27", "language version outside modules")
	flag.StringVar(&output, "o", "", "the typed-program file to write")
	flag.BoolVar(&filesOnly, "files", false, "print the files that the program depends on, one JSON object")
	flag.BoolVar(&errorsOnly, "errors", false, "only build the program with the go command, and print its messages")
	flag.BoolVar(&req.spellings, "spellings", false, "write how the source spells types (byte or uint8), for messages")
	flag.StringVar(&req.remembered, "remembered", "", "folder with a file for each key of a package whose declarations suffice; needs -salt")
	flag.StringVar(&req.salt, "salt", "", "text on which the keys of packages depend in addition")
	flag.StringVar(&bodies, "bodies", "", "comma-separated packages to write with all bodies, and with all packages that they import")
	flag.BoolVar(&req.partial, "partial", false, "write the packages without faults even if others have faults")
	flag.BoolVar(&req.test, "test", false, "load the test binary of the package")
	flag.BoolVar(&req.timings, "timings", false, "print the time of each phase on stderr")
	flag.Parse()
	req.patterns = flag.Args()
	if bodies != "" {
		req.bodies = strings.Split(bodies, ",")
	}

	// The process is short-lived, so trade memory for fewer garbage collections.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(1 << 30)

	req.replace = readReplacements(replacements)
	clock := newStopwatch(req.timings)
	pkgs := goList(&req)
	clock.lap("go list")
	if filesOnly {
		printFiles(pkgs)
		return
	}
	if errorsOnly {
		if text := buildErrors(pkgs); text != "" {
			refuse(text)
		}
		return
	}
	fset := parseAll(&req, pkgs)
	clock.lap("parse")
	if req.remembered != "" {
		setKeys(&req, pkgs)
		leaveOutBodies(&req, pkgs)
	}
	checkAndWrite(fset, &req, pkgs, output)
	clock.lap("check and write")
}

// readReplacements reads pairs of lines: the path of a file, and the path of the file to read in its place.
func readReplacements(path string) map[string]string {
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		fail("%v", err)
	}
	table := map[string]string{}
	for lines := strings.Split(string(text), "\n"); len(lines) >= 2; lines = lines[2:] {
		table[lines[0]] = lines[1]
	}
	return table
}

// printFiles writes {"files": [...]}: all source, assembly and embedded files, after the overlay.
func printFiles(pkgs []*listed) {
	var w jsonWriter
	w.raw(`{"files":[`)
	first := true
	for _, p := range pkgs {
		for _, name := range p.allFiles() {
			if !first {
				w.raw(",\n")
			}
			first = false
			w.str(p.req.source(p.path(name)))
		}
	}
	w.raw("]}\n")
	out := bufio.NewWriter(os.Stdout)
	out.Write(w.buf)
	if err := out.Flush(); err != nil {
		fail("%v", err)
	}
}

// source returns the path from which a file is read: the overlay's file or the file itself.
func (r *request) source(path string) string {
	if to, ok := r.replace[path]; ok {
		return to
	}
	return path
}

// fail reports a failure of goload or of its environment, not of the user's program, and exits.
func fail(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	fmt.Fprintln(os.Stderr, "goload: "+strings.TrimSpace(text))
	os.Exit(3)
}

// refuse prints the diagnostics of a faulty program and exits.
func refuse(text string) {
	fmt.Fprintln(os.Stderr, strings.TrimRight(text, "\n"))
	os.Exit(1)
}
