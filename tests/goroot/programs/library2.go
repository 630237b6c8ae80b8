// One use of further packages, which need no other support.
package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/csv"
	"encoding/gob"
	"encoding/xml"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"hash/maphash"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"os/user"
	"regexp/syntax"
	"runtime/pprof"
	"runtime/trace"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"text/scanner"
)

type item struct {
	XMLName xml.Name `xml:"item"`
	ID      int      `xml:"id,attr"`
	Text    string   `xml:",chardata"`
	Sub     []string `xml:"sub>s"`
}

type inner struct{ M map[string]int }
type outer struct {
	A int
	B []inner
	C any
}

func must[T any](v T, err error) T {
	if err != nil {
		fmt.Println("error:", err)
	}
	return v
}

func main() {
	testing.Init()
	flag.Parse()
	text := bytes.Repeat([]byte("compress me, please. "), 200)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write(text)
	w.Close()
	fmt.Println(packed.Len() < len(text)/10, bytes.Equal(must(io.ReadAll(must(gzip.NewReader(&packed)))), text))
	z := zlib.NewWriter(&packed)
	z.Write(text)
	z.Close()
	fmt.Println(len(must(io.ReadAll(must(zlib.NewReader(&packed))))))
	var archive bytes.Buffer
	zw := zip.NewWriter(&archive)
	must(zw.Create("a/b.txt")).Write([]byte("zipped"))
	zw.Close()
	zr := must(zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len())))
	fmt.Println(zr.File[0].Name, string(must(io.ReadAll(must(zr.File[0].Open())))))
	archive.Reset()
	tw := tar.NewWriter(&archive)
	tw.WriteHeader(&tar.Header{Name: "t", Size: 3, Mode: 0o600})
	tw.Write([]byte("tar"))
	tw.Close()
	fmt.Println(must(tar.NewReader(&archive).Next()).Name)

	fmt.Printf("%x\n%x\n", sha1.Sum(text), sha512.Sum512(text))
	mac := hmac.New(sha1.New, []byte("key"))
	mac.Write(text)
	fmt.Printf("%x\n", mac.Sum(nil))
	random := make([]byte, 16)
	n, err := rand.Read(random)
	fmt.Println(n, err, !bytes.Equal(random, make([]byte, 16)))

	fmt.Println(must(csv.NewReader(strings.NewReader("a,\"b,c\"\n1,2\n")).ReadAll()))
	var x item
	fmt.Println(xml.Unmarshal([]byte(`<item id="5">hi<sub><s>x</s><s>y</s></sub></item>`), &x), x.ID, x.Text, x.Sub)
	fmt.Println(string(must(xml.MarshalIndent(x, "", " "))))
	gob.Register(inner{})
	var coded bytes.Buffer
	fmt.Println(gob.NewEncoder(&coded).Encode(outer{1, []inner{{map[string]int{"k": 2}}}, inner{}}))
	var decoded outer
	fmt.Println(gob.NewDecoder(&coded).Decode(&decoded), decoded)

	fset := token.NewFileSet()
	file := must(parser.ParseFile(fset, "x.go", "package x\nfunc  f ( a int)int{return a+1}", 0))
	ast.Inspect(file, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			fmt.Print(id.Name, " ")
		}
		return true
	})
	fmt.Println()
	fmt.Println(string(must(format.Source([]byte("package x\nfunc  f ( a int)int{return a+1}")))))
	var seed maphash.Seed = maphash.MakeSeed()
	fmt.Println(maphash.String(seed, "a") == maphash.String(seed, "a"), maphash.Comparable(seed, x.ID) == maphash.Comparable(seed, 5))
	page := template.Must(template.New("p").Parse(`<a href="{{.}}">{{.}}</a><script>var x = {{.}}</script>` + "\n"))
	page.Execute(os.Stdout, `javascript:alert("<b>")`)
	picture := image.NewRGBA(image.Rect(0, 0, 4, 4))
	picture.Set(1, 1, color.RGBA{255, 0, 0, 255})
	var shot bytes.Buffer
	png.Encode(&shot, picture)
	fmt.Println(must(png.Decode(&shot)).At(1, 1))
	logger := slog.New(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	logger.With("a", 1).Info("message", slog.Group("g", "b", []int{1}), "err", io.EOF)
	var s scanner.Scanner
	s.Init(strings.NewReader("x := 3.5 // c"))
	for tok := s.Scan(); tok != scanner.EOF; tok = s.Scan() {
		fmt.Print(s.TokenText(), "|")
	}
	fmt.Println(must(syntax.Parse("a+b*", syntax.Perl)))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGUSR1)
	stop()
	<-ctx.Done()
	fmt.Println(ctx.Err(), must(user.Current()).Uid == fmt.Sprint(os.Getuid()))
	fmt.Println(trace.Start(io.Discard) != nil || true, pprof.Lookup("heap").Name())
	pprof.Lookup("goroutine").WriteTo(io.Discard, 1)
	tests := []testing.InternalTest{{Name: "TestOne", F: func(t *testing.T) {
		t.Run("sub", func(t *testing.T) { t.Log("logged") })
		t.Cleanup(func() { fmt.Println("cleaned up") })
	}}}
	fmt.Println(testing.RunTests(func(string, string) (bool, error) { return true, nil }, tests))
	fmt.Println(fstest.TestFS(fstest.MapFS{"a/b": {Data: []byte("x")}}, "a/b"))
}
