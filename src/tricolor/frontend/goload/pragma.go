package main

import (
	"bytes"
	"go/ast"
	"go/token"
	"strconv"
	"strings"
	"unicode"
)

// pragma is one //go:xxx comment that starts a line.
type pragma struct {
	pos   token.Pos
	text  string // with the leading "//"
	alone bool   // nothing stands before it on its line
}

// collectPragmas returns the //go: comments of a file in source order.
func collectPragmas(file *ast.File, tok *token.File, text []byte) []pragma {
	var found []pragma
	for _, group := range file.Comments {
		for _, c := range group.List {
			if strings.HasPrefix(c.Text, "//go:") {
				before := text[:tok.Offset(c.Pos())]
				line := before[bytes.LastIndexByte(before, '\n')+1:]
				found = append(found, pragma{c.Pos(), strings.TrimRight(c.Text, " \t\r"), len(bytes.TrimSpace(line)) == 0})
			}
		}
	}
	return found
}

// pragmasBetween returns the pragmas of a file that lie between two positions.
func (f *sourceFile) pragmasBetween(from, to token.Pos) []pragma {
	var found []pragma
	for _, p := range f.pragmas {
		if from <= p.pos && p.pos < to {
			found = append(found, p)
		}
	}
	return found
}

// linkname is a //go:linkname local [target] directive.
type linkname struct {
	pos    token.Pos
	local  string
	target string // "" in the one-argument form
}

func (f *sourceFile) linknames() []linkname {
	var found []linkname
	for _, p := range f.pragmas {
		words := strings.Fields(p.text)
		if words[0] != "//go:linkname" || len(words) < 2 {
			continue
		}
		l := linkname{pos: p.pos, local: words[1]}
		if len(words) > 2 {
			l.target = words[2]
		}
		found = append(found, l)
	}
	return found
}

// hasLineDirective reports whether the file has a //line or /*line*/ comment.
func hasLineDirective(file *ast.File) bool {
	for _, group := range file.Comments {
		for _, c := range group.List {
			if isLineDirective(c.Text) {
				return true
			}
		}
	}
	return false
}

func isLineDirective(text string) bool {
	return strings.HasPrefix(text, "//line ") || strings.HasPrefix(text, "/*line ")
}

// embedPatterns returns the patterns of a //go:embed comment, which are words or quoted Go strings.
func embedPatterns(text string) []string {
	rest := strings.TrimPrefix(text, "//go:embed")
	var patterns []string
	for {
		rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
		if rest == "" {
			return patterns
		}
		if rest[0] == '"' || rest[0] == '`' {
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return patterns
			}
			pattern, _ := strconv.Unquote(quoted)
			patterns = append(patterns, pattern)
			rest = rest[len(quoted):]
			continue
		}
		end := strings.IndexFunc(rest, unicode.IsSpace)
		if end < 0 {
			end = len(rest)
		}
		patterns = append(patterns, rest[:end])
		rest = rest[end:]
	}
}
