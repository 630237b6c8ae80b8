// Sockets on the loopback device: TCP, UDP, Unix; deadlines, closing, many connections at once.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

func echo(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			fmt.Println("accept ended:", errors.Is(err, net.ErrClosed))
			return
		}
		go func() {
			io.Copy(c, c)
			c.Close()
		}()
	}
}

func talk(network, address string, lines int) {
	c, err := net.Dial(network, address)
	if err != nil {
		fmt.Println("dial", err)
		return
	}
	defer c.Close()
	in := bufio.NewReader(c)
	for i := range lines {
		fmt.Fprintf(c, "line %d\n", i)
		got, err := in.ReadString('\n')
		if err != nil || got != fmt.Sprintf("line %d\n", i) {
			fmt.Println("wrong", got, err)
		}
	}
}

func connections() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println("listen", err)
	var ended, done sync.WaitGroup
	ended.Go(func() { echo(l) })
	for range 20 {
		done.Go(func() { talk("tcp", l.Addr().String(), 50) })
	}
	done.Wait()
	l.Close()
	ended.Wait()
	_, err = net.Dial("tcp", l.Addr().String())
	fmt.Println("refused:", err != nil)
}

func deadlines() {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	defer l.Close()
	go func() {
		c, _ := l.Accept()
		time.Sleep(50 * time.Millisecond)
		c.Write([]byte("late"))
		c.Close()
	}()
	c, _ := net.Dial("tcp", l.Addr().String())
	c.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
	_, err := c.Read(make([]byte, 10))
	fmt.Println("deadline:", errors.Is(err, os.ErrDeadlineExceeded))
	c.SetReadDeadline(time.Time{})
	all, err := io.ReadAll(c)
	fmt.Println(string(all), err)
}

func datagrams() {
	a, err := net.ListenPacket("udp", "127.0.0.1:0")
	fmt.Println("packets", err)
	go func() {
		var buffer [100]byte
		for {
			n, from, err := a.ReadFrom(buffer[:])
			if err != nil {
				return
			}
			a.WriteTo(append([]byte("re: "), buffer[:n]...), from)
		}
	}()
	b, _ := net.Dial("udp", a.LocalAddr().String())
	b.Write([]byte("hello"))
	var buffer [100]byte
	n, err := b.Read(buffer[:])
	fmt.Println(string(buffer[:n]), err)
	a.Close()
}

func local() {
	folder, _ := os.MkdirTemp("", "socket")
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "s")
	l, err := net.Listen("unix", path)
	fmt.Println("unix", err)
	var ended sync.WaitGroup
	ended.Go(func() { echo(l) })
	talk("unix", path, 10)
	l.Close()
	ended.Wait()
}

func main() {
	connections()
	deadlines()
	datagrams()
	local()
	r, w := net.Pipe()
	go func() { w.Write([]byte("pipe")); w.Close() }()
	all, err := io.ReadAll(r)
	fmt.Println(string(all), err)
	host, port, err := net.SplitHostPort("[::1]:80")
	fmt.Println(host, port, err)
}
