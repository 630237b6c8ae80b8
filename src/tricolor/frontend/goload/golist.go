package main

import (
	"bytes"
	"errors"
	"go/ast"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// listed is one package as go list describes it, with fields for the results of later phases.
type listed struct {
	ImportPath    string
	Name          string
	Dir           string
	Standard      bool
	DepOnly       bool
	Module        *module
	GoFiles       []string
	CgoFiles      []string
	SFiles        []string
	HFiles        []string
	SysoFiles     []string
	Imports       []string
	ImportMap     map[string]string
	EmbedPatterns []string
	EmbedFiles    []string
	Match         []string // patterns that name the package

	DefaultGODEBUG string

	req    *request
	byPath map[string]*listed // all packages of the program
	index  int                // place in the package table, see emitPackage
	parsed []*sourceFile
	check  checked

	key     string                           // see remembered.go
	leftOut map[*ast.FuncDecl]*ast.BlockStmt // bodies that are not needed; nil if all are
}

type module struct {
	Path      string
	Version   string
	GoVersion string
	Main      bool
}

// Separators in the output of go list. (encoding/json would double the build time of this helper.)
const (
	recordEnd = "\x1d\n"
	fieldEnd  = "\x1e"
	itemEnd   = "\x1f"
)

// metaPackages are the patterns without "..." that match several packages.
var metaPackages = []string{"all", "cmd", "std", "tool", "work"}

// listTemplate prints the fields of listed in the order in which parseListed reads them.
var listTemplate = strings.Join([]string{
	"{{.ImportPath}}", "{{.Name}}", "{{.Dir}}", "{{.Standard}}", "{{.DepOnly}}", "{{.DefaultGODEBUG}}",
	"{{with .Module}}" + strings.Join([]string{"{{.Path}}", "{{.Version}}", "{{.GoVersion}}", "{{.Main}}"}, itemEnd) + "{{end}}",
	listOf("GoFiles"), listOf("CgoFiles"), listOf("SFiles"), listOf("HFiles"), listOf("SysoFiles"),
	listOf("Imports"), listOf("EmbedPatterns"), listOf("EmbedFiles"), listOf("Match"),
	"{{range $from, $to := .ImportMap}}{{$from}}" + itemEnd + "{{$to}}" + itemEnd + "{{end}}",
}, fieldEnd) + recordEnd

func listOf(field string) string { return "{{join ." + field + " \"\\x1f\"}}" }

// listArguments returns the arguments of go list up to the packages: these are listed with all their dependencies, dependencies first.
func listArguments(req *request) []string {
	// With a profile the go command would list each dependency of a command once more, for that command.
	args := []string{"list", "-deps", "-buildvcs=false", "-pgo=off", "-f", strings.TrimSuffix(listTemplate, "\n")}
	if req.tags != "" {
		args = append(args, "-tags="+req.tags)
	}
	if req.overlay != "" {
		args = append(args, "-overlay="+req.overlay)
	}
	return append(args, "--")
}

// goList returns the named packages and all their dependencies, dependencies first.
func goList(req *request) []*listed {
	args := append(listArguments(req), req.patterns...)
	if req.test {
		args = slices.Insert(args, 1, "-test")
	}
	cmd := exec.Command(req.goCommand, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			refuse(stderr.String())
		}
		fail("%v", err)
	}
	pkgs := parseRecords(req, stdout.String())
	if req.test {
		pkgs = testBinary(pkgs)
	}
	return withPortableFiles(req, pkgs)
}

// parseRecords reads the records of all packages that go list printed.
func parseRecords(req *request, text string) []*listed {
	var pkgs []*listed
	for record := range strings.SplitSeq(text, recordEnd) {
		if record != "" {
			p := parseListed(record)
			p.req = req
			pkgs = append(pkgs, p)
		}
	}
	return pkgs
}

// parseListed reads one record in the form of listTemplate.
func parseListed(record string) *listed {
	fields := strings.Split(record, fieldEnd)
	if len(fields) != 17 {
		fail("go list printed %d fields instead of 17: %q", len(fields), record)
	}
	p := &listed{
		ImportPath: fields[0], Name: fields[1], Dir: fields[2],
		Standard: fields[3] == "true", DepOnly: fields[4] == "true", DefaultGODEBUG: fields[5],
	}
	if m := items(fields[6]); len(m) == 4 {
		p.Module = &module{Path: m[0], Version: m[1], GoVersion: m[2], Main: m[3] == "true"}
	}
	for i, list := range []*[]string{
		&p.GoFiles, &p.CgoFiles, &p.SFiles, &p.HFiles, &p.SysoFiles, &p.Imports, &p.EmbedPatterns, &p.EmbedFiles, &p.Match,
	} {
		*list = items(fields[7+i])
	}
	p.ImportMap = map[string]string{}
	for pairs := items(fields[16]); len(pairs) >= 2; pairs = pairs[2:] {
		p.ImportMap[pairs[0]] = pairs[1]
	}
	return p
}

func items(field string) []string {
	if field == "" {
		return nil
	}
	return strings.Split(field, itemEnd)
}

func (p *listed) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.Dir, name)
}

// allFiles returns the names of all files of the package.
func (p *listed) allFiles() []string {
	var all []string
	for _, names := range [][]string{p.GoFiles, p.CgoFiles, p.SFiles, p.HFiles, p.SysoFiles, p.EmbedFiles} {
		all = append(all, names...)
	}
	return all
}

// isNamed reports whether a pattern names exactly this package. Then a missing Go file is a fault; a
// pattern for several packages would skip the package.
func (p *listed) isNamed() bool {
	return slices.ContainsFunc(p.Match, func(pattern string) bool {
		return !strings.Contains(pattern, "...") && !slices.Contains(metaPackages, pattern)
	})
}

// goVersion returns the language version of the package.
func (p *listed) goVersion() string {
	switch {
	case p.Module == nil:
		return p.req.stdGo
	case p.Module.GoVersion == "":
		return "go1.16" // the go command's default for a go.mod without a go line
	default:
		return "go" + p.Module.GoVersion
	}
}
