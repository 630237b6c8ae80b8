// Prints GOMAXPROCS while another process changes on which processors this one may run.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
)

func main() {
	go func() {
		for {
			time.Sleep(time.Millisecond)
		}
	}()
	fmt.Println(runtime.GOMAXPROCS(0))
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		switch command := lines.Text(); command {
		case "set":
			runtime.GOMAXPROCS(3)
		case "default":
			runtime.SetDefaultGOMAXPROCS()
		case "stay":
			time.Sleep(2500 * time.Millisecond)
		default:
			wanted, _ := strconv.Atoi(command)
			for end := time.Now().Add(time.Minute); runtime.GOMAXPROCS(0) != wanted && time.Now().Before(end); {
				time.Sleep(10 * time.Millisecond)
			}
		}
		fmt.Println(runtime.GOMAXPROCS(0))
	}
}
