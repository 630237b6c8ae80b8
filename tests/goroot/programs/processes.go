// Other processes: output, input, environment, exit status, signals, faults before the program runs, many at once.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

func simple() {
	out, err := exec.Command("echo", "hello", "there").Output()
	fmt.Printf("%q %v\n", out, err)
	command := exec.Command("tr", "a-z", "A-Z")
	command.Stdin = strings.NewReader("through a pipe")
	out, err = command.CombinedOutput()
	fmt.Printf("%q %v\n", out, err)
	command = exec.Command("sh", "-c", "echo $A; pwd; echo wrong >&2; exit 3")
	command.Env = []string{"A=b"}
	command.Dir = "/"
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err = command.Output()
	var exit *exec.ExitError
	fmt.Printf("%q %q %v %v\n", out, stderr.String(), err, errors.As(err, &exit) && exit.ExitCode() == 3)
}

func faults() {
	fmt.Println(exec.Command("/no/such/program").Run())
	_, err := exec.LookPath("no-such-program")
	fmt.Println(errors.Is(err, exec.ErrNotFound))
	fmt.Println(exec.Command("/").Run())
	command := exec.Command("true")
	command.Dir = "/no/such/folder"
	fmt.Println(errors.Is(command.Run(), fs.ErrNotExist))
}

func signals() {
	command := exec.Command("sleep", "100")
	fmt.Println(command.Start())
	command.Process.Signal(syscall.SIGTERM)
	fmt.Println(command.Wait())
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	fmt.Println(exec.CommandContext(ctx, "sleep", "100").Run())
	// A child starts with default actions, except for signals that are ignored.
	notices := make(chan os.Signal, 1)
	signal.Notify(notices, syscall.SIGUSR1)
	signal.Ignore(syscall.SIGUSR2)
	fmt.Println(exec.Command("sh", "-c", "kill -USR2 $$; echo alive; kill -USR1 $$").Run())
	signal.Reset()
	out, err := exec.Command("sh", "-c", "grep -E 'Sig(Blk|Cgt)' /proc/self/status").Output()
	fmt.Printf("%s%v\n", out, err)
}

func pipes() {
	command := exec.Command("cat")
	in, _ := command.StdinPipe()
	out, _ := command.StdoutPipe()
	fmt.Println(command.Start())
	go func() {
		for range 1000 {
			io.WriteString(in, strings.Repeat("x", 1000))
		}
		in.Close()
	}()
	all, err := io.ReadAll(out)
	fmt.Println(len(all), err, command.Wait())
	r, w, _ := os.Pipe()
	command = exec.Command("sh", "-c", "echo to the third >&3")
	command.ExtraFiles = []*os.File{w}
	fmt.Println(command.Run())
	w.Close()
	all, err = io.ReadAll(r)
	fmt.Printf("%q %v\n", all, err)
}

// garbage allocates while others fork.
func garbage(stop *bool, lock *sync.Mutex) {
	var kept [][]byte
	for i := 0; ; i++ {
		lock.Lock()
		done := *stop
		lock.Unlock()
		if done {
			return
		}
		kept = append(kept, make([]byte, 1000))
		if i%1000 == 0 {
			kept = nil
		}
	}
}

func many() {
	var stop bool
	var lock sync.Mutex
	var busy, all sync.WaitGroup
	for range 2 {
		busy.Go(func() { garbage(&stop, &lock) })
	}
	for i := range 20 {
		all.Go(func() {
			out, err := exec.Command("echo", fmt.Sprint(i)).Output()
			if err != nil || strings.TrimSpace(string(out)) != fmt.Sprint(i) {
				fmt.Println("wrong", i, string(out), err)
			}
		})
	}
	all.Wait()
	lock.Lock()
	stop = true
	lock.Unlock()
	busy.Wait()
}

func main() {
	simple()
	faults()
	signals()
	pipes()
	many()
	state, err := os.StartProcess("/bin/sh", []string{"sh", "-c", "exit 7"}, &os.ProcAttr{})
	if err == nil {
		ended, err := state.Wait()
		fmt.Println(ended, err)
	}
	fmt.Println(syscall.Exec("/bin/echo", []string{"echo", "instead"}, []string{"KEEP=1"}))
}
