package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"sync"
)

// Faults that neither go/parser nor go/types finds: misused directives, and types, frames and variables that are too large.
//
// This file only suspects them, by rules that let no such fault through; then the go command builds the program and has the last
// word. So its messages are Go's own, and a rule may be wider than Go's if ordinary programs do not meet it.
//
// Source: cmd/compile/internal/noder/noder.go (pragma), lex.go (pragmaFlag), writer.go (collectDecls, checkPragmas, pkgDecl);
// types/size.go; ssagen/pgen.go (largeStack); cmd/link/internal/ld/data.go (cutoff); cmd/go/internal/work/exec.go (checkDirectives).

const (
	maxChannelElem  = 1 << 16
	maxMapPart      = 1 << 31
	maxTypeBytes    = 1 << 50
	maxCallBytes    = 1 << 27 // a frame of over 1 GB needs operands or results of such a size
	maxSymbolBytes  = 2000000000
	endlessTypeSize = 1 << 60
)

// funcDirectives are the directives that belong above a function.
var funcDirectives = []string{
	"//go:noescape", "//go:norace", "//go:nosplit", "//go:noinline", "//go:nocheckptr", "//go:registerparams", "//go:uintptrescapes",
}

// forbiddenDirectives are those that only the standard library or code that cgo generates may have.
var forbiddenDirectives = []string{
	"//go:systemstack", "//go:nowritebarrier", "//go:nowritebarrierrec", "//go:yeswritebarrierrec", "//go:uintptrkeepalive",
}

// verdict is what the go command says about the program, once it was asked.
type verdict struct {
	once sync.Once
	text string // its messages; "" if it finds no fault
}

// ask builds the program and returns the go command's messages.
func (v *verdict) ask(pkgs []*listed) string {
	v.once.Do(func() { v.text = buildErrors(pkgs) })
	return v.text
}

// refusedFaults returns a fault if a suspicion about this package or one that it imports made the go command refuse this package.
func (p *listed) refusedFaults(pkgs []*listed) []fault {
	p.check.suspected = p.isSuspicious()
	for _, path := range p.Imports {
		if imported := p.byPath[path]; imported != nil {
			p.check.suspected = p.check.suspected || imported.check.suspected
		}
	}
	if p.check.suspected && strings.Contains("\n"+p.req.verdict.ask(pkgs), "\n# "+p.ImportPath+"\n") {
		return []fault{{text: "the go command refuses this package"}}
	}
	return nil
}

func (p *listed) isSuspicious() bool {
	if p.Standard || p.leftOut != nil {
		return false
	}
	for _, f := range p.parsed {
		if len(f.pragmas) > 0 && p.hasSuspiciousDirective(f) {
			return true
		}
	}
	return p.hasSuspiciousSize()
}

// --- directives ---

func (p *listed) hasSuspiciousDirective(f *sourceFile) bool {
	linked := map[string]bool{}
	settings := map[string]bool{}
	for _, d := range f.pragmas {
		words := strings.Fields(d.text)
		verb := words[0]
		switch {
		case !d.alone, slices.Contains(forbiddenDirectives, verb), strings.HasPrefix(verb, "//go:cgo_"):
			return true
		case verb == "//go:embed":
			if len(words) < 2 || !f.imports("embed") || !p.isEmbedPlace(f, d) {
				return true
			}
		case verb == "//go:linkname" || verb == "//go:linknamestd":
			if len(words) < 2 || len(words) > 3 || linked[words[1]] || !f.imports("unsafe") || !p.declares(words[1]) {
				return true
			}
			linked[words[1]] = true
		case verb == "//go:debug":
			key, _, _ := strings.Cut(d.text[len(verb):], "=")
			if settings[key] || d.pos < f.syntax.Package && !p.hasSetting(strings.TrimSpace(d.text[len(verb):])) {
				return true
			}
			settings[key] = true
		case verb == "//go:build":
			if d.pos > f.syntax.Package {
				return true
			}
		case slices.Contains(funcDirectives, verb):
			fn := f.functionAfter(d.pos)
			if fn == nil || verb == "//go:noescape" && fn.Body != nil {
				return true
			}
		}
	}
	return false
}

func (f *sourceFile) imports(path string) bool {
	return slices.ContainsFunc(f.syntax.Imports, func(spec *ast.ImportSpec) bool { return spec.Path.Value == `"`+path+`"` })
}

// declares reports whether the package has a function or variable of this name.
func (p *listed) declares(name string) bool {
	switch p.check.pkg.Scope().Lookup(name).(type) {
	case *types.Func, *types.Var:
		return true
	}
	return false
}

// hasSetting reports whether the go command took a setting for the defaults of GODEBUG: it leaves out what it does not understand.
func (p *listed) hasSetting(setting string) bool {
	return slices.Contains(strings.Split(p.DefaultGODEBUG, ","), setting) || strings.HasPrefix(setting, "default=go1.")
}

// functionAfter returns the function to which a directive belongs: the declaration that follows it.
func (f *sourceFile) functionAfter(pos token.Pos) *ast.FuncDecl {
	for _, decl := range f.syntax.Decls {
		if decl.End() > pos {
			fn, _ := decl.(*ast.FuncDecl)
			if fn == nil || fn.Type.Func < pos {
				return nil
			}
			return fn
		}
	}
	return nil
}

// isEmbedPlace reports whether a //go:embed stands above one variable that can hold the files.
func (p *listed) isEmbedPlace(f *sourceFile, d pragma) bool {
	for _, decl := range f.syntax.Decls {
		if decl.End() <= d.pos {
			continue
		}
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.VAR || d.pos > gen.Pos() && !gen.Lparen.IsValid() {
			return false
		}
		for _, spec := range gen.Specs {
			if spec.End() > d.pos {
				value := spec.(*ast.ValueSpec)
				// A directive above a group belongs to no variable in it.
				return (d.pos > gen.Pos() || !gen.Lparen.IsValid()) && d.pos < value.Pos() && p.canEmbed(value, d)
			}
		}
		return false
	}
	return false
}

// canEmbed reports whether the variable is alone, has no value, and has a type that holds the files of the directive.
func (p *listed) canEmbed(spec *ast.ValueSpec, d pragma) bool {
	if len(spec.Names) != 1 || len(spec.Values) > 0 || spec.Type == nil {
		return false
	}
	obj := p.check.info.Defs[spec.Names[0]]
	if obj == nil {
		return false
	}
	one := len(p.embedded(embedPatterns(d.text))) == 1
	switch t := obj.Type().Underlying().(type) {
	case *types.Basic:
		return t.Kind() == types.String && one
	case *types.Slice:
		elem, ok := t.Elem().Underlying().(*types.Basic)
		return ok && elem.Kind() == types.Byte && one
	}
	named, ok := types.Unalias(obj.Type()).(*types.Named)
	return ok && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == "embed" && named.Obj().Name() == "FS"
}

// --- sizes ---

// sizes computes sizes of types, without overflow.
type sizes map[types.Type]int64

func (p *listed) hasSuspiciousSize() bool {
	known := sizes{}
	for expr, tv := range p.check.info.Types {
		if tv.Type != nil && known.isTooLarge(tv.Type) {
			return true
		}
		if _, ok := expr.(*ast.ArrayType); ok && known.of(tv.Type) >= maxTypeBytes {
			return true
		}
	}
	for _, obj := range p.check.info.Defs {
		v, ok := obj.(*types.Var)
		if !ok {
			continue
		}
		size := known.of(v.Type())
		if size >= maxTypeBytes || size > maxSymbolBytes && v.Parent() == p.check.pkg.Scope() {
			return true
		}
	}
	return false
}

// isTooLarge reports whether a value of this type needs what the compiler may refuse: a channel or a map with too large elements, a call
// with too large operands.
func (s sizes) isTooLarge(t types.Type) bool {
	switch t := types.Unalias(t).(type) {
	case *types.Chan:
		return s.of(t.Elem()) >= maxChannelElem
	case *types.Map:
		return s.of(t.Key()) >= maxMapPart || s.of(t.Elem()) >= maxMapPart
	case *types.Signature:
		return s.ofTuple(t.Params())+s.ofTuple(t.Results()) >= maxCallBytes
	case *types.Pointer:
		return s.of(t.Elem()) >= maxTypeBytes
	}
	return s.of(t) >= maxTypeBytes
}

func (s sizes) ofTuple(tuple *types.Tuple) int64 {
	total := int64(0)
	for v := range tuple.Variables() {
		total = min(total+s.of(v.Type()), endlessTypeSize)
	}
	return total
}

// of returns about the size of a value in bytes. A type parameter counts as nothing: the compiler refuses no instance for its size.
func (s sizes) of(t types.Type) int64 {
	switch u := t.Underlying().(type) {
	case *types.Array:
		return s.remembered(t, func() int64 {
			elem := s.of(u.Elem())
			if elem > 0 && u.Len() > endlessTypeSize/elem {
				return endlessTypeSize
			}
			return u.Len() * elem
		})
	case *types.Struct:
		return s.remembered(t, func() int64 {
			total := int64(0)
			for field := range u.Fields() {
				total = min(total+s.of(field.Type()), endlessTypeSize)
			}
			return total
		})
	case *types.Basic:
		if u.Info()&types.IsUntyped != 0 || u.Kind() == types.Invalid {
			return 0
		}
		return types.SizesFor("gc", "amd64").Sizeof(u)
	case *types.Interface:
		if _, ok := types.Unalias(t).(*types.TypeParam); ok {
			return 0
		}
		return 16
	case *types.Tuple:
		return s.ofTuple(u)
	case *types.Slice:
		return 24
	}
	return 8
}

func (s sizes) remembered(t types.Type, compute func() int64) int64 {
	size, ok := s[t]
	if !ok {
		size = compute()
		s[t] = size
	}
	return size
}
