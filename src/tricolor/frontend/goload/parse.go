package main

import (
	"crypto/sha256"
	"errors"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"runtime"
	"strings"
	"sync"
)

// sourceFile is one parsed Go file.
type sourceFile struct {
	index  int    // in the file table, see emitPackage
	path   string // as the go command names the file
	source string // the file that was read; an overlay makes it differ from path
	text   []byte
	digest [sha256.Size]byte // of the text
	tok    *token.File
	syntax *ast.File
	errs   scanner.ErrorList
	err    error

	hasLineDirective bool
	pragmas          []pragma
	localTypes       []localType
}

// parseAll reads and parses all files of all packages.
//
// The positions of files follow the order of the file table, not the order of parsing, so that the same
// input always gives the same output.
func parseAll(req *request, pkgs []*listed) *token.FileSet {
	var files []*sourceFile
	for _, p := range pkgs {
		if p.ImportPath == "unsafe" {
			continue
		}
		for _, name := range p.GoFiles {
			path := p.path(name)
			f := &sourceFile{path: p.shown(path), source: req.source(path)}
			files = append(files, f)
			p.parsed = append(p.parsed, f)
		}
	}
	inParallel(len(files), func(i int) {
		f := files[i]
		f.text, f.err = os.ReadFile(f.source)
		f.digest = sha256.Sum256(f.text)
	})
	bases := make([]int, len(files))
	base := 1
	for i, f := range files {
		if f.err != nil {
			refuse(f.err.Error())
		}
		bases[i] = base
		base += len(f.text) + 1
	}
	inParallel(len(files), func(i int) { files[i].parse(bases[i]) })
	fset := token.NewFileSet()
	all := make([]*token.File, len(files))
	for i, f := range files {
		all[i] = f.tok
	}
	fset.AddExistingFiles(all...)
	return fset
}

// parse parses the file. Its first byte gets the position base.
func (f *sourceFile) parse(base int) {
	own := token.NewFileSet()
	if base > 1 {
		own.AddFile("", base-1, 0) // an empty file: the next one starts at base
	}
	var err error
	f.syntax, err = parser.ParseFile(own, f.path, f.text, parser.ParseComments|parser.SkipObjectResolution|parser.AllErrors)
	if err != nil && !errors.As(err, &f.errs) {
		fail("%v", err)
	}
	f.tok = own.File(token.Pos(base))
	if f.tok == nil || f.tok.Base() != base {
		fail("%s: the position of the file is not %d", f.path, base)
	}
	f.hasLineDirective = strings.Contains(string(f.text), "line ") && hasLineDirective(f.syntax)
	f.pragmas = collectPragmas(f.syntax, f.tok, f.text)
	f.text = nil
	f.localTypes = collectLocalTypes(f.syntax)
}

// inParallel calls work(0) ... work(n-1) on all processors.
func inParallel(n int, work func(int)) {
	var group sync.WaitGroup
	indices := make(chan int, n)
	for i := range n {
		indices <- i
	}
	close(indices)
	for range min(n, runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for i := range indices {
				work(i)
			}
		})
	}
	group.Wait()
}

// localType is a type declared inside a function.
type localType struct {
	spec  *ast.TypeSpec
	owner *ast.FuncDecl // nil in a function literal of a package-level variable
}

// collectLocalTypes returns the defined types (not aliases) inside functions, in source order.
func collectLocalTypes(file *ast.File) []localType {
	var found []localType
	for _, decl := range file.Decls {
		owner, isFunc := decl.(*ast.FuncDecl)
		gen, _ := decl.(*ast.GenDecl)
		if !isFunc && gen.Tok != token.VAR {
			continue
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && !spec.Assign.IsValid() {
				found = append(found, localType{spec, owner})
			}
			return true
		})
	}
	return found
}
