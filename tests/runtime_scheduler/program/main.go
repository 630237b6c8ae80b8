// Program runs one case of the scheduler's tests: its name is the first argument.
//
// A case that finds a fault says so and exits with status 1.
package main

import (
	"fmt"
	"os"
)

var cases = map[string]func(arguments []string){
	"in-order":  valuesArriveInOrder,
	"pointers":  pointersSurvive,
	"select":    selectChoosesFairly,
	"refuse":    operationsAreRefused,
	"misuse":    misuse,
	"many":      manyGoroutines,
	"sleep":     sleepersWakeInOrder,
	"busy":      busyGoroutineIsPreempted,
	"block":     blockForEver,
	"fault":     fault,
	"exit":      exitFromAnother,
	"deep":      deepRecursion,
	"arguments": argumentsSurvive,
	"large":     largeFrames,
	"overflow":  overflow,
	"max-stack": overflowLimit,
	"recover":   recoverFromDeeper,
	"released":  memoryGoesBack,
	"periodic":  cyclesBeginByTime,
	"stuck":     blockWithHelpers,
	"shrink":    unusedStacksAreFreed,
	"start":     stacksBeginAsLargeAsOthers,
	"boundary":  aBoundaryNeedsNoNewMemory,
	"calls":     blockedCallsLetOthersRun,
	"buffers":   buffersOfCallsStayAlive,
	"exit-call": exitBesideBlockedCall,
	"pipes":     pipesWakeTheirReaders,
	"deadlines": deadlinesEndWaiting,
	"closing":   closingEndsWaiting,
	"in-call":   showBlockedCall,
	"spin":      otherGoroutinesRunBesideLoops,
	"unstopped": loopsAreNotStopped,
	"collect":   otherGoroutinesRunBesideCollections,
	"registers": registersSurvive,
	"urgent":    urgentSignalsArrive,
	"quit":      spinForEver,
	"asleep":    sleepForEver,
	"noticed":   quitIsNoticed,
	"together":  goroutinesRunTogether,
	"resize":    processorsComeAndGo,
	"mixture":   goroutinesMix,
	"forest":    treesGrowTogether,
	"locked":    lockedGoroutinesKeepTheirThreads,
	"lock-dead": lockedGoroutineWaitsForEver,
}

func main() {
	cases[os.Args[1]](os.Args[2:])
}

// expect ends the program unless the condition holds.
func expect(ok bool, what string, values ...any) {
	if !ok {
		fmt.Println(append([]any{"wrong:", what}, values...)...)
		os.Exit(1)
	}
}
