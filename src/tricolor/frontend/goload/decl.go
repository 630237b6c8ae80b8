package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// emitter writes the packages of a program one after another into the tables of the file.
type emitter struct {
	fset  *token.FileSet
	pkgs  []*listed
	out   *container
	w     *jsonWriter // where nodes go: the data of the bodies table
	info  *types.Info
	owner int // object of the declared function whose body is being written

	types   *typeTable
	objects *objectTable

	packageIndex   map[*types.Package]int
	functionIndex  map[*types.Func]int
	receiverParams map[*types.TypeParam]bool
	localTypes     map[types.Object]localScope

	files     *table
	packages  *table
	functions *table
	bodies    *table      // function bodies in order, with initialisers of variables between them
	spellings *jsonWriter // see spelling.go; nil without the option
	brackets  *jsonWriter // pairs: position of an expression in parentheses, position of its first parenthesis; nil without spellings
	lines     []byte      // section of line tables: offsets of line starts, 4 bytes each
}

// localScope distinguishes types of one name that are declared in functions.
type localScope struct {
	number  int // running number in the package, from 1, in source order
	owner   int // object of the enclosing declared function, 0 in a package-level function literal
	generic bool
}

func newEmitter(fset *token.FileSet, pkgs []*listed, out *container) *emitter {
	e := &emitter{
		fset: fset, pkgs: pkgs, out: out,
		packageIndex: map[*types.Package]int{}, functionIndex: map[*types.Func]int{},
		receiverParams: map[*types.TypeParam]bool{}, localTypes: map[types.Object]localScope{},
		files: newTable(), packages: newTable(), functions: newTable(), bodies: newTable(),
	}
	e.types, e.objects = newTypeTable(e), newObjectTable(e)
	e.w = &e.bodies.data
	return e
}

// emitPackage writes one checked package. It also sets the indices of the package and of its files.
func (e *emitter) emitPackage(p *listed) {
	p.index = e.packages.len()
	for i, f := range p.parsed {
		f.index = e.files.len() + i
	}
	e.packageIndex[p.check.pkg] = p.index
	e.info = p.check.info
	e.registerLocalTypes(p)
	firstFunction := e.functions.len()
	for _, f := range p.parsed {
		e.emitFunctions(p, f)
	}
	for _, f := range p.parsed {
		e.emitFile(p, f)
	}
	e.emitPackageRecord(p, firstFunction)
	p.check.info = nil
}

func (e *emitter) registerLocalTypes(p *listed) {
	number := 0
	for _, f := range p.parsed {
		for _, local := range f.localTypes {
			number++
			scope := localScope{number: number}
			if local.owner != nil {
				if fn, ok := e.info.Defs[local.owner.Name].(*types.Func); ok {
					sig := fn.Signature()
					scope.owner = e.objects.id(fn, 0)
					scope.generic = sig.TypeParams().Len()+sig.RecvTypeParams().Len() > 0
				}
			}
			if obj := e.info.Defs[local.spec.Name]; obj != nil { // nil in a body that was left out
				e.localTypes[obj] = scope
			}
		}
	}
}

// emitFunctions writes the declared functions and methods of a file, with their bodies.
func (e *emitter) emitFunctions(p *listed, f *sourceFile) {
	previous := f.syntax.Name.End()
	for _, decl := range f.syntax.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok {
			e.emitFunction(p, f, fn, f.pragmasBetween(previous, fn.Type.Func))
		}
		previous = decl.End()
	}
}

// Values in place of the index of a body.
const (
	bodyLeftOut = -1
	noBody      = -2
)

// emitFunction writes: object, package, name, receiver or null, signature, type parameters, receiver
// type parameters, parameter objects, result objects, pragmas, index of the body (-1: left out; null:
// none), positions of the name, "func", "{" and "}", file.
func (e *emitter) emitFunction(p *listed, f *sourceFile, decl *ast.FuncDecl, pragmas []pragma) {
	fn := e.info.Defs[decl.Name].(*types.Func)
	sig := fn.Signature()
	for param := range sig.RecvTypeParams().TypeParams() {
		e.receiverParams[param] = true
	}
	e.functionIndex[fn] = e.functions.len()
	id := e.objects.id(fn, 0)
	e.owner = id
	body, open, end := noBody, token.NoPos, decl.End()
	if whole := p.leftOut[decl]; whole != nil {
		body, open, end = bodyLeftOut, whole.Lbrace, whole.Rbrace
	} else if decl.Body != nil {
		open, end = decl.Body.Lbrace, decl.Body.Rbrace
		e.stmts(decl.Body.List)
		body = e.bodies.end()
		e.bodies.flushTo(e.out)
	}

	w := &e.functions.data
	w.raw("[")
	w.num(id)
	w.cnum(p.index)
	w.cstr(fn.Name())
	w.comma()
	e.receiver(w, sig)
	w.cnum(e.types.id(sig))
	w.comma()
	e.types.writeTypeParams(w, sig.TypeParams())
	w.comma()
	e.types.writeTypeParams(w, sig.RecvTypeParams())
	e.w = w
	w.comma()
	e.tupleObjects(sig.Params())
	w.comma()
	e.tupleObjects(sig.Results())
	e.w = &e.bodies.data
	w.comma()
	writeList(w, pragmas, func(p pragma) { w.str(p.text) })
	w.comma()
	if body == noBody {
		w.null()
	} else {
		w.num(body)
	}
	w.cpos(decl.Name.Pos())
	w.cpos(decl.Type.Func)
	w.cpos(open)
	w.cpos(end)
	w.cnum(f.index)
	w.raw("]")
	e.functions.end()
	e.owner = 0
}

// receiver writes [parameter object, its type, the named type, whether it is a pointer] or null.
func (e *emitter) receiver(w *jsonWriter, sig *types.Signature) {
	recv := sig.Recv()
	if recv == nil {
		w.null()
		return
	}
	base := types.Unalias(recv.Type())
	pointer, isPointer := base.(*types.Pointer)
	if isPointer {
		base = types.Unalias(pointer.Elem())
	}
	w.raw("[")
	w.num(e.object(recv))
	w.cnum(e.types.id(recv.Type()))
	w.cnum(e.types.id(base.(*types.Named).Origin()))
	w.cbool(isPointer)
	w.raw("]")
}

// emitFile writes: path, source path, package, first position, size, Go version, offset and
// count of line starts in the lines section, adjustments by //line comments.
func (e *emitter) emitFile(p *listed, f *sourceFile) {
	w := &e.files.data
	w.raw("[")
	w.str(f.path)
	w.cstr(f.source)
	w.cnum(p.index)
	w.cnum(f.tok.Base())
	w.cnum(f.tok.Size())
	w.cstr(e.info.FileVersions[f.syntax])
	w.cnum(len(e.lines) / 4)
	starts := f.tok.Lines()
	w.cnum(len(starts))
	for _, offset := range starts {
		e.lines = append(e.lines, byte(offset), byte(offset>>8), byte(offset>>16), byte(offset>>24))
	}
	w.comma()
	e.adjustments(w, f)
	w.raw("]")
	e.files.end()
}

// adjustments writes [[offset, file name, line, column], ...]: the byte at the offset has this
// position, and later bytes count from there. Column 0: unknown.
func (e *emitter) adjustments(w *jsonWriter, f *sourceFile) {
	w.raw("[")
	first := true
	for _, group := range f.syntax.Comments {
		if !f.hasLineDirective {
			break
		}
		for _, c := range group.List {
			if !isLineDirective(c.Text) {
				continue
			}
			at := c.End()
			if strings.HasPrefix(c.Text, "//") {
				at++ // the start of the next line
			}
			if int(at) > f.tok.Base()+f.tok.Size() {
				continue
			}
			position := f.tok.PositionFor(at, true)
			if !first {
				w.comma()
			}
			first = false
			w.raw("[")
			w.num(f.tok.Offset(at))
			w.cstr(position.Filename)
			w.cnum(position.Line)
			w.cnum(position.Column)
			w.raw("]")
		}
	}
	w.raw("]")
}

// emitPackageRecord writes one JSON object for the package.
func (e *emitter) emitPackageRecord(p *listed, firstFunction int) {
	w := &e.packages.data
	w.raw(`{"path":`)
	w.str(p.ImportPath)
	w.raw(`,"key":`)
	w.str(p.key)
	w.raw(`,"name":`)
	w.str(p.Name)
	w.raw(`,"dir":`)
	w.str(p.Dir)
	w.raw(`,"standard":`)
	w.boolean(p.Standard)
	w.raw(`,"dep_only":`)
	w.boolean(p.DepOnly)
	w.raw(`,"module":`)
	writeModule(w, p.Module)
	w.raw(`,"go_version":`)
	w.str(p.goVersion())
	w.raw(`,"godebug":`)
	w.str(p.DefaultGODEBUG)
	w.raw(`,"imports":`)
	w.strs(p.Imports)
	w.raw(`,"cgo_files":`)
	w.strs(p.CgoFiles)
	w.raw(`,"assembly_files":`)
	w.strs(p.SFiles)
	w.raw(`,"embed_patterns":`)
	w.strs(p.EmbedPatterns)
	w.raw(`,"embed_files":`)
	w.strs(p.EmbedFiles)
	w.raw(`,"files":[`)
	for i, f := range p.parsed {
		if i > 0 {
			w.comma()
		}
		w.num(f.index)
	}
	w.raw(`],"functions":[`)
	w.num(firstFunction)
	w.cnum(e.functions.len() - firstFunction)
	w.raw(`],"types":`)
	e.declaredTypes(w, p)
	w.raw(`,"interfaces":`)
	e.interfaceLiterals(w, p)
	w.raw(`,"variables":`)
	e.variables(w, p)
	w.raw(`,"init_order":`)
	e.initOrder(w, p)
	w.raw(`,"linknames":`)
	e.linknames(w, p)
	w.raw("}")
	e.packages.end()
}

func writeModule(w *jsonWriter, m *module) {
	if m == nil {
		w.null()
		return
	}
	w.raw("[")
	w.str(m.Path)
	w.cstr(m.Version)
	w.cbool(m.Main)
	w.raw("]")
}

// declaredTypes writes the non-generic types that the package declares outside of functions. It writes
// an empty list without the option -spellings, or if no pattern names the package.
func (e *emitter) declaredTypes(w *jsonWriter, p *listed) {
	var declared []types.Type
	for _, f := range p.parsed {
		for _, decl := range f.syntax.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.TYPE || e.spellings == nil || p.DepOnly {
				continue
			}
			for _, spec := range gen.Specs {
				if spec := spec.(*ast.TypeSpec); spec.TypeParams == nil && spec.Name.Name != "_" {
					declared = append(declared, e.info.Defs[spec.Name].Type())
				}
			}
		}
	}
	writeList(w, declared, func(t types.Type) { w.num(e.types.id(t)) })
}

// variables writes [[object, [embed patterns], [embedded files]], ...] in source order, without blank
// variables. The last two are empty without //go:embed.
func (e *emitter) variables(w *jsonWriter, p *listed) {
	w.raw("[")
	first := true
	for _, f := range p.parsed {
		for _, decl := range f.syntax.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.VAR {
				continue
			}
			for _, spec := range gen.Specs {
				spec := spec.(*ast.ValueSpec)
				patterns := f.embedsOf(gen, spec)
				for _, name := range spec.Names {
					if name.Name == "_" {
						continue
					}
					if !first {
						w.comma()
					}
					first = false
					w.raw("[")
					w.num(e.object(e.info.Defs[name]))
					w.comma()
					w.strs(patterns)
					w.comma()
					w.strs(p.embedded(patterns))
					w.raw("]")
				}
			}
		}
	}
	w.raw("]")
}

// embedsOf returns the patterns of the //go:embed comments above a variable.
func (f *sourceFile) embedsOf(gen *ast.GenDecl, spec *ast.ValueSpec) []string {
	doc := spec.Doc
	if !gen.Lparen.IsValid() {
		doc = gen.Doc
	}
	if doc == nil {
		return nil
	}
	var patterns []string
	for _, c := range doc.List {
		if strings.HasPrefix(c.Text, "//go:embed") {
			patterns = append(patterns, embedPatterns(c.Text)...)
		}
	}
	return patterns
}

// initOrder writes [[[objects], index of the expression in the bodies table], ...].
func (e *emitter) initOrder(w *jsonWriter, p *listed) {
	if p.check.info == nil || p.leftOut != nil {
		w.raw("[]")
		return
	}
	writeList(w, e.info.InitOrder, func(init *types.Initializer) {
		e.expr(init.Rhs)
		body := e.bodies.end()
		w.raw("[")
		writeList(w, init.Lhs, func(v *types.Var) { w.num(e.object(v)) })
		w.cnum(body)
		w.raw("]")
	})
}

// linknames writes [[position, local name, target or ""], ...].
func (e *emitter) linknames(w *jsonWriter, p *listed) {
	var all []linkname
	for _, f := range p.parsed {
		all = append(all, f.linknames()...)
	}
	writeList(w, all, func(l linkname) {
		w.raw("[")
		w.pos(l.pos)
		w.cstr(l.local)
		w.cstr(l.target)
		w.raw("]")
	})
}

// finish writes the types and objects that the packages refer to, all tables, and the footer.
func (e *emitter) finish() {
	typeRecords, objectRecords := newTable(), newTable()
	typeRecords.data.null() // number 0
	typeRecords.end()
	objectRecords.data.null()
	objectRecords.end()
	// Writing a record may number further types and objects, so repeat until no new ones appear.
	for typeRecords.len() < len(e.types.list) || objectRecords.len() < len(e.objects.list) {
		for typeRecords.len() < len(e.types.list) {
			e.types.write(&typeRecords.data, e.types.list[typeRecords.len()])
			typeRecords.end()
		}
		for objectRecords.len() < len(e.objects.list) {
			e.objects.write(&objectRecords.data, objectRecords.len())
			objectRecords.end()
		}
	}
	c := e.out
	c.table("bodies", e.bodies)
	c.table("files", e.files)
	c.table("packages", e.packages)
	c.table("functions", e.functions)
	c.table("types", typeRecords)
	c.table("objects", objectRecords)
	c.section("lines", e.lines)
	if e.spellings != nil {
		c.section("spellings", fmt.Appendf(nil, "[%s]", e.spellings.buf))
		c.section("brackets", fmt.Appendf(nil, "[%s]", e.brackets.buf))
	}
	c.close()
}
