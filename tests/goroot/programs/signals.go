// Signals reach the channels that Notify registers for them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func kill(s syscall.Signal) {
	if err := syscall.Kill(os.Getpid(), s); err != nil {
		panic(err)
	}
}

func main() {
	c := make(chan os.Signal, 4)
	signal.Notify(c, syscall.SIGUSR1, os.Interrupt)
	kill(syscall.SIGUSR1)
	fmt.Println(<-c)
	kill(syscall.SIGINT)
	fmt.Println(<-c)
	signal.Ignore(syscall.SIGUSR2)
	kill(syscall.SIGUSR2)
	fmt.Println(signal.Ignored(syscall.SIGUSR2), signal.Ignored(syscall.SIGUSR1))
	d := make(chan os.Signal, 1)
	signal.Notify(d)
	kill(syscall.SIGHUP)
	fmt.Println(<-d)
	signal.Stop(d)
	signal.Stop(c)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	go func() {
		time.Sleep(5 * time.Millisecond)
		kill(syscall.SIGTERM)
	}()
	<-ctx.Done()
	fmt.Println(ctx.Err(), context.Cause(ctx))
	stop()
	select {
	case s := <-c:
		fmt.Println("late", s)
	case <-time.After(20 * time.Millisecond):
	}
	signal.Reset()
	kill(syscall.SIGTERM)
	time.Sleep(time.Second)
	fmt.Println("not reached")
}
