package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// fault is one error of the user's program; text may have continuation lines that begin with a tab.
type fault struct {
	pos  token.Pos
	text string
	raw  string // a whole line by the compiler itself, used instead of pos and text
}

// maxFaults is how many errors the compiler prints for a package before it gives up.
const maxFaults = 10

// addTypeFault appends an error of go/types. Secondary errors (a leading tab) join the one before.
func addTypeFault(faults []fault, err error) []fault {
	e, ok := err.(types.Error)
	if !ok {
		return append(faults, fault{text: err.Error()})
	}
	if strings.HasPrefix(e.Msg, "\t") && len(faults) > 0 {
		last := &faults[len(faults)-1]
		at := displayPosition(e.Fset.Position(e.Pos))
		last.text += "\n\t" + at + ": " + strings.TrimPrefix(e.Msg, "\t")
		return faults
	}
	return append(faults, fault{pos: e.Pos, text: e.Msg})
}

// syntaxFaults returns the syntax errors of a package, in the words of the compiler: if go/parser
// finds one, the real compiler is asked (it stops after parsing, before it needs any import).
func syntaxFaults(req *request, p *listed) []fault {
	var own []fault
	for _, f := range p.parsed {
		for _, e := range f.errs {
			own = append(own, fault{pos: token.NoPos, raw: displayPosition(e.Pos) + ": " + e.Msg})
		}
	}
	if len(own) == 0 {
		return nil
	}
	if lines := compilerSyntaxErrors(req, p); len(lines) > 0 {
		own = nil
		for _, line := range lines {
			own = append(own, fault{raw: line})
		}
	}
	return own
}

func compilerSyntaxErrors(req *request, p *listed) []string {
	dir, err := os.MkdirTemp("", "tricolor-")
	if err != nil {
		return nil
	}
	defer os.RemoveAll(dir)
	args := []string{"tool", "compile", "-p", p.ImportPath, "-o", filepath.Join(dir, "out.a")}
	shown := map[string]string{}
	for _, f := range p.parsed {
		args = append(args, f.source)
		shown[f.source] = displayPath(f.path)
	}
	out, _ := exec.Command(req.goCommand, args...).Output()
	var lines []string
	for line := range bytes.Lines(out) {
		text := strings.TrimRight(string(line), "\n")
		for source, name := range shown {
			if rest, ok := strings.CutPrefix(text, source+":"); ok {
				text = name + ":" + rest
				break
			}
		}
		if strings.Contains(text, "syntax error") || len(lines) > 0 || strings.Contains(text, ": ") {
			lines = append(lines, text)
		}
	}
	return lines
}

// compilerFaults returns what the compiler refuses and go/types does not look at.
func (p *listed) compilerFaults(info *types.Info) []fault {
	var faults []fault
	if p.Standard || len(p.SFiles) > 0 {
		return nil
	}
	for _, f := range p.parsed {
		named := map[string]bool{}
		for _, l := range f.linknames() {
			named[l.local] = true
		}
		for _, decl := range f.syntax.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if ok && fn.Body == nil && !named[fn.Name.Name] {
				faults = append(faults, fault{pos: fn.Name.Pos(), text: "missing function body"})
			}
		}
	}
	return faults
}

// diagnostics returns the text that the go command prints for all faulty packages.
func diagnostics(fset *token.FileSet, pkgs []*listed) string {
	var out strings.Builder
	for _, p := range pkgs {
		<-p.check.done
		if len(p.check.faults) > 0 {
			fmt.Fprintf(&out, "# %s\n", p.ImportPath)
			printFaults(&out, fset, p.check.faults)
		}
	}
	return out.String()
}

// printFaults writes the faults of one package sorted by position, one a line of the source.
func printFaults(out *strings.Builder, fset *token.FileSet, faults []fault) {
	slices.SortStableFunc(faults, func(a, b fault) int { return int(a.pos - b.pos) })
	count := 0
	lastLine := ""
	for _, f := range faults {
		if f.raw != "" {
			fmt.Fprintln(out, f.raw)
			continue
		}
		at := fset.Position(f.pos)
		line := fmt.Sprintf("%s:%d: %s", at.Filename, at.Line, f.text)
		if line == lastLine {
			continue
		}
		lastLine = line
		if count == maxFaults {
			fmt.Fprintln(out, "too many errors")
			return
		}
		count++
		fmt.Fprintf(out, "%s: %s\n", displayPosition(at), f.text)
	}
}

func displayPosition(at token.Position) string {
	if !at.IsValid() {
		return "-"
	}
	if at.Column == 0 {
		return fmt.Sprintf("%s:%d", displayPath(at.Filename), at.Line)
	}
	return fmt.Sprintf("%s:%d:%d", displayPath(at.Filename), at.Line, at.Column)
}

// displayPath returns a path as the go command prints it: relative to the working directory if that
// is shorter, with "./" for a file in it.
func displayPath(path string) string {
	cwd, err := os.Getwd()
	if err != nil || !filepath.IsAbs(path) {
		return path
	}
	rel, err := filepath.Rel(cwd, path)
	if err != nil || len(rel) >= len(path) {
		return path
	}
	if !strings.ContainsRune(rel, filepath.Separator) {
		return "./" + rel
	}
	return rel
}
