package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"runtime"
	"strings"
)

// checked is the result of type-checking a package.
type checked struct {
	done   chan struct{} // closed when the fields below are final
	pkg    *types.Package
	info   *types.Info
	faults []fault
	failed bool // it or one of its imports has faults

	suspected bool // it or one of its imports may have a fault that only the compiler finds, see suspicion.go
}

const partlyWritten = 4 // exit status, see main.go

// checkAndWrite type-checks all packages, each as soon as its imports are done. At the same time the
// writer writes the checked packages in the order of the list.
func checkAndWrite(fset *token.FileSet, req *request, pkgs []*listed, output string) {
	byPath := map[string]*listed{}
	for _, p := range pkgs {
		byPath[p.ImportPath] = p
		p.byPath = byPath
		p.check.done = make(chan struct{})
	}
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, p := range pkgs {
		go p.typeCheck(fset, pkgs, slots)
	}
	out := createContainer(output)
	e := newEmitter(fset, pkgs, out)
	if req.spellings {
		e.spellings, e.brackets = &jsonWriter{}, &jsonWriter{}
	}
	faulty, useful := false, false
	for _, p := range pkgs {
		<-p.check.done
		faulty = faulty || p.check.failed || len(p.check.faults) > 0
		if !p.check.failed && (req.partial || !faulty) {
			e.emitPackage(p)
			useful = useful || !p.DepOnly
		}
		if !p.check.failed {
			p.check.info = nil // so that the garbage collector can free it
		}
	}
	if !faulty {
		e.finish()
		return
	}
	text := diagnostics(fset, pkgs)
	if !req.partial || !useful {
		out.discard()
		refuse(text)
	}
	e.finish()
	fmt.Fprintln(os.Stderr, strings.TrimRight(text, "\n"))
	os.Exit(partlyWritten)
}

// typeCheck waits for the imports of a package and checks it.
func (p *listed) typeCheck(fset *token.FileSet, pkgs []*listed, slots chan struct{}) {
	defer close(p.check.done)
	if p.ImportPath == "unsafe" {
		p.check.pkg = types.Unsafe
		return
	}
	for _, path := range p.Imports {
		if imported := p.byPath[path]; imported != nil {
			<-imported.check.done
			p.check.failed = p.check.failed || imported.check.failed
		}
	}
	if p.check.failed {
		return // like the go command, which builds a package only if all its imports succeed
	}
	slots <- struct{}{}
	defer func() { <-slots }()

	p.check.faults = syntaxFaults(p)
	if len(p.GoFiles)+len(p.CgoFiles) == 0 && p.isNamed() {
		p.check.faults = []fault{{text: "no non-test Go files in " + p.Dir}}
	}
	if len(p.check.faults) > 0 {
		p.check.failed = true
		return
	}
	var files []*ast.File
	for _, f := range p.parsed {
		files = append(files, f.syntax)
	}
	info := &types.Info{
		Types:        make(map[ast.Expr]types.TypeAndValue),
		Instances:    make(map[*ast.Ident]types.Instance),
		Defs:         make(map[*ast.Ident]types.Object),
		Uses:         make(map[*ast.Ident]types.Object),
		Implicits:    make(map[ast.Node]types.Object),
		Selections:   make(map[*ast.SelectorExpr]*types.Selection),
		FileVersions: make(map[*ast.File]string),
	}
	config := types.Config{
		GoVersion: p.goVersion(),
		Importer:  &importer{p},
		Sizes:     types.SizesFor("gc", "amd64"),

		DisableUnusedImportCheck: p.leftOut != nil,

		Error: func(err error) { p.check.faults = addTypeFault(p.check.faults, err) },
	}
	pkg, err := config.Check(p.ImportPath, fset, files, info)
	if err != nil && len(p.check.faults) == 0 {
		p.check.faults = addTypeFault(nil, err)
	}
	p.check.pkg, p.check.info = pkg, info
	if len(p.check.faults) == 0 && p.leftOut == nil {
		p.check.faults = p.compilerFaults()
	}
	if len(p.check.faults) == 0 {
		p.check.faults = p.refusedFaults(pkgs)
	}
	p.check.failed = len(p.check.faults) > 0
	if !p.check.failed && p.leftOut == nil {
		p.check.faults = p.linkerFaults()
	}
}

// importer returns the imports of a package. They must have been checked before.
type importer struct {
	p *listed
}

func (im *importer) Import(path string) (*types.Package, error) {
	if to, ok := im.p.ImportMap[path]; ok {
		path = to
	}
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	imported := im.p.byPath[path]
	if imported == nil {
		return nil, fmt.Errorf("package %s is not in the program", path)
	}
	if imported.check.pkg == nil {
		return nil, fmt.Errorf("package %s has not been checked", path)
	}
	return imported.check.pkg, nil
}
