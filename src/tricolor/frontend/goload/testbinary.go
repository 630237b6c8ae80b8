package main

import (
	"path/filepath"
	"slices"
	"strings"
)

// The go command lists a test binary as a package main with the import path P.test. It generates the one
// file of this package and keeps it in its cache. Packages that differ in the binary have an import path
// with a suffix: "P [P.test]" is package P with its internal tests, and packages that import P are
// compiled once more, to import that one. In one binary each path occurs once, so it needs no suffix: the
// compiler gives the packages' symbols their paths without it, too.

const testBinarySuffix = ".test"

// testBinary returns the package main of the one test binary in the list and all packages that it needs,
// in the order of the list. It takes the suffixes away.
func testBinary(pkgs []*listed) []*listed {
	needed := map[string]bool{}
	for _, p := range pkgs {
		if p.isTestMain() {
			needed[p.ImportPath] = true
		}
	}
	if len(needed) != 1 {
		fail("there are %d test binaries instead of one", len(needed))
	}
	var own []*listed
	for _, p := range slices.Backward(pkgs) {
		if needed[p.ImportPath] {
			own = append(own, p)
			for _, path := range p.Imports {
				needed[path] = true
			}
		}
	}
	slices.Reverse(own)
	for _, p := range own {
		p.DepOnly = !p.isTestMain()
		p.ImportPath = withoutSuffix(p.ImportPath)
		for i, path := range p.Imports {
			p.Imports[i] = withoutSuffix(path)
		}
		for from, to := range p.ImportMap {
			p.ImportMap[from] = withoutSuffix(to)
		}
	}
	return own
}

// isTestMain reports whether the package is the main package of a test binary.
func (p *listed) isTestMain() bool {
	return p.Name == "main" && strings.HasSuffix(p.ImportPath, testBinarySuffix) && len(p.GoFiles) == 1 && filepath.IsAbs(p.GoFiles[0])
}

// shown returns the path under which messages and traces show a file.
func (p *listed) shown(path string) string {
	if p.req.test && p.isTestMain() {
		return "_testmain.go"
	}
	return path
}

func withoutSuffix(path string) string {
	path, _, _ = strings.Cut(path, " [")
	return path
}
