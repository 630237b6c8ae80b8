package main

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// Packages with assembly are loaded with the files that they have for a platform without: their own portable code.
//
// A variant asks go list for the package's files under other build tags, or for another 64-bit little-endian processor. Only the choice of
// files differs: types, sizes and all other packages stay those of amd64. If a variant's files import packages that are not in the program
// yet, these are listed too.

// variant is a choice of files.
type variant struct {
	arch string
	tags string
}

// variants in the order in which they are tried. Tags come first: a package that offers them says what its portable code is.
var variants = []variant{
	{"amd64", "purego,noasm"},
	{"amd64", "purego,noasm,appengine"},
	{"mips64le", "purego,noasm"},
	{"ppc64le", "purego,noasm"},
	{"loong64", "purego,noasm"},
	{"riscv64", "purego,noasm"},
}

// withPortableFiles replaces the files of packages with assembly where they have portable ones, and adds the packages that those import.
func withPortableFiles(req *request, pkgs []*listed) []*listed {
	if req.overlay == "" {
		return pkgs // decisions are about the files that the go command compiles
	}
	assembled := map[string]bool{}
	byPath := map[string]*listed{}
	for _, p := range pkgs {
		byPath[p.ImportPath] = p
		if !p.Standard && len(p.SFiles) > 0 {
			assembled[p.ImportPath] = true
		}
	}
	if len(assembled) == 0 {
		return pkgs
	}
	for _, v := range variants {
		if len(assembled) == 0 {
			break
		}
		for _, from := range v.list(req, slices.Sorted(maps.Keys(assembled))) {
			if len(from.SFiles)+len(from.CgoFiles) == 0 && len(from.GoFiles) > 0 {
				byPath[from.ImportPath].takeFiles(from)
				delete(assembled, from.ImportPath)
			}
		}
	}
	return withImports(req, pkgs, byPath)
}

// list returns the packages as this variant sees them, without their dependencies; nil if the go command cannot list them.
func (v variant) list(req *request, paths []string) []*listed {
	tags := v.tags
	if req.tags != "" {
		tags += "," + req.tags
	}
	args := []string{"list", "-e", "-buildvcs=false", "-pgo=off", "-tags=" + tags, "-f", strings.TrimSuffix(listTemplate, "\n"), "--"}
	return runList(req, append(args, paths...), "GOARCH="+v.arch)
}

// takeFiles makes the package have the Go files of a variant. It keeps those of its tests, and what they import; and the names of the
// assembly files, which messages mention if a function has no portable body after all.
func (p *listed) takeFiles(from *listed) {
	tests := slices.DeleteFunc(p.GoFiles, func(name string) bool { return !strings.HasSuffix(name, "_test.go") })
	if len(tests) == 0 {
		p.Imports, p.ImportMap = nil, map[string]string{}
		p.EmbedPatterns, p.EmbedFiles = from.EmbedPatterns, from.EmbedFiles
	}
	p.GoFiles = append(slices.Clone(from.GoFiles), tests...)
	for _, path := range from.Imports {
		if !slices.Contains(p.Imports, path) {
			p.Imports = append(p.Imports, path)
		}
	}
	maps.Copy(p.ImportMap, from.ImportMap)
}

// withImports adds the packages that portable files import and that are not in the program, and sorts all: dependencies first.
func withImports(req *request, pkgs []*listed, byPath map[string]*listed) []*listed {
	var missing []string
	for _, p := range pkgs {
		for _, path := range p.Imports {
			if byPath[path] == nil && path != "C" && !slices.Contains(missing, path) {
				missing = append(missing, path)
			}
		}
	}
	if len(missing) > 0 {
		for _, p := range runList(req, append(listArguments(req), missing...)) {
			if byPath[p.ImportPath] == nil {
				p.DepOnly, p.Match = true, nil
				byPath[p.ImportPath] = p
				pkgs = append(pkgs, p)
			}
		}
	}
	var sorted []*listed
	done := map[*listed]bool{}
	var visit func(p *listed)
	visit = func(p *listed) {
		if p == nil || done[p] {
			return
		}
		done[p] = true
		for _, path := range p.Imports {
			visit(byPath[path])
		}
		sorted = append(sorted, p)
	}
	for _, p := range pkgs {
		visit(p)
	}
	return sorted
}

// runList runs go list and reads its records; nil if it fails.
func runList(req *request, args []string, environment ...string) []*listed {
	cmd := exec.Command(req.goCommand, args...)
	cmd.Env = append(os.Environ(), environment...)
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	if cmd.Run() != nil {
		return nil
	}
	return parseRecords(req, stdout.String())
}
