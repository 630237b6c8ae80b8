// Packages of unexported names through reflection: a name's package is found by an offset of its own.
package main

import (
	"fmt"
	"go/ast"
	"reflect"
)

type named interface {
	x()
	Y()
}

type has struct{ n int }

func (has) x() {}
func (has) Y() {}

type other interface{ exprNode() }

func methods(t reflect.Type) {
	for i := range t.NumMethod() {
		m := t.Method(i)
		fmt.Printf("%v: %s %q %v\n", t, m.Name, m.PkgPath, m.IsExported())
	}
}

func main() {
	for _, t := range []reflect.Type{
		reflect.TypeFor[interface {
			x()
			Y()
		}](), reflect.TypeFor[named](), reflect.TypeFor[has](), reflect.TypeFor[ast.Expr](), reflect.TypeFor[reflect.Type](),
		reflect.TypeFor[struct {
			named
			a int
		}](),
	} {
		fmt.Printf("%q\n", t.PkgPath())
		if t.Kind() == reflect.Interface {
			methods(t)
		}
	}
	expr, ident, own := reflect.TypeFor[ast.Expr](), reflect.TypeFor[*ast.Ident](), reflect.TypeFor[other]()
	fmt.Println(ident.Implements(expr), ident.Implements(own), expr.Implements(own), ident.AssignableTo(expr), ident.AssignableTo(own))
	fmt.Println(expr.ConvertibleTo(own), reflect.TypeFor[has]().Implements(reflect.TypeFor[named]()), reflect.TypeFor[has]().ConvertibleTo(expr))
	value := any(&ast.Ident{Name: "x"})
	_, isExpr := value.(ast.Expr)
	_, isOther := value.(other)
	fmt.Println(isExpr, isOther)
	field, _ := reflect.TypeFor[has]().FieldByName("n")
	fmt.Printf("%q %q\n", field.PkgPath, reflect.TypeFor[struct{ unexported int }]().Field(0).PkgPath)
	made := reflect.StructOf([]reflect.StructField{{Name: "a", PkgPath: "main", Type: reflect.TypeFor[int]()}})
	fmt.Printf("%v %q %v\n", made, made.Field(0).PkgPath, made == reflect.TypeFor[struct{ a int }]())
}
