// One use of each package that must work.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"container/list"
	"container/ring"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/adler32"
	"hash/crc32"
	"hash/crc64"
	"hash/fnv"
	"io"
	"io/fs"
	"log"
	"maps"
	"math"
	"math/big"
	"math/bits"
	"math/cmplx"
	"math/rand"
	randv2 "math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"text/tabwriter"
	"text/template"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

type ints []int

func (h ints) Len() int           { return len(h) }
func (h ints) Less(i, j int) bool { return h[i] < h[j] }
func (h ints) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *ints) Push(x any)        { *h = append(*h, x.(int)) }
func (h *ints) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

type person struct {
	Name   string             `json:"name"`
	Age    int                `json:"age,omitempty"`
	Tags   []string           `json:"tags"`
	Extra  map[string]any     `json:"extra,omitempty"`
	Friend *person            `json:"friend,omitempty"`
	When   time.Time          `json:"when"`
	Scores map[string]float64 `json:"scores"`
}

func texts() {
	fmt.Println(strings.Fields(" a b  c "), strings.Split("a,b,c", ","), strings.ToUpper("grüße"), strings.Repeat("ab", 3))
	fmt.Println(strings.NewReplacer("a", "1", "b", "2").Replace("cabbage"), strings.EqualFold("Straße", "STRASSE"))
	fmt.Println(strings.Index("chicken", "ken"), strings.LastIndexByte("go gopher", 'o'), strings.Count("cheese", "e"))
	long := strings.Repeat("x", 1000) + "needle" + strings.Repeat("y", 77)
	fmt.Println(strings.Index(long, "needle"), strings.Contains(long, "needles"), strings.Count(long, "y"), strings.IndexByte(long, 'n'))
	fmt.Println(bytes.TrimSpace([]byte("  x ")), bytes.Compare([]byte("abcdefghij"), []byte("abcdefghik")), "abcdefghij" < "abcdefghi")
	fmt.Println(strconv.Itoa(-45), strconv.Quote("hi\n☺\x00"), strconv.FormatFloat(1.0/3, 'g', -1, 32), strconv.FormatInt(255, 2))
	_, err := strconv.Atoi("12x")
	fmt.Println(err, errors.Is(err, strconv.ErrSyntax))
	f, _ := strconv.ParseFloat("6.02214076e23", 64)
	fmt.Println(f, float32(0.1), 1e21, 1e20, math.MaxInt64, -0.0, math.Inf(-1), math.NaN())
	fmt.Printf("%5d|%-5s|%05.1f|%x|%q|%v|%+v|%T|%#v|%8.3e|%t|%c|%U|%p\n", 42, "ab", 3.14159, "hex", 'x', []string{"a"}, struct{ A, B int }{1, 2}, 3i, map[string]int{"z": 1}, 12345.678, true, '世', '世', nil)
	fmt.Printf("%z|%d %s|%d\n", 1, "notint", 5)
	var a, b int
	n, err := fmt.Sscanf("10-20", "%d-%d", &a, &b)
	fmt.Println(n, err, a, b)
	fmt.Println(unicode.IsUpper('Ä'), unicode.In('世', unicode.Han), utf8.RuneCountInString("héllo"), utf8.ValidString("a\xffb"), utf16.Encode([]rune("😀")))
	for i, r := range "aé\xff世" {
		fmt.Print(i, ":", string(r), " ")
	}
	fmt.Println()
	re := regexp.MustCompile(`(?i)(\w+)@(\w+)\.com`)
	fmt.Println(re.FindAllStringSubmatch("bob@example.com, Eve@Test.COM", -1), re.ReplaceAllString("x@y.com", "$2 at $1"))
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', tabwriter.AlignRight|tabwriter.Debug)
	fmt.Fprintln(w, "a\tbbb\tc")
	fmt.Fprintln(w, "aaaa\tb\tccccc")
	w.Flush()
	t := template.Must(template.New("t").Funcs(template.FuncMap{"up": strings.ToUpper}).Parse("{{range $i, $p := .}}{{$i}}: {{$p.Name | up | printf \"%-6s\"}}{{if gt $p.Age 30}} old{{end}}\n{{end}}"))
	if err := t.Execute(os.Stdout, []person{{Name: "Ann", Age: 25}, {Name: "Bob", Age: 35}}); err != nil {
		fmt.Println(err)
	}
}

func numbers() {
	fmt.Println(math.Sqrt(2), math.Sin(1), math.Exp(1.5), math.Log(10), math.Pow(2, 0.5), math.Floor(-1.5), math.Round(2.5), math.Hypot(3, 4), math.Mod(7, -3), math.Cbrt(27), math.Gamma(5))
	fmt.Println(math.Min(-0.0, 0), math.Max(math.NaN(), 1), math.Trunc(-2.7), math.Ceil(1.1), math.FMA(2, 3, 4), math.Atan2(1, -1), math.Tanh(0.5))
	fmt.Println(bits.Len(255), bits.OnesCount(255), bits.Reverse8(1), bits.TrailingZeros(8), bits.RotateLeft32(1, 31))
	hi, lo := bits.Mul64(1<<63, 6)
	q, r := bits.Div64(1, 0, 3)
	fmt.Println(hi, lo, q, r)
	x, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	y := new(big.Int).Exp(big.NewInt(3), big.NewInt(200), nil)
	fmt.Println(new(big.Int).Mul(x, y), new(big.Int).Mod(y, x), x.Cmp(y), new(big.Int).GCD(nil, nil, big.NewInt(48), big.NewInt(36)))
	fmt.Println(new(big.Rat).SetFrac64(10, 4), new(big.Float).SetPrec(100).Quo(big.NewFloat(1), big.NewFloat(3)))
	fmt.Println(big.NewInt(1000003).ProbablyPrime(10), new(big.Int).Sqrt(x))
	fmt.Println(cmplx.Sqrt(-1), cmplx.Abs(3+4i), (1+2i)*(3-1i), (1+2i)/(3-1i))
	rng := rand.New(rand.NewSource(1))
	fmt.Println(rng.Intn(100), rng.Perm(5), rng.Float64())
	pcg := randv2.New(randv2.NewPCG(1, 2))
	cha := randv2.New(randv2.NewChaCha8([32]byte{1}))
	fmt.Println(pcg.IntN(1000), cha.Uint64(), randv2.N(10) < 10)
}

func containers() {
	h := &ints{5, 2, 8}
	heap.Init(h)
	heap.Push(h, 1)
	fmt.Println(heap.Pop(h), heap.Pop(h))
	l := list.New()
	l.PushBack(1)
	l.PushFront(0)
	for e := l.Front(); e != nil; e = e.Next() {
		fmt.Print(e.Value, " ")
	}
	r := ring.New(3)
	fmt.Println(r.Len())
	s := []string{"pear", "fig", "apple"}
	slices.SortFunc(s, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	fmt.Println(s, slices.Index(s, "fig"), slices.Max([]int{1, 9, 3}), slices.Contains(s, "x"))
	m := map[string]int{"a": 1, "b": 2, "c": 3}
	fmt.Println(slices.Sorted(maps.Keys(m)), len(maps.Clone(m)), slices.Collect(maps.Values(map[int]int{1: 2})))
	people := []person{{Name: "A", Age: 3}, {Name: "B", Age: 1}, {Name: "C", Age: 2}}
	sort.Slice(people, func(i, j int) bool { return people[i].Age < people[j].Age })
	fmt.Println(people[0].Name, people[2].Name, sort.SearchInts([]int{1, 3, 5}, 4))
	for chunk := range slices.Chunk([]int{1, 2, 3, 4, 5}, 2) {
		fmt.Print(chunk)
	}
	fmt.Println()
}

func encodings() {
	p := person{Name: "Zoë <&>", Age: 7, Tags: []string{"x"}, Extra: map[string]any{"n": 1.5, "b": nil, "a": []any{true}}, Friend: &person{Name: "F"}, When: time.Date(2024, 2, 29, 12, 30, 0, 5, time.UTC), Scores: map[string]float64{"q": 1e21, "p": 0.1}}
	text, err := json.Marshal(p)
	fmt.Println(string(text), err)
	var back person
	fmt.Println(json.Unmarshal(text, &back), back.Friend.Name, back.Extra, back.When.Equal(p.When))
	indented, _ := json.MarshalIndent(map[string]any{"k": []int{1, 2}, "e": map[string]int{}}, "", "  ")
	fmt.Println(string(indented))
	var bad struct{ A int }
	fmt.Println(json.Unmarshal([]byte(`{"A": "x"}`), &bad))
	fmt.Println(json.Unmarshal([]byte(`{"A": 1,}`), &bad))
	fmt.Println(hex.EncodeToString([]byte("go")), base64.StdEncoding.EncodeToString([]byte("any carnal pleas")))
	buf := binary.BigEndian.AppendUint32(nil, 0xdeadbeef)
	var fixed struct {
		A uint16
		B [2]int8
	}
	err = binary.Read(bytes.NewReader([]byte{1, 2, 3, 0xff}), binary.LittleEndian, &fixed)
	fmt.Println(buf, fixed, err)
	fmt.Printf("%x\n%x\n", md5.Sum([]byte("hello")), sha256.Sum256([]byte("hello")))
	big := bytes.Repeat([]byte("0123456789"), 1000)
	h := fnv.New64a()
	h.Write(big)
	fmt.Println(crc32.ChecksumIEEE(big), crc32.Checksum(big, crc32.MakeTable(crc32.Castagnoli)), crc64.Checksum(big, crc64.MakeTable(crc64.ISO)), adler32.Checksum(big), h.Sum64())
	fmt.Printf("%x\n", sha256.Sum256(big))
}

func files() {
	dir, err := os.MkdirTemp("", "library")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "sub", "file.txt")
	fmt.Println(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte("one\ntwo\nthree\n"), 0o644))
	file, err := os.Open(name)
	fmt.Println(err)
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		fmt.Print(scanner.Text(), ";")
	}
	fmt.Println(file.Close(), file.Close() != nil)
	info, err := os.Stat(name)
	fmt.Println(info.Size(), info.Mode(), info.IsDir(), err)
	_, err = os.Open(filepath.Join(dir, "missing"))
	fmt.Println(errors.Is(err, fs.ErrNotExist), strings.HasSuffix(err.Error(), "no such file or directory"))
	filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, p)
		fmt.Print(rel, d.IsDir(), " ")
		return err
	})
	fmt.Println(path.Join("a", "../b", "c"), filepath.Ext(name), path.Base("/x/y.go"))
	fmt.Println(os.Rename(name, name+".bak"), os.Setenv("LIBRARY_TEST", "v"), os.Getenv("LIBRARY_TEST"), os.ExpandEnv("$LIBRARY_TEST!"))
	r, w, _ := os.Pipe()
	go func() {
		fmt.Fprint(w, "through a pipe")
		w.Close()
	}()
	all, err := io.ReadAll(r)
	fmt.Println(string(all), err)
	set := flag.NewFlagSet("x", flag.ContinueOnError)
	count := set.Int("n", 1, "how `many`")
	fmt.Println(set.Parse([]string{"-n=5", "rest"}), *count, set.Args())
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	log.SetPrefix("log: ")
	log.Println("line")
}

func times() {
	t := time.Date(2023, time.December, 31, 23, 59, 59, 123456789, time.UTC)
	fmt.Println(t.Format(time.RFC3339Nano), t.Weekday(), t.YearDay(), t.Add(time.Second).Year(), t.Unix())
	zone, err := time.LoadLocation("America/New_York")
	if err == nil {
		fmt.Println(t.In(zone).Format(time.RFC1123Z))
	}
	parsed, err := time.Parse("2006-01-02 15:04", "2020-02-30 10:00")
	fmt.Println(parsed, err)
	d, _ := time.ParseDuration("1h15m30.918s")
	fmt.Println(d, d.Round(time.Minute), d.Seconds(), t.Sub(t.AddDate(0, -1, 0)), t.Truncate(24*time.Hour))
}

func main() {
	texts()
	numbers()
	containers()
	encodings()
	files()
	times()
}
