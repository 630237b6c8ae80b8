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

// fault is one error of the user's program. The text may have continuation lines that begin with a tab.
type fault struct {
	pos  token.Pos
	text string
}

// maxFaults is the number of errors that the compiler prints for a package before it gives up.
const maxFaults = 10

// addTypeFault appends an error of go/types. A secondary error (with a leading tab) joins the previous one.
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

// syntaxFaults returns the syntax errors of a package.
func syntaxFaults(p *listed) []fault {
	var faults []fault
	for _, f := range p.parsed {
		for _, e := range f.errs {
			faults = append(faults, fault{pos: f.tok.Pos(e.Pos.Offset), text: "syntax error: " + e.Msg})
		}
	}
	return faults
}

// buildErrors runs go build and returns its messages about the program, "" if it finds no fault.
//
// go/parser and go/types find the same faults as the compiler, but differ in some words and in order. A
// faulty package fails before code generation, so the build is cheap if the go command has the standard
// library in its cache. Of a test binary it says nothing: go test has other words, which its caller asks for.
func buildErrors(pkgs []*listed) string {
	req := pkgs[0].req
	if req.test {
		return ""
	}
	dir, err := os.MkdirTemp("", "tricolor-build-")
	if err != nil {
		return ""
	}
	defer os.RemoveAll(dir)
	args := []string{"build", "-buildvcs=false"}
	if slices.ContainsFunc(pkgs, func(p *listed) bool { return !p.DepOnly && p.Name == "main" }) {
		args = append(args, "-o", dir+string(filepath.Separator)) // only for commands: for other packages go build writes nothing
	}
	if req.tags != "" {
		args = append(args, "-tags="+req.tags)
	}
	cmd := exec.Command(req.goCommand, append(append(args, "--"), req.patterns...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err == nil {
		return ""
	}
	return stderr.String()
}

// compilerFaults returns the faults that only the compiler finds: go/types accepts functions without bodies.
func (p *listed) compilerFaults() []fault {
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

// linkerFaults returns the faults that only the linker finds. The package is still compiled.
func (p *listed) linkerFaults() []fault {
	if p.Name != "main" || p.DepOnly || p.check.pkg.Scope().Lookup("main") != nil {
		return nil
	}
	return []fault{{text: "runtime.main_main·f: function main is undeclared in the main package"}}
}

// diagnostics returns the text about all faulty packages: the go command's text or, if it finds no fault
// (since it does not see the overlay), our own text in the same form.
func diagnostics(fset *token.FileSet, pkgs []*listed) string {
	if text := pkgs[0].req.verdict.ask(pkgs); text != "" {
		return text
	}
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

// printFaults writes the faults of one package, sorted by position, without repeated messages for one
// source line.
func printFaults(out *strings.Builder, fset *token.FileSet, faults []fault) {
	slices.SortStableFunc(faults, func(a, b fault) int { return int(a.pos - b.pos) })
	count := 0
	lastLine := ""
	for _, f := range faults {
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
		if f.pos.IsValid() {
			fmt.Fprintf(out, "%s: ", displayPosition(at))
		}
		fmt.Fprintln(out, f.text)
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
