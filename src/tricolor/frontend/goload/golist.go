package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
)

// listed is one package as go list describes it, with what later phases add.
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

	DefaultGODEBUG string

	req    *request
	index  int // place in the package table
	parsed []*sourceFile
	check  checked
}

type module struct {
	Path      string
	Version   string
	GoVersion string
	Main      bool
}

const listFields = "ImportPath,Name,Dir,Standard,DepOnly,Module,GoFiles,CgoFiles,SFiles,HFiles,SysoFiles," +
	"Imports,ImportMap,EmbedPatterns,EmbedFiles,DefaultGODEBUG"

// goList returns the named packages and all their dependencies, dependencies first.
func goList(req *request) []*listed {
	args := []string{"list", "-deps", "-json=" + listFields}
	if req.tags != "" {
		args = append(args, "-tags="+req.tags)
	}
	if req.overlay != "" {
		args = append(args, "-overlay="+req.overlay)
	}
	args = append(append(args, "--"), req.patterns...)
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
	var pkgs []*listed
	for dec := json.NewDecoder(&stdout); ; {
		p := &listed{req: req, index: len(pkgs)}
		if err := dec.Decode(p); err == io.EOF {
			return pkgs
		} else if err != nil {
			fail("go list: %v", err)
		}
		pkgs = append(pkgs, p)
	}
}

func (p *listed) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.Dir, name)
}

// allFiles returns the names of everything that the package is made of.
func (p *listed) allFiles() []string {
	var all []string
	for _, names := range [][]string{p.GoFiles, p.CgoFiles, p.SFiles, p.HFiles, p.SysoFiles, p.EmbedFiles} {
		all = append(all, names...)
	}
	return all
}

// goVersion returns the language version that the package is written in.
func (p *listed) goVersion() string {
	switch {
	case p.Module == nil:
		return p.req.stdGo
	case p.Module.GoVersion == "":
		return "go1.16" // what the go command assumes of a go.mod without a go line
	default:
		return "go" + p.Module.GoVersion
	}
}
