"""The nodes of the typed program for each construct of Go."""

from __future__ import annotations

import pytest

from tests.frontend.conftest import LoadFiles
from tests.frontend.nodes import function, main_package, nodes
from tricolor.frontend.program import Program
from tricolor.gotypes import types as ir

SOURCE = """package main

import "unsafe"

type Pair[K comparable, V any] struct {
	Key K
	Val V
	next *Pair[K, V]
}

func (p *Pair[K, V]) Set(k K, v V) { p.Key, p.Val = k, v }

func (p Pair[A, B]) Convert[C any](f func(A, B) C) C { return f(p.Key, p.Val) }

type Number interface{ ~int | ~float64 }

func Sum[T Number](xs ...T) (total T) {
	type local struct{ x T }
	for _, x := range xs {
		total += local{x}.x
	}
	return
}

type base struct{ a, b int }

type outer struct {
	base
	c int
}

type shape interface{ area() float64 }

const big = 1 << 70

func consts() {
	var f float64 = 1
	var c complex128 = 2i
	s := "a\\xff\\n\\""
	_ = big >> 68
	_, _, _ = f, c, s
	println(unsafe.Sizeof(f), 'x', 1.5, true)
}

func literals() {
	_ = outer{a: 1, b: 2, c: 3}
	_ = outer{c: 3, base: base{1, 2}}
	_ = outer{a: 1, c: 2, b: 3}
	_ = []*base{{1, 2}}
	_ = map[string]int{"k": 1}
	_ = [...]int{2: 7}
}

func generics() {
	p := &Pair[string, int]{}
	p.Set("a", 1)
	_ = p.Convert(func(k string, v int) bool { return v > 0 })
	f := Sum[int]
	println(Sum(1.5, 2), f(1))
}

func seq(yield func(int, string) bool) { yield(1, "x") }

func loops(m map[string]int) {
outer:
	for i := 0; i < 3; i++ {
		for range 2 {
			continue outer
		}
	}
	for k, v := range seq {
		println(k, v)
	}
	for k := range m {
		delete(m, k)
	}
	goto end
end:
}

func switches(x any, c chan int) int {
	switch y := x.(type) {
	case int:
		return y
	case string, nil:
		_ = y
	default:
		panic(y)
	}
	if s, ok := x.(shape); ok {
		defer s.area()
	}
	select {
	case v, ok := <-c:
		_, _ = v, ok
	case c <- 1:
	default:
	}
	switch {
	case x == nil:
		fallthrough
	default:
	}
	return 0
}

func closure(n int) func() (int, error) {
	return func() (r int, _ error) {
		n++
		return n, nil
	}
}

//go:noinline
//go:nosplit
func pragmas(_ int, string2 string) (int, error) { return 0, nil }

var second = first + 1
var first, _ = 1, closure(2)

func init() { go pragmas(1, "") }
func init() { _ = (*Pair[int, int]).Set }

func main() {
	var a, _ = 1, 2
	var z struct{ X int "tag"; y bool }
	x := []int{a}[0:1:1]
	_ = x
	z.X += 1
}
"""


@pytest.fixture(scope="module")
def program(load_files: LoadFiles) -> Program:
    return load_files({"main.go": SOURCE})


def test_constants_take_the_form_of_their_type(program: Program) -> None:
    values = [n[2][1] for n in nodes(program, "consts", "BasicLit")]
    assert values == [
        ["f", "1/1"],
        ["c", "0/1", "2/1"],
        ["s", 'a\xff\n"'],
        ["i", 4],
        ["i", 8],
        ["i", 120],
        ["f", "3/2"],
    ]


def test_a_predeclared_constant_is_an_identifier_with_a_value(program: Program) -> None:
    (true,) = [n for n in nodes(program, "consts", "Ident") if n[3] == "true"]
    assert true[2][1] == ["b", True]


def test_promoted_fields_become_a_literal_of_the_embedded_struct(program: Program) -> None:
    first = nodes(program, "literals", "CompositeLit")[0]
    inner, c = first[3]
    assert inner[3][0] == "Field" and inner[3][3] == 0
    assert str(program.type(inner[4][2])) == "main.base"
    assert [kv[3][3] for kv in inner[4][3]] == [0, 1]
    assert c[3][3] == 1


def test_scattered_promoted_fields_keep_their_order_and_give_paths(program: Program) -> None:
    scattered = nodes(program, "literals", "CompositeLit")[4]
    assert [kv[3][3] for kv in scattered[3]] == [[0, 0], 1, [0, 1]]


def test_an_element_with_the_address_left_out_has_a_pointer_type(program: Program) -> None:
    literals = nodes(program, "literals", "CompositeLit")
    elided = [n for n in literals if str(program.type(n[2])) == "*main.base"]
    assert len(elided) == 1


def test_a_call_of_a_generic_function_has_its_type_arguments(program: Program) -> None:
    instances = nodes(program, "generics", "Instantiate")
    found = [(n[3][0], [str(program.type(t)) for t in n[4]]) for n in instances]
    assert found == [("SelectorExpr", ["bool"]), ("Ident", ["int"]), ("Ident", ["float64"])]


def test_a_generic_method_has_own_and_receiver_type_parameters(program: Program) -> None:
    decl = function(program, "Convert")
    own = program.types.type_params(decl.type_params)
    receivers = program.types.type_params(decl.receiver_type_params)
    assert [p.name for p in own] == ["C"]
    assert [p.name for p in receivers] == ["A", "B"]
    assert decl.receiver is not None and not decl.receiver.pointer


def test_an_instance_has_substituted_fields_and_methods(program: Program) -> None:
    (literal,) = nodes(program, "generics", "CompositeLit")
    pair = program.type(literal[2])
    assert isinstance(pair, ir.Named)
    struct = pair.underlying
    assert isinstance(struct, ir.Struct)
    assert str(pair) == "main.Pair[string,int]"
    assert [(f.name, str(f.type)) for f in struct.fields] == [
        ("Key", "string"),
        ("Val", "int"),
        ("next", "*main.Pair[string,int]"),
    ]
    assert struct.fields[2].type is ir.pointer(pair)
    assert [(m.name, str(m.signature), m.pointer_receiver) for m in pair.methods] == [
        ("Set", "func(string, int)", True),
        ("Convert", "func(func(string, int) C) C", False),
    ]


def test_a_local_type_of_a_generic_function_carries_its_type_parameters(program: Program) -> None:
    (literal,) = nodes(program, "Sum", "CompositeLit")
    local = program.type(literal[2])
    assert isinstance(local, ir.Named) and local.scope > 0
    (param,) = program.types.type_params(function(program, "Sum").type_params)
    assert local.origin_args == (param,)
    instance = program.types.substitute(local, {param: ir.INT})
    assert instance is not local
    assert str(ir.underlying(instance)) == "struct { x int }"


def test_ranges_say_how_they_assign(program: Program) -> None:
    ranges = nodes(program, "loops", "RangeStmt")
    assert [n[4] for n in ranges] == ["", ":=", ":="]
    assert ranges[0][2] is None
    assert ranges[1][2][-1] == "def"


def test_branches_name_their_labels(program: Program) -> None:
    assert [n[2:] for n in nodes(program, "loops", "BranchStmt")] == [["continue", "outer"], ["goto", "end"]]
    assert [n[2] for n in nodes(program, "loops", "LabeledStmt")] == ["outer", "end"]


def test_each_clause_of_a_type_switch_has_a_variable_of_its_own(program: Program) -> None:
    (switch,) = nodes(program, "switches", "TypeSwitchStmt")
    assert switch[3] == "y"
    clauses = switch[5]
    assert [str(program.type(program.object(c[4]).type)) for c in clauses] == [
        "int",
        "interface {}",
        "interface {}",
    ]
    assert clauses[2][2] is None


def test_a_comma_ok_expression_has_a_tuple_type(program: Program) -> None:
    (receive,) = [n for n in nodes(program, "switches", "UnaryExpr") if n[3] == "<-"]
    assert str(program.type(receive[2])) == "(int, bool)"


def test_a_closure_has_objects_for_unnamed_parameters_and_results(program: Program) -> None:
    (lit,) = nodes(program, "closure", "FuncLit")
    assert [program.object(o).name for o in lit[5]] == ["r", "_"]
    assert str(program.type(lit[3])) == "func() (int, error)"
    decl = function(program, "pragmas")
    assert [program.object(o).name for o in decl.params] == ["_", "string2"]
    assert len(decl.results) == 2 and all(decl.results)


def test_pragmas_belong_to_the_function_below_them(program: Program) -> None:
    assert function(program, "pragmas").pragmas == ("//go:noinline", "//go:nosplit")
    assert function(program, "closure").pragmas == ()


def test_package_variables_are_initialised_in_order_of_dependence(program: Program) -> None:
    package = main_package(program)
    names = [[program.object(o).name for o in init.lhs] for init in package.init_order]
    assert names == [["first"], ["second"], ["_"]]
    assert program.initializer(package.init_order[1])[0] == "BinaryExpr"
    assert [program.object(v.object).name for v in package.variables] == ["second", "first"]


def test_a_package_may_have_several_init_functions(program: Program) -> None:
    inits = [f for f in program.functions(main_package(program)) if f.name == "init"]
    assert len(inits) == 2
    assert inits[0].object != inits[1].object


def test_positions_are_those_that_the_compiler_prints(program: Program) -> None:
    call = nodes(program, "generics", "CallExpr")[0]
    line = SOURCE[: SOURCE.index('p.Set("a", 1)')].count("\n") + 1
    at = program.position(call[1])
    assert (at.line, at.column) == (line, 7)
    selector = nodes(program, "generics", "SelectorExpr")[0]
    assert program.position(selector[1]).column == 3


def test_a_local_object_knows_its_function(program: Program) -> None:
    (definition,) = [n for n in nodes(program, "main", "Ident") if n[-1] == "def"]
    local = program.object(definition[4])
    assert local.name == "x"
    assert local.owner == function(program, "main").object


def test_a_struct_tag_is_kept(program: Program) -> None:
    (spec,) = [n for n in nodes(program, "main", "ValueSpec") if len(n[2]) == 1]
    struct = program.type(program.object(spec[2][0]).type)
    assert isinstance(struct, ir.Struct)
    assert [(f.name, f.tag, f.pkg) for f in struct.fields] == [("X", "tag", ""), ("y", "", "main")]


def test_a_blank_variable_is_object_zero(program: Program) -> None:
    specs = nodes(program, "main", "ValueSpec")
    assert specs[0][2][1] == 0
