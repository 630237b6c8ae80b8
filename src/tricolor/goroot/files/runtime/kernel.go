// Functions of the memory manager and the scheduler. They are written in the kernel language, have the symbols runtime.NAME, and
// run on the thread's stack unless they park. tricolor/goroot/externals.py describes each of them.

package runtime

import "unsafe"

// g is a goroutine. Only the kernel knows its fields.
type g struct{}

// Files of Go's runtime that we use unchanged mention m and hchan.
type (
	m     struct{}
	hchan struct{}
)

// Memory.

func mallocgc(size uintptr, typ *_type, needzero bool) unsafe.Pointer
func newobject(typ *_type) unsafe.Pointer
func newarray(typ *_type, n int) unsafe.Pointer
func growslice(old unsafe.Pointer, newLen, oldCap, num int, et *_type) slice

func typedmemmove(typ *_type, dst, src unsafe.Pointer)

//go:noescape
func typedmemclr(typ *_type, ptr unsafe.Pointer)

func typedslicecopy(typ *_type, dst unsafe.Pointer, dstLen int, src unsafe.Pointer, srcLen int) int

//go:noescape
func memmove(to, from unsafe.Pointer, n uintptr)

//go:noescape
func memclrNoHeapPointers(ptr unsafe.Pointer, n uintptr)

//go:noescape
func memequal(a, b unsafe.Pointer, n uintptr) bool

//go:noescape
func keepalive(p unsafe.Pointer)

func persistentalloc(size uintptr) unsafe.Pointer

// Profiles.

func setsamplebytes(rate int64)
func heaprecords() *stackRecord

//go:noescape
func goroutinestacks(into *uintptr, n int, labels *unsafe.Pointer, most int) (words, goroutines int)

func blockevent(ns int64, skip int)
func mutexevent(ns int64, skip int)
func setblockrate(ns int64)
func setmutexfraction(n int64)
func eventrecords(mutex bool) *stackRecord
func startcpuprofile(hz int, outside, system uintptr)
func stopcpuprofile()

//go:noescape
func readcpuprofile(into *uint64, n int) int

// Collector.

func gcnext() uint64
func gcstep(number uint64) bool
func gcscavenge()
func gcsetpercent(percent int32) int32
func gcsetlimit(bytes int64) int64
func gcbegindue()

//go:noescape
func gcstats(into *gcStats)

//go:noescape
func gcpauses(durations, ends *uint64, n int) int

//go:noescape
func timehistograms(pauses, latencies *uint64, n int)

func gcscannable() (heap, globals uint64)

//go:noescape
func gcsizes(into *sizeClass, n int)

func findobject(p unsafe.Pointer, size *uintptr) unsafe.Pointer
func setfinalizer(obj unsafe.Pointer, closure unsafe.Pointer) bool
func specialsleft() bool
func setpools(filled, victims *[]unsafe.Pointer)
func addcleanup(obj unsafe.Pointer, closure unsafe.Pointer) uint64

//go:noescape
func stopcleanup(obj unsafe.Pointer, id uint64)

//go:noescape
func nextfinalizer(obj *unsafe.Pointer, closure *unsafe.Pointer) int32

func weakhandle(obj unsafe.Pointer) unsafe.Pointer
func weakload(handle unsafe.Pointer) unsafe.Pointer

// Goroutines.

func getg() *g
func goid() uint64
func newproc(closure unsafe.Pointer)
func newsystemproc(closure unsafe.Pointer)
func newparkedproc(closure unsafe.Pointer) *g
func gosched()

//go:noescape
func gopark(unlock *uint32, reason uint8)

//go:noescape
func gosleep(unlock *uint32, when int64, reason uint8) bool

func goready(gp *g)
func goexit0()
func bubblerelease(b *bubble)
func showbubble(b *bubble)
func gcount() int32
func gomaxprocs(n, by int32) int32
func setlimitshelper(closure unsafe.Pointer)
func waitforlimits()
func ncpu() int32
func lockthread()
func unlockthread()
func procpin() int32
func forkbegin()
func forkend()
func forkchild()
func procunpin()
func canspin() bool
func procyield()
func stopworld() bool
func startworld()

// Locks. A word that is zero is a free lock. The holder is not preempted. It must not park, except through gopark or gosleep
// with this lock.

//go:noescape
func lock(word *uint32, rank uint64)

//go:noescape
func unlock(word *uint32)

// Strings.

func decoderune(s string, at uint) (r rune, next uint)

// Channels.

func makechan(typ *_type, size int) *hchan
func chansend1(c *hchan, elem unsafe.Pointer)
func chanrecv2(c *hchan, elem unsafe.Pointer) bool
func selectnbsend(c *hchan, elem unsafe.Pointer) bool
func selectnbrecv(elem unsafe.Pointer, c *hchan) (selected, received bool)
func selectgo(cases *scase, order *uint16, nsends, nrecvs int, block bool) (int, bool)
func closechan(c *hchan)
func chanlen(c *hchan) int
func chancap(c *hchan) int
func chantimer(c *hchan, t *timeTimer)
func block()

// Panics. setresume saves the registers of a function that defers, resume restores them and does not return. recovertoken and
// settoken pass on the token for recover.

func resume(frame *deferFrame)
func setpaniconfault(on bool) bool
func recovertoken() unsafe.Pointer
func settoken(token unsafe.Pointer)

// Stacks.

func setmaxstack(bytes uintptr) uintptr

// Signals.

func diefromsignal(sig uint32)
func signalenable(sig uint32)
func signaldisable(sig uint32)
func signalignore(sig uint32)
func signalignored(sig uint32) bool
func signalnote(sig uint32) bool
func signalspending() uint64
func signalstake() uint64

// Stacks and symbols.

//go:noescape
func callers(skip int, pcs *uintptr, n int) int

// crash shows goroutines, as GOTRACEBACK says, and ends the program. begincrash is called before the reason is printed.
func begincrash()
func crash(throws bool)
func settracelevel(setting uint32)
func setcrashdescriptor(fd int) int

//go:noescape
func tracebackstring(all bool, buf *byte, n int) int

//go:noescape
func symbolize(pc uintptr, into *pcSymbol) bool

// Descriptors. word is that of a direction in a pollDescriptor.

func pollinit() bool
func pollopen(fd uintptr, pd *pollDescriptor) int32
func pollclose(fd uintptr)
func pollpark(word *uintptr)
func pollunpark(word *uintptr)

// Time and the system.

func nanotime() int64
func walltime() (sec int64, nsec int32)

//go:noescape
func writeerror(p unsafe.Pointer, n int32) int32

//go:noescape
func write1(fd uintptr, p unsafe.Pointer, n int32) int32

func exit(code int32) // does not return

//go:noescape
func fillrandom(p unsafe.Pointer, n int) bool

func argc() int32
func argv() **byte
func environ() **byte
