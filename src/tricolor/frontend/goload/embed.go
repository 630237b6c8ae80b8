package main

import (
	"path"
	"strings"
)

// embedded returns the files that the patterns of one //go:embed variable name.
//
// The go command has resolved all patterns of the package. This divides its list among the variables.
func (p *listed) embedded(patterns []string) []string {
	var files []string
	for _, file := range p.EmbedFiles {
		for _, pattern := range patterns {
			if embedMatches(pattern, file) {
				files = append(files, file)
				break
			}
		}
	}
	return files
}

// embedMatches reports whether a pattern names the file itself or a directory that contains it. Inside a
// directory, names that begin with "." or "_" match only with the prefix "all:".
func embedMatches(pattern, file string) bool {
	pattern, all := strings.CutPrefix(pattern, "all:")
	if ok, _ := path.Match(pattern, file); ok {
		return true
	}
	parts := strings.Split(file, "/")
	for n := len(parts) - 1; n >= 0; n-- {
		if n < len(parts) && !all && (parts[n][0] == '.' || parts[n][0] == '_') {
			return false
		}
		dir := strings.Join(parts[:n], "/")
		if n == 0 {
			dir = "."
		}
		if ok, _ := path.Match(pattern, dir); ok {
			return true
		}
	}
	return false
}
