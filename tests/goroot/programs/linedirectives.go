// Files of frames after line directives without a file name.
package main

import (
	"fmt"
	"runtime"
)

func where() string {
	_, f, _, _ := runtime.Caller(1)
	return f
}

func main() {
//line :1
	fmt.Println(where())
//line foo.go:1:5
	fmt.Println(where())
//line :11:22
	fmt.Println(where())
/*line :30*/ fmt.Println(where())
}
