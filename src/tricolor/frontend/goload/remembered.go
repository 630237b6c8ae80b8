package main

import (
	"crypto/sha256"
	"encoding/hex"
	"go/ast"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// A package has a key: a digest of everything that determines its meaning, including the keys of its
// imports. If other runs have results for the package, a file has the key as its name.
//
// For a package with such a file that no pattern names, the declarations suffice. The bodies of its
// functions are neither checked nor written, except bodies of generic functions, which the packages that
// use them instantiate.

// setKeys sets the key of every package. The packages must be parsed and in the order of goList.
func setKeys(req *request, pkgs []*listed) {
	byPath := map[string]*listed{}
	mains := 0
	for _, p := range pkgs {
		byPath[p.ImportPath] = p
		if p.Name == "main" {
			mains++
		}
	}
	for _, p := range pkgs {
		h := sha256.New()
		text := func(parts ...string) {
			for _, part := range parts {
				io.WriteString(h, strconv.Itoa(len(part))+" "+part)
			}
		}
		text(req.salt, p.ImportPath, p.Name, p.Dir, p.goVersion())
		if p.Name == "main" && mains > 1 {
			text("one of several commands") // this changes the names of its symbols
		}
		for _, f := range p.parsed {
			text(f.path, string(f.digest[:]))
		}
		for _, name := range p.SFiles {
			text(name) // assembly files allow functions without bodies
		}
		for _, path := range p.Imports {
			if imported := byPath[path]; imported != nil {
				text(path, imported.key)
			}
		}
		p.key = hex.EncodeToString(h.Sum(nil))
	}
}

// leaveOutBodies decides for each package whether its declarations suffice: no pattern names it, it is
// remembered, and neither the package nor one that imports it is in req.bodies.
//
// A package that is not remembered may call any function of its imports, and small functions are inlined.
// So it needs the bodies of its imports too.
func leaveOutBodies(req *request, pkgs []*listed) {
	needed := map[string]bool{}
	for _, p := range slices.Backward(pkgs) {
		whole := needed[p.ImportPath] || slices.Contains(req.bodies, p.ImportPath)
		if p.DepOnly && !whole {
			if isRemembered(req.remembered, p.key) {
				p.leaveOutBodies()
			} else {
				whole = true
			}
		}
		for _, path := range p.Imports {
			needed[path] = needed[path] || whole
		}
	}
}

func isRemembered(folder, key string) bool {
	info, err := os.Stat(filepath.Join(folder, key[:2], key))
	return err == nil && info.Mode().IsRegular()
}

// leaveOutBodies removes the bodies of functions that are not generic.
func (p *listed) leaveOutBodies() {
	p.leftOut = map[*ast.FuncDecl]*ast.BlockStmt{}
	for _, f := range p.parsed {
		for _, decl := range f.syntax.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil || isGeneric(fn) {
				continue
			}
			p.leftOut[fn] = fn.Body
			fn.Body = nil
			if fn.Name.Name == "init" && fn.Recv == nil { // an init function must have a body
				fn.Body = &ast.BlockStmt{Lbrace: token.NoPos, Rbrace: token.NoPos}
			}
		}
	}
}

// isGeneric reports whether a function or method, or its receiver, has type parameters.
func isGeneric(fn *ast.FuncDecl) bool {
	if fn.Type.TypeParams != nil {
		return true
	}
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return false
	}
	receiver := ast.Unparen(fn.Recv.List[0].Type)
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = ast.Unparen(star.X)
	}
	switch receiver.(type) {
	case *ast.IndexExpr, *ast.IndexListExpr:
		return true
	}
	return false
}
