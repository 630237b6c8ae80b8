// Arguments, environment, and the settings of the environment variable GODEBUG.

package runtime

import (
	"internal/goarch"
	"internal/runtime/atomic"
	"internal/runtime/syscall/linux"
	"unsafe"
)

var (
	arguments   []string
	environment []string
)

func cstrings(list **byte, n int) []string {
	if list == nil {
		return nil
	}
	var out []string
	for i := 0; n < 0 || i < n; i++ {
		p := *(**byte)(add(unsafe.Pointer(list), uintptr(i)*goarch.PtrSize))
		if p == nil {
			break
		}
		out = append(out, gostring(p))
	}
	return out
}

func gostring(p *byte) string {
	n := 0
	for *(*byte)(add(unsafe.Pointer(p), uintptr(n))) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}

func readArguments() {
	arguments = cstrings(argv(), int(argc()))
	environment = cstrings(environ(), -1)
}

//go:linkname os_runtime_args os.runtime_args
func os_runtime_args() []string { return append([]string{}, arguments...) }

//go:linkname syscall_runtime_envs syscall.runtime_envs
func syscall_runtime_envs() []string { return append([]string{}, environment...) }

//go:linkname syscall_Getpagesize syscall.Getpagesize
func syscall_Getpagesize() int { return 4096 }

func gogetenv(key string) string {
	for _, s := range environment {
		if len(s) > len(key) && s[len(key)] == '=' && s[:len(key)] == key {
			return s[len(key)+1:]
		}
	}
	return ""
}

func atoi(s string) (int, bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = 10*n + int(s[i]-'0')
	}
	return n, true
}

// godebugDefault has the settings that the program itself makes, by //go:debug, by go.mod, and by the version of Go that go.mod names.
//
//go:linkname godebugDefault tricolor.godebug_default
var godebugDefault string

var (
	godebug       atomic.Pointer[string]
	debugPanicnil atomic.Int32
	godebugUpdate atomic.Pointer[func(string, string)]
)

// readSettings reads GODEBUG and GOTRACEBACK. The kernel reads GOGC, GOMEMLIMIT and GOMAXPROCS when it starts.
func readSettings() {
	setGodebug(gogetenv("GODEBUG"))
	traceAtStart = setTraceback(gogetenv("GOTRACEBACK"))
}

// traceAtStart is the setting of the environment. A program can only add to it.
var traceAtStart uint32

const (
	traceAborts = 1 << iota
	traceAll
	traceLevel // times the level
)

// setTraceback sets what the program shows when an error ends it, and returns the setting. A level that is no word is a number.
func setTraceback(level string) uint32 {
	setting := traceAtStart
	switch level {
	case "none":
	case "single", "":
		setting |= traceLevel
	case "all":
		setting |= traceLevel | traceAll
	case "system":
		setting |= 2*traceLevel | traceAll
	case "crash":
		setting |= 2*traceLevel | traceAll | traceAborts
	default:
		setting |= traceAll
		if n, ok := atoi(level); ok && n == int(uint32(n)) {
			setting |= uint32(n) * traceLevel
		}
	}
	settracelevel(setting)
	return setting
}

// debugNumber returns the value of a GODEBUG setting that is a number. The environment goes before the program.
func debugNumber(key string) (int, bool) {
	if n, ok := lastNumber(*godebug.Load(), key); ok {
		return n, true
	}
	return lastNumber(godebugDefault, key)
}

// lastNumber returns the value of the last setting for key in a list that is a number.
func lastNumber(settings, key string) (value int, found bool) {
	for rest := settings; rest != ""; {
		end := 0
		for end < len(rest) && rest[end] != ',' {
			end++
		}
		if end > len(key) && rest[len(key)] == '=' && rest[:len(key)] == key {
			if n, ok := atoi(rest[len(key)+1 : end]); ok {
				value, found = n, true
			}
		}
		rest = rest[min(end+1, len(rest)):]
	}
	return value, found
}

func setGodebug(value string) {
	godebug.Store(&value)
	panicnil, _ := debugNumber("panicnil") // read here, since a panic must not parse
	debugPanicnil.Store(int32(panicnil))
	if update := godebugUpdate.Load(); update != nil {
		(*update)(godebugDefault, value)
	}
}

//go:linkname godebug_setUpdate internal/godebug.setUpdate
func godebug_setUpdate(update func(string, string)) {
	godebugUpdate.Store(&update)
	update(godebugDefault, *godebug.Load())
}

//go:linkname godebug_setNewIncNonDefault internal/godebug.setNewIncNonDefault
func godebug_setNewIncNonDefault(func(string) func()) {}

//go:linkname godebug_registerMetric internal/godebug.registerMetric
func godebug_registerMetric(name string, read func() uint64) {
	lock(&godebugLock, rankTables)
	godebugMetrics = append(godebugMetrics, godebugMetric{name, read})
	unlock(&godebugLock)
}

type godebugMetric struct {
	name string
	read func() uint64
}

var (
	godebugLock    uint32
	godebugMetrics []godebugMetric
)

//go:linkname syscall_runtimeSetenv syscall.runtimeSetenv
func syscall_runtimeSetenv(key, value string) {
	if key == "GODEBUG" {
		setGodebug(value)
	}
}

//go:linkname syscall_runtimeUnsetenv syscall.runtimeUnsetenv
func syscall_runtimeUnsetenv(key string) {
	if key == "GODEBUG" {
		setGodebug("")
	}
}

//go:linkname syscall_runtimeClearenv syscall.runtimeClearenv
func syscall_runtimeClearenv(env map[string]int) {
	if _, ok := env["GODEBUG"]; ok {
		setGodebug("")
	}
}

func fcntl(fd, cmd, arg int32) (ret, errno int32) {
	r, _, e := linux.Syscall6(linux.SYS_FCNTL, uintptr(fd), uintptr(cmd), uintptr(arg), 0, 0, 0)
	if e != 0 {
		return -1, int32(e)
	}
	return int32(r), 0
}

// buildVersion is the version of the standard library. overlay.py writes builtWith.
var buildVersion = builtWith
