package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// blockingPipe makes a pipe whose reads and writes block in the system.
func blockingPipe() (r, w int) {
	var fds [2]int
	err := syscall.Pipe(fds[:])
	expect(err == nil, "pipe", err)
	return fds[0], fds[1]
}

func blockedCallsLetOthersRun([]string) {
	const readers = 5
	var done sync.WaitGroup
	pipes := [readers]int{}
	read := 0
	for i := range readers {
		r, w := blockingPipe()
		pipes[i] = w
		done.Go(func() {
			var buffer [8]byte
			n, err := syscall.Read(r, buffer[:])
			expect(n == 1 && err == nil && buffer[0] == byte(i), "read", n, err, buffer[0])
			read++
		})
	}
	for range 20 {
		time.Sleep(time.Millisecond)
	}
	expect(read == 0, "reads that ended early", read)
	for i, w := range pipes {
		syscall.Write(w, []byte{byte(i)})
	}
	done.Wait()
	expect(read == readers, "reads", read)
}

//go:noinline
func writeMany(w int, length int, value byte) {
	// Only the system call holds the buffer while it blocks.
	syscall.Write(w, bytes.Repeat([]byte{value}, length))
}

func buffersOfCallsStayAlive([]string) {
	const length = 300_000 // more than a pipe holds
	r, w := blockingPipe()
	go writeMany(w, length, 7)
	for range 20 {
		time.Sleep(time.Millisecond)
		runtime.GC()
		_ = bytes.Repeat([]byte{1}, length)
	}
	got := make([]byte, length)
	for at := 0; at < length; {
		n, err := syscall.Read(r, got[at:])
		expect(err == nil && n > 0, "read", n, err)
		at += n
	}
	expect(bytes.Count(got, []byte{7}) == length, "bytes that survived", bytes.Count(got, []byte{7}))
}

func exitBesideBlockedCall([]string) {
	r, _ := blockingPipe()
	go func() {
		time.Sleep(5 * time.Millisecond)
		os.Exit(7)
	}()
	syscall.Read(r, make([]byte, 1))
}

func showBlockedCall([]string) {
	r, _ := blockingPipe()
	go syscall.Read(r, make([]byte, 1))
	time.Sleep(20 * time.Millisecond)
	text := make([]byte, 1<<14)
	text = text[:runtime.Stack(text, true)]
	for _, wanted := range []string{"[syscall]:\n", "\nsyscall.Read(...)\n"} {
		expect(bytes.Contains(text, []byte(wanted)), "a trace without", wanted, string(text))
	}
}

func pipesWakeTheirReaders([]string) {
	const pairs, rounds = 20, 200
	var done sync.WaitGroup
	for range pairs {
		r1, w1, err := os.Pipe()
		expect(err == nil, "pipe", err)
		r2, w2, err := os.Pipe()
		expect(err == nil, "pipe", err)
		done.Go(func() {
			io.Copy(w2, r1)
			w2.Close()
		})
		done.Go(func() {
			var buffer [64]byte
			for i := range rounds {
				buffer[63] = byte(i)
				w1.Write(buffer[:])
				_, err := io.ReadFull(r2, buffer[:])
				expect(err == nil && buffer[63] == byte(i), "echo", err, buffer[63], i)
			}
			w1.Close()
			n, err := r2.Read(buffer[:])
			expect(n == 0 && err == io.EOF, "end", n, err)
		})
	}
	done.Wait()
}

func deadlinesEndWaiting([]string) {
	r, w, _ := os.Pipe()
	start := time.Now()
	expect(r.SetReadDeadline(start.Add(10*time.Millisecond)) == nil, "deadline")
	_, err := r.Read(make([]byte, 1))
	expect(errors.Is(err, os.ErrDeadlineExceeded), "error", err)
	expect(time.Since(start) >= 10*time.Millisecond, "early", time.Since(start))
	_, err = r.Read(make([]byte, 1))
	expect(errors.Is(err, os.ErrDeadlineExceeded), "error after the deadline", err)
	r.SetReadDeadline(time.Now().Add(time.Hour))
	go func() {
		time.Sleep(time.Millisecond)
		r.SetReadDeadline(time.Now().Add(-time.Second))
	}()
	_, err = r.Read(make([]byte, 1))
	expect(errors.Is(err, os.ErrDeadlineExceeded), "error of a deadline in the past", err)
	r.SetReadDeadline(time.Time{})
	w.SetWriteDeadline(time.Now().Add(5 * time.Millisecond))
	n, err := w.Write(make([]byte, 1<<20))
	expect(n > 0 && errors.Is(err, os.ErrDeadlineExceeded), "write", n, err)
	n, err = r.Read(make([]byte, 1))
	expect(n == 1 && err == nil, "read without a deadline", n, err)
}

func closingEndsWaiting([]string) {
	r, _, _ := os.Pipe()
	go func() {
		time.Sleep(time.Millisecond)
		r.Close()
	}()
	_, err := r.Read(make([]byte, 1))
	expect(errors.Is(err, os.ErrClosed), "error", err)
}
