// Counts what each test allocates, for tricolor test -allocs: a test binary calls countAllocs from MainStart.

package testing

import (
	"fmt"
	"os"
	"runtime"
)

// countAllocs returns tests that write "NAME OBJECTS BYTES" to the file that the environment names when they have ended; without such a
// file it returns the tests themselves. Subtests count as part of their test; parallel ones run when its function has returned.
func countAllocs(tests []InternalTest) []InternalTest {
	path := os.Getenv("TRICOLOR_TEST_ALLOCS")
	if path == "" {
		return tests
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		fmt.Fprintf(os.Stderr, "testing: %v\n", err)
		os.Exit(2)
	}
	var counted []InternalTest
	for _, test := range tests {
		counted = append(counted, InternalTest{test.Name, func(t *T) {
			var before, after runtime.MemStats
			// Cleanups run when the parallel subtests have ended, this one last.
			t.Cleanup(func() {
				if after.Sys == 0 {
					runtime.ReadMemStats(&after)
				}
				fmt.Fprintf(out, "%s %d %d\n", test.Name, after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc)
			})
			defer func() {
				if len(t.sub) == 0 {
					runtime.ReadMemStats(&after)
				}
			}()
			runtime.ReadMemStats(&before)
			test.F(t)
		}})
	}
	return counted
}
